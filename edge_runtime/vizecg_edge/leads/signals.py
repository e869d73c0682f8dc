"""The leads as signals: each stretch in millivolts on the page's axis of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg_edge.leads.layout import Timing


@dataclass(frozen=True, kw_only=True)
class LeadTrace:
    """One printed stretch of a lead.

    Attributes:
        lead: one of ``LEADS``, or V3R, V4R.
        start_s: when it begins, from the beginning of the page.
        sampling_rate: samples a second.
        mv: float32 (n,) millivolts, upright as the lead is defined (-aVR is turned over), about the printed baseline;
            NaN where nothing is printed or it is covered.
        confidence: float32 (n,), 0 to 1; 0 where ``mv`` is NaN.
        strip: whether it was a rhythm strip.
    """

    lead: str
    start_s: float
    sampling_rate: float
    mv: np.ndarray
    confidence: np.ndarray
    strip: bool = False

    @property
    def height_mv(self) -> float:
        """From the 0.5 to the 99.5 % quantile of the samples that are seen; 0 where none is."""
        seen = self.mv[np.isfinite(self.mv)]
        low, high = np.quantile(seen, (0.005, 0.995)) if len(seen) else (0.0, 0.0)
        return float(high - low)

    @property
    def duration_s(self) -> float:
        return len(self.mv) / self.sampling_rate

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


@dataclass(frozen=True, kw_only=True)
class Leads:
    """All stretches of a page, at one sampling rate, in the page's order; a lead may be there twice (a strip).

    ``timing``: whether columns go on in time or begin together; where ``unknown``, ``start_s`` reckons with the first.
    """

    traces: tuple[LeadTrace, ...]
    sampling_rate: float
    timing: Timing = Timing.UNKNOWN

    def of(self, lead: str) -> LeadTrace | None:
        """The longest stretch of a lead; None where it is not printed."""
        traces = [trace for trace in self.traces if trace.lead == lead]
        return max(traces, key=lambda trace: trace.duration_s) if traces else None
