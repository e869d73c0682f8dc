"""``fuzz``: damaged and hostile files."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption, SeedOption
from vizecg_lab.verbs.options import SaveOption


def fuzz(
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, help="Files: every seed as it is, then mutations.")
    ] = 20_000,
    seed: SeedOption = 0,
    save: SaveOption = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds of processor time for one file.")] = 10.0,
    memory_mib: Annotated[int, typer.Option(min=256, help="Memory that one file may take.")] = 1024,
    bundle: BundleOption = None,
    figures: FiguresOption = None,
) -> None:
    """Damaged and hostile pictures and bundles: what crashes, hangs or takes too much memory. Findings exit with 4."""
    from vizecg_lab.fuzzing.command import measure_fuzz
    from vizecg_lab.fuzzing.worker import CaseLimits

    limits = CaseLimits(seconds=timeout, memory_mib=memory_mib)
    measure_fuzz(count=count, seed=seed, limits=limits, bundle=bundle, keep=save, out=figures)
