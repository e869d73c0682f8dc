"""``vizecg-bench robustness``: a pack's conditions at growing strengths."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.spec.commands import takes
from vizecg.spec.options import PlotOption
from vizecg_bench.pack.options import MeasureOptions


@dataclass(frozen=True, kw_only=True)
class Options(MeasureOptions):
    """Where the curves go."""

    plot: PlotOption = None


@takes(Options)
def robustness(options: Options) -> None:
    """A pack's conditions at growing strengths: does quantisation break first where the photograph is worst?"""
    from vizecg_bench.pack.measure import measure_robustness

    measure_robustness(options, plot=options.plot)
