"""``gpu-run`` and ``drawing-paths``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def add_gpu_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command(name="gpu-run")(gpu_run)
    app.command(name="drawing-paths")(drawing_paths)


WorkersOption = Annotated[int | None, typer.Option(min=0, help="Processes that draw and load. Default: one a core.")]


def gpu_run(
    minutes: Annotated[float, typer.Option(help="For all steps together, from the start of this command.")],
    budget_mib: Annotated[float, typer.Option(help="What code and records may weigh, as they must be brought along.")],
    max_file_mib: Annotated[float, typer.Option(help="Of each file in OUT; weights are cut into parts.")] = 16.0,
    out: Annotated[Path, typer.Option(help="Folder of at most eight files.")] = Path("gpu-run"),
    work: Annotated[
        Path | None, typer.Option(help="Caches, logs, checkpoints, state.", show_default="OUT.work, beside OUT")
    ] = None,
    data: Annotated[str, typer.Option(help="store, or another source of vizecg train.")] = "store",
    root: Annotated[Path | None, typer.Option(help="The packed store, or the folder of the data.")] = None,
    recipe: Annotated[str, typer.Option(help="paper, small or full.")] = "small",
    assignment: Annotated[
        list[str] | None, typer.Option("--set", help="PATH=VALUE over the recipe; repeatable.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Default: 256, with --small 2.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: WorkersOption = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    again: Annotated[list[str] | None, typer.Option(help="Do this finished step anew; repeatable.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave this step out; repeatable.")] = None,
    small: Annotated[bool, typer.Option("--small", help="Sizes of a rehearsal on two cores.")] = False,
) -> None:
    """Test, measure, train and evaluate on a GPU that is at hand for minutes; run again, it goes on."""
    from vizecg_lab.gpu.options import SHORT, SHORT_MINUTES, SMALL, GpuRunOptions, Sizes
    from vizecg_lab.gpu.plan import steps_without
    from vizecg_lab.gpu.run import GpuRun

    steps = steps_without(skip or ())
    sizes = SMALL if small else SHORT if minutes < SHORT_MINUTES else Sizes()
    options = GpuRunOptions(
        out=out.resolve(), work=(work or out.with_name(out.name + ".work")).resolve(), minutes=minutes,
        budget_mib=budget_mib, max_file_mib=max_file_mib, data=data, root=None if root is None else root.resolve(),
        recipe=recipe, assignments=tuple(assignment or ()), batch_size=batch_size, device=device, workers=workers,
        seed=seed, sizes=sizes,
    )  # fmt: skip
    sys.exit(GpuRun(options=options, again=again or (), steps=steps).run())


def drawing_paths(
    n: Annotated[int, typer.Option(min=1, help="Sheets, and photographs, that both paths draw.")] = 200,
    data: Annotated[str, typer.Option(help="synthetic, or another source with --root.")] = "synthetic",
    root: Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Pictures of a parcel when speed is measured. Default: 128, on a CPU 8.")
    ] = None,
    workers: WorkersOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of torch on a CPU.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Pictures drawn by torch on a device and by OpenCV: how far apart, how fast (exit code 4: too far)."""
    from vizecg.data.registry import SourceRequest, build_source
    from vizecg_lab.drawing.command import run_drawing_paths

    source = build_source(data, SourceRequest(root=root, split="val", seed=seed, size=n))
    run_drawing_paths(
        source, n=n, device=device, batch=batch, workers=workers, threads=threads, seed=seed, out=out
    )  # fmt: skip
