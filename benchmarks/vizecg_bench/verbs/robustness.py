"""``vizecg-bench robustness``: a pack's conditions at growing strengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg_bench.verbs.options import EngineOptions


@dataclass(frozen=True, kw_only=True)
class Options(EngineOptions):
    """Where the curves go."""

    plot: Annotated[Path | None, typer.Option(help="Write the curves to this PNG.")] = None


@takes(Options)
def robustness(options: Options) -> None:
    """A pack's conditions at growing strengths: does quantisation break first where the photograph is worst?"""
    from vizecg_bench.pack.measure import measure_robustness

    if options.plot is not None and options.plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {options.plot}: expected a name that ends in .png")
    measure_robustness(options.request(), plot=options.plot)
