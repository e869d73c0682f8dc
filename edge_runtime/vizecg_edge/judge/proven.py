"""Whether the leads that are printed show a heart: a network answers about flat lines, too."""

from __future__ import annotations

import numpy as np

from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.signals import Leads
from vizecg_edge.rectify.reasons import Reason, refusal

STILL_MV = 0.12
"""Peak to peak. Leads half of which move less show no heartbeat: flat lines with 20 microvolts of noise read as 0.08 mV
at most, the stillest of 81 real pages as 0.22 mV."""
FLAT_MV = 0.06
"""A lead that moves less is flat; the stillest lead of those pages moves by 0.1 mV."""
LEAST_SEEN = 0.25
"""Share of a stretch's samples that must be read; of pale traces less than half are."""
MOST_FLAT = 1
"""More flat or covered leads refuse the page; one makes what is read from it undecided."""


def flat_leads(leads: Leads, layout: PageLayout) -> tuple[str, ...]:
    """The printed leads, in the page's order, of which nothing is seen but a flat line, or nothing at all."""
    heights = _heights(leads)
    printed = dict.fromkeys(piece.lead for piece in layout.pieces if not piece.strip)
    return tuple(lead for lead in printed if heights.get(lead, 0.0) < FLAT_MV)


def refuse_unproven(leads: Leads, layout: PageLayout) -> None:
    """Refuse a page on which no heart beats, or of which several leads are flat or covered.

    Args:
        leads: as they were read.
        layout: what is printed.

    Raises:
        InputRefusedError: no_heartbeat, leads_missing.
    """
    heights = list(_heights(leads).values())
    if not heights or float(np.median(heights)) < STILL_MV:
        raise refusal(Reason.NO_HEARTBEAT)
    flat = flat_leads(leads, layout)
    if len(flat) > MOST_FLAT:
        raise refusal(Reason.LEADS_MISSING, f"nothing is seen of {', '.join(flat)}")


def _heights(leads: Leads) -> dict[str, float]:
    """How far each lead moves, peak to peak, mV, where it is seen best."""
    heights: dict[str, float] = {}
    for trace in leads.traces:
        enough = np.isfinite(trace.mv).sum() >= LEAST_SEEN * len(trace.mv)
        height = trace.height_mv if enough else 0.0
        heights[trace.lead] = max(height, heights.get(trace.lead, 0.0))
    return heights
