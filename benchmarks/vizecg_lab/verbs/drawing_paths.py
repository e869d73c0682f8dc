"""``drawing-paths``: torch's pictures beside OpenCV's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import AcceleratorOption, FiguresOption, RootOption, SeedOption, TrainThreadsOption
from vizecg_lab.verbs.options import AllWorkersOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which records are drawn where."""

    count: Annotated[
        int, typer.Option("-n", "--count", min=1, help="Sheets, and photographs, that both paths draw.")
    ] = 200
    data: Annotated[str, typer.Option(help="synthetic, or ptbxl:FOLDER and the like.")] = "synthetic"
    root: RootOption = None
    accelerator: AcceleratorOption = "auto"
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Pictures of a parcel when speed is measured. Default: 128, on a CPU 8.")
    ] = None
    workers: AllWorkersOption = None
    threads: TrainThreadsOption = None
    seed: SeedOption = 0
    figures: FiguresOption = None


@takes(Options)
def drawing_paths(options: Options) -> None:
    """Pictures drawn by torch on a device and by OpenCV: how far apart, how fast (exit code 4: too far)."""
    from vizecg.data.registry import SourceRequest, build_source
    from vizecg_lab.drawing.command import run_drawing_paths

    request = SourceRequest(root=options.root, split="val", seed=options.seed, size=options.count)
    run_drawing_paths(
        build_source(options.data, request), n=options.count, device=options.accelerator, batch=options.batch_size,
        workers=options.workers, threads=options.threads, seed=options.seed, out=options.figures,
    )  # fmt: skip
