"""``fuzz``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_fuzz_verb(app: typer.Typer) -> None:
    """Register it."""
    app.command()(fuzz)


def fuzz(
    count: Annotated[int, typer.Option(min=1, help="Files: every seed as it is, then mutations.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Decides the mutations.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="Save the files that show a finding in this folder.")] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds of processor time for one file.")] = 10.0,
    memory: Annotated[int, typer.Option(min=256, help="MiB that one file may take.")] = 1024,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Damaged and hostile pictures and bundles: what crashes, hangs or takes too much memory. Findings exit with 4."""
    from vizecg_lab.fuzzing.command import measure_fuzz
    from vizecg_lab.fuzzing.worker import Limits

    limits = Limits(seconds=timeout, memory_mib=memory)
    measure_fuzz(count=count, seed=seed, limits=limits, bundle=bundle, keep=keep, out=out)
