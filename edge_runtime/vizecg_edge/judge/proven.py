"""Whether the leads that are printed show a heart, and are seen: a network answers about anything."""

from __future__ import annotations

import numpy as np

from vizecg_edge.answer import Doubt
from vizecg_edge.leads.contrast import contrasts_of
from vizecg_edge.leads.covered_ends import pieces_at_covered_ends
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.layout import PageLayout, Piece
from vizecg_edge.leads.measured import Measured
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.read import ReadLeads
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_edge.leads.unseen import unseen_pieces
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.traces import PX_PER_MM

STILL_MV = 0.12
"""Peak to peak. Leads half of which move less show no heartbeat: flat lines with 20 microvolts of noise read as 0.08 mV
at most, the stillest of 81 real pages as 0.22 mV."""
FLAT_MV = 0.06
"""A lead that moves less is flat; the stillest lead of those pages moves by 0.1 mV."""
LEAST_SEEN = 0.25
"""Share of a stretch's samples that must be read; of pale traces less than half are."""
LEAST_INKED, REACH_MM = 0.1, 6.0
"""A trace that runs along a line of the grid is not followed, but its waves are seen beside the line: ink in so many
columns within the second of its baseline. Of 3 drawn pages such leads have 0.15 or more, and 0.01 under a note."""
LEAST_ALIKE = 0.45
"""Beats of no regular rhythm that are less alike, by the median correlation, are none: those of noise have 0.25 to 0.4.
Of 1,719 records of PTB-XL 5 have less, each paced or with a ventricle's beats."""
LEAST_CONTRAST, PALE = 0.27, 0.34
"""Traces paler than the first, a third of black, are not answered, since the network never saw such, and of those paler
than the second people are told. The palest of 143 pages that can be read, real and drawn, has 0.36."""
QRS_S, STILL_SHARE = 0.1, 0.12
"""A lead is still at a beat of the page where it moves less than ``FLAT_MV`` within so much of it, and less than this
share of its height."""
MOST_FLAT = 1
"""More flat or covered leads refuse the page; one makes what is read from it undecided."""


def prove(found: FoundPage, read: ReadLeads) -> tuple[Doubt, ...]:
    """Refuse a page whose leads show no heart, are pale, or are not all seen.

    Returns:
        What is to be said of an answer.

    Raises:
        InputRefusedError: no_heartbeat, leads_missing, faded, covered.
    """
    refuse_unproven(read.leads, read.layout, found.ink)
    measured = read.measured
    if measured.alike is not None and measured.alike < LEAST_ALIKE and not measured.regular:
        raise refusal(Reason.NO_HEARTBEAT, "what moves fast is not alike, from beat to beat")
    contrasts = contrasts_of(found, read.traces)
    contrast = float(np.nanmedian(contrasts)) if np.isfinite(contrasts).any() else 1.0
    if contrast < LEAST_CONTRAST:
        raise refusal(Reason.FADED, f"a contrast of {contrast:.0%}")
    refuse_covered(found, read)
    if contrast < PALE:
        return (Doubt(code="pale", message=f"the traces are pale, with a contrast of {contrast:.0%}"),)
    return ()


def flat_leads(leads: Leads, layout: PageLayout) -> tuple[str, ...]:
    """The printed leads, in the page's order, of which nothing is seen but a flat line, or nothing at all."""
    heights = _heights(leads)
    printed = dict.fromkeys(piece.lead for piece in layout.pieces if not piece.strip)
    return tuple(lead for lead in printed if heights.get(lead, 0.0) < FLAT_MV)


def still_leads(leads: Leads, measured: Measured) -> tuple[str, ...]:
    """The leads that are flat at a beat of a regular rhythm, as where an electrode fell off, and move at others."""
    if not measured.regular:
        return ()
    found = []
    for trace in leads.traces:
        height = trace.height_mv
        if trace.strip or height < FLAT_MV:
            continue
        for beat in measured.beat_times_s:
            first, last = (round((beat + off - trace.start_s) * trace.sampling_rate) for off in (-QRS_S, QRS_S))
            near = trace.mv[max(0, first) : last]
            if first < 0 or last > len(trace.mv) or not np.isfinite(near).all():
                continue
            if float(np.ptp(near)) < min(FLAT_MV, STILL_SHARE * height):
                found.append(trace.lead)
    return tuple(dict.fromkeys(found))


def refuse_unproven(leads: Leads, layout: PageLayout, ink: PageInk | None = None) -> None:
    """Refuse a page on which no heart beats, or of which several leads are flat or covered.

    Args:
        leads: as they were read.
        layout: what is printed.
        ink: of the page's traces; None takes what was read for all that is seen.

    Raises:
        InputRefusedError: no_heartbeat, leads_missing.
    """
    heights = list(_heights(leads).values())
    if not heights or float(np.median(heights)) < STILL_MV:
        raise refusal(Reason.NO_HEARTBEAT)
    flat = flat_leads(leads, layout)
    if ink is not None and len(flat) > MOST_FLAT:
        followed = {trace.lead for trace in leads.traces if _is_followed(trace)}
        flat = tuple(lead for lead in flat if lead in followed or not _is_inked(lead, layout, ink))
    if len(flat) > MOST_FLAT:
        raise refusal(Reason.LEADS_MISSING, f"nothing is seen of {', '.join(flat)}")


def _is_followed(trace: LeadTrace) -> bool:
    """Whether enough of a trace was read to tell how far it moves."""
    return bool(np.isfinite(trace.mv).sum() >= LEAST_SEEN * len(trace.mv))


def _is_inked(lead: str, layout: PageLayout, ink: PageInk) -> bool:
    """Whether there is ink of traces along a lead."""
    return any(_inked_share(piece, ink) >= LEAST_INKED for piece in layout.pieces if piece.lead == lead)


def _inked_share(piece: Piece, ink: PageInk) -> float:
    top, bottom = ((piece.baseline_mm + reach) * PX_PER_MM for reach in (-REACH_MM, REACH_MM))
    left, right = piece.left_mm * PX_PER_MM, piece.right_mm * PX_PER_MM
    part = ink.mask[max(0, round(top)) : max(0, round(bottom)), max(0, round(left)) : max(0, round(right))]
    return float(part.any(axis=0).mean()) if part.size else 0.0


def refuse_covered(found: FoundPage, read: ReadLeads) -> None:
    """Refuse a page of whose leads a stretch is not seen: what covers it may hide a beat, or be taken for one.

    Raises:
        InputRefusedError: covered.
    """
    pieces = unseen_pieces(
        found, read.traces, beats_s=read.measured.beat_times_s, speed_mm_s=read.scales.best.speed_mm_s
    )
    pieces += pieces_at_covered_ends(found)
    if pieces:
        names = dict.fromkeys("the strip" if piece.strip else piece.lead for piece in pieces)
        raise refusal(Reason.COVERED, f"not all is seen of {', '.join(names)}")


def _heights(leads: Leads) -> dict[str, float]:
    """How far each lead moves, peak to peak, mV, where it is seen best."""
    heights: dict[str, float] = {}
    for trace in leads.traces:
        height = trace.height_mv if _is_followed(trace) else 0.0
        heights[trace.lead] = max(height, heights.get(trace.lead, 0.0))
    return heights
