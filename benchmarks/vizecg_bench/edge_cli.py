"""The verbs of ``vizecg-bench`` that measure the edge alone: what its stages take, and what it does with bad files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BundleOption = Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]


def add_edge_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(stages)
    app.command()(fuzz)


def stages(
    images: Annotated[list[Path], typer.Option(help="A photograph, or a folder of them; repeatable.")],
    megapixels: Annotated[float, typer.Option(min=0.5, max=60, help="They are enlarged to this size.")] = 12.0,
    runs: Annotated[int, typer.Option(min=2, help="Over all photographs, in turn.")] = 100,
    threads: Annotated[int, typer.Option(min=0, help="0: one per core.")] = 0,
    bundle: BundleOption = None,
    out: JsonOption = None,
) -> None:
    """Milliseconds per stage of answering photographs, peak memory, and whether the machine was quiet."""
    from vizecg_bench.stages import measure_stages

    measure_stages(images=images, megapixels=megapixels, runs=runs, threads=threads, bundle=bundle, out=out)


def fuzz(
    count: Annotated[int, typer.Option(min=1, help="Files: every seed as it is, then mutations.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Decides the mutations.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="Save the files that show a finding in this folder.")] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds of processor time for one file.")] = 10.0,
    memory: Annotated[int, typer.Option(min=256, help="MiB that one file may take.")] = 1024,
    bundle: BundleOption = None,
    out: JsonOption = None,
) -> None:
    """Damaged and hostile pictures and bundles: what crashes, hangs or takes too much memory. Findings exit with 4."""
    from vizecg_bench.fuzz import measure_fuzz
    from vizecg_bench.fuzzing.worker import Limits

    limits = Limits(seconds=timeout, memory_mib=memory)
    measure_fuzz(count=count, seed=seed, limits=limits, bundle=bundle, keep=keep, out=out)
