"""``vizecg-bench accuracy``: a pack through the edge's own engines."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.spec.commands import takes
from vizecg_bench.pack.options import MeasureOptions
from vizecg_bench.verbs.options import SectionOption


@dataclass(frozen=True, kw_only=True)
class Options(MeasureOptions):
    """Which sections of the pack."""

    section: SectionOption = None


@takes(Options)
def accuracy(options: Options) -> None:
    """A pack through the edge's own engines: figures with intervals, beside the float network's; decision flips."""
    from vizecg_bench.pack.measure import measure_accuracy

    measure_accuracy(options, sections=options.section or ())
