"""``vizecg-edge watch``: answer every image that is put into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg_edge.backends.kinds import BackendKind


def watch_command(
    folder: Annotated[Path, typer.Argument(help="Folder that images and PDFs are put into.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder of the answers; default: beside the images.")] = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the folder.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Answer what is there, then end.")] = False,
    bundle: Annotated[Path | None, typer.Option(help="Bundle of the model; default: the shipped one.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Computation threads; 0: one per core.")] = 0,
    backend: Annotated[BackendKind, typer.Option(help="Engine; auto takes the best here.")] = BackendKind.AUTO,
    artefact: Annotated[str | None, typer.Option(help="Name of an artefact; default: the engine's best.")] = None,
) -> None:
    """Write NAME.EXT.json for every image NAME.EXT: one answer, or a list of them for several pages.

    It goes on until Ctrl-C. What is answered already is skipped, until the image or the bundle changes.
    """
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.printing import say
    from vizecg_edge.process import use_threads
    from vizecg_edge.watch import FolderWatch

    for place in (folder, out):
        if place is not None and not place.is_dir():
            raise UsageError(f"{place} is not a folder")
    with Interrupt() as interrupt:
        pipeline = Pipeline(bundle=bundle, threads=threads, backend=backend, artefact=artefact)
        use_threads(threads)
        watch = FolderWatch(pipeline=pipeline, folder=folder, out=out or folder, say=say)
        say(f"watching {folder} with {pipeline.bundle_id.backend_reason}; Ctrl-C ends it")
        watch.run(interrupt, interval_s=interval, once=once)
    say(f"{watch.answered} answered, {watch.refused} refused, {watch.known} answered before")
