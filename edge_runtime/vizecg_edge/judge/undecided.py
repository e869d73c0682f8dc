"""Labels that are left undecided whatever the network says: what they are read from is not certain, or not printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vizecg.spec import LabelSet
from vizecg.spec.code6 import with_limits
from vizecg.spec.labels import Label
from vizecg_edge.answer import Undecided
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.measured import Measured, Sign

LEAST_SECONDS = 1.6
USUAL_BPM = 50.0, 100.0
"""Between these no label of a rate is present, whatever sets it."""
LEAST_LEADS = 0.5
"""A label is decided where at least this share of the leads that show it is printed."""


def changed_by_scale(
    decisions: Mapping[str, bool | None], others: Sequence[Sequence[bool | None]]
) -> dict[str, Undecided]:
    """The labels that are not decided alike at every scale that a page may have.

    Args:
        decisions: by label, at the likeliest scale.
        others: the same in their order, at each of the others.
    """
    why = Undecided(code="scale_not_stated", message="decided otherwise at another scale that the page may have")
    return {
        name: why
        for place, (name, decision) in enumerate(decisions.items())
        if decision is not None and any(other[place] != decision for other in others)
    }


def too_short(labels: LabelSet, layout: PageLayout, *, speed_mm_s: float) -> dict[str, Undecided]:
    """The labels that are read from the rhythm, on a page whose leads each show hardly more than a beat.

    Of 240 decisions on drawn 3x4 pages with a strip at 50 mm/s 12 were others than at 25 mm/s, most of them of rhythm.
    """
    seconds = max((piece.right_mm - piece.left_mm) / speed_mm_s for piece in layout.pieces if not piece.strip)
    if seconds >= LEAST_SECONDS:
        return {}
    why = Undecided(code="leads_short", message=f"leads of {seconds:.1f} s are too short to show a rhythm")
    return {label.name: why for label in labels.labels if _of_rhythm(label)}


def of_other_rhythm(labels: LabelSet, measured: Measured) -> dict[str, Undecided]:
    """The labels that another rhythm may be taken for, or may hide.

    Paced, ventricular and pre-excited beats are as broad as those of bundle branch blocks; a rate that a sinus node may
    have as well tells nothing wrong of it. The breadth of fast and of alternating beats tells what it always does.
    """
    rate = measured.rate_bpm
    usual = rate is not None and USUAL_BPM[0] <= rate <= USUAL_BPM[1]
    found: dict[str, Undecided] = {}
    for other in measured.other:
        why = Undecided(code="other_rhythm", message=other.words)
        conduction = other.sign in (Sign.SPIKES, Sign.WIDE, Sign.SHORT_PR)
        rhythm = other.sign in (Sign.SPIKES, Sign.FAST, Sign.SLOW, Sign.ALTERNATING)
        rhythm = rhythm or (other.sign is Sign.WIDE and not usual)
        for label in with_limits(labels).labels:
            of_pr = label.limits is not None and label.limits.quantity == "pr_ms"
            of_both = (conduction and label.needs_time) or (rhythm and (of_pr or _of_rhythm(label)))
            if of_both or other.sign is Sign.UNLIKE:
                found.setdefault(label.name, why)
    return found


def not_seen(labels: LabelSet, flat: Sequence[str]) -> dict[str, Undecided]:
    """The labels that are read from a lead which is flat or covered."""
    return {
        label.name: Undecided(code="leads_missing", message=f"{', '.join(flat)} flat or covered")
        for label in labels.labels
        if set(flat) & set(label.leads)
    }


def not_printed(labels: LabelSet, layout: PageLayout) -> dict[str, Undecided]:
    """The labels that the printed leads cannot show."""
    printed = {piece.lead for piece in layout.pieces}
    missing = {
        label.name: [lead for lead in label.leads if lead not in printed]
        for label in labels.labels
        if label.leads and sum(lead in printed for lead in label.leads) < LEAST_LEADS * len(label.leads)
    }
    return {
        name: Undecided(code="leads_missing", message=f"{', '.join(leads)} not on this page")
        for name, leads in missing.items()
    }


def _of_rhythm(label: Label) -> bool:
    """Whether a label is read from the rate, or from what neither intervals nor voltages show."""
    return label.needs_rate or not (label.needs_time or label.needs_voltage)
