"""The leads of several pages of one record on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vizecg_edge.leads.layout import PageLayout, Timing
from vizecg_edge.leads.signals import Leads, LeadTrace

BETWEEN_S = 2.0
"""The next page begins so long after the end of the one before: no interval between beats is seen across pages, whose
true distance in time nothing tells."""


def joined(pages: Sequence[Leads]) -> Leads:
    """All traces, page after page, at the highest sampling rate of them."""
    rate = max(leads.sampling_rate for leads in pages)
    traces: list[LeadTrace] = []
    begins = 0.0
    for leads in pages:
        moved = [_moved(trace, by_s=begins, sampling_rate=rate) for trace in leads.traces]
        traces += moved
        begins = max((trace.end_s for trace in moved), default=begins) + BETWEEN_S
    return Leads(traces=tuple(traces), sampling_rate=rate, timing=_timing([leads.timing for leads in pages]))


def joined_layout(layouts: Sequence[PageLayout]) -> PageLayout:
    """What is printed on all pages, their rows counted on; lengths stay those of each page, the block the first's."""
    pieces = []
    rows = 0
    for layout in layouts:
        pieces += [replace(piece, row=piece.row + rows) for piece in layout.pieces]
        rows += 1 + max((piece.row for piece in layout.pieces), default=-1)
    return replace(
        layouts[0],
        arrangement=" and ".join(layout.arrangement for layout in layouts),
        timing=_timing([layout.timing for layout in layouts]),
        pieces=tuple(pieces),
        pulses=(),
        margin=min(layout.margin for layout in layouts),
        identities=min(layout.identities for layout in layouts),
        named=min((layout.named for layout in layouts if layout.named is not None), default=None),
    )


def _timing(timings: Sequence[Timing]) -> Timing:
    for known in (Timing.UNKNOWN, Timing.SEQUENTIAL):
        if known in timings:
            return known
    return Timing.SIMULTANEOUS


def _moved(trace: LeadTrace, *, by_s: float, sampling_rate: float) -> LeadTrace:
    if trace.sampling_rate == sampling_rate:
        return replace(trace, start_s=trace.start_s + by_s)
    count = max(1, round(trace.duration_s * sampling_rate))
    at = np.arange(count) * trace.sampling_rate / sampling_rate
    nearest = np.minimum(np.round(at).astype(int), len(trace.mv) - 1)
    known = np.isfinite(trace.mv)
    mv = np.full(count, np.nan, np.float32)
    if known.any():
        between = np.interp(at, np.flatnonzero(known), trace.mv[known])
        mv = np.where(known[nearest], between, np.nan).astype(np.float32)
    return replace(
        trace,
        start_s=trace.start_s + by_s,
        sampling_rate=sampling_rate,
        mv=mv,
        confidence=trace.confidence[nearest],
    )
