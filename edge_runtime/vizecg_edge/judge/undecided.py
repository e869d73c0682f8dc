"""Labels that are left undecided whatever the network says: what they are read from is not certain, or not printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S, LabelSet
from vizecg.spec.code6 import with_limits
from vizecg.spec.labels import Label
from vizecg_edge.answer import Answer, Geometry, Undecided
from vizecg_edge.judge.evidence import LEAST_INTERVALS, contradictions
from vizecg_edge.judge.exchanged import of_exchanged
from vizecg_edge.judge.proven import flat_leads, still_leads
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.measured import Measured, Sign

LEAST_SECONDS = 1.6
USUAL_BPM = 50.0, 100.0
"""Between these no label of a rate is present, whatever sets it."""
SLOW_BPM, FAST_BPM = 50.0, 102.0
"""Beyond these some rhythm of that rate is present: rates are measured to 2 a minute, and bradycardia is labelled from
50. Of the 2,170 records of PTB-XL's fold 9 this leaves a label open in 22, where every label of a rhythm is decided
absent: flutter, other tachycardia and pre-excitation for the most part; 7 of the 22 decisions are wrong."""
OTHER_GAIN_MARGIN, OTHER_SPEED_MARGIN = 0.7, 2.0
"""Calibrated logits nearer than this to the threshold's are not decided where limb or chest leads are printed at
another gain than 10 mm/mV, or the page at another speed than 25 mm/s: the strokes of the sheet composed of it are
thicker or coarser. 24 records of PTB-XL's fold 9 differ by 0.2 to 0.5 by the median at another gain, a tenth by 0.5 to
1.1; at 12.5 mm/s by 0.4 to 1.5, and up to 5. With these margins 0.2 decisions of 100 pages at 5 or 20 mm/mV turn over
instead of 1.3, and 1.9 instead of 8 at 12.5 mm/s."""
LEAST_LEADS = 0.5
"""A label is decided where at least this share of the leads that show it is printed."""


def undecided_of(
    answer: Answer,
    labels: LabelSet,
    decisions: Mapping[str, bool | None],
    *,
    distances: Mapping[str, float],
    layout: PageLayout | None,
) -> dict[str, Undecided]:
    """Every label that what is printed and what was measured leave undecided.

    Args:
        answer: with the leads of the page, what was measured on them, and its speed.
        labels: of the network.
        decisions: by label.
        distances: of the calibrated logits from those of the thresholds, by label.
        layout: what is printed; None takes it that all leads are.
    """
    reasons = near_at_another_scale(answer.geometry, distances)
    measured = answer.measured
    if layout is not None:
        reasons |= too_short(labels, layout, speed_mm_s=answer.geometry.speed_mm_s or PAPER_SPEED_MM_S)
        reasons |= not_printed(labels, layout)
        if answer.leads is not None:
            still = () if measured is None else still_leads(answer.leads, measured)
            reasons |= not_seen(labels, (*flat_leads(answer.leads, layout), *still))
    if measured is not None:
        reasons |= of_exchanged(labels, measured)
        reasons |= of_other_rhythm(labels, measured)
        reasons |= rate_not_named(labels, measured, decisions)
        reasons |= {
            one.label: Undecided(code="contradicted", message=one.message)
            for one in contradictions(measured, decisions, labels, distances)
        }
    return reasons


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


def near_at_another_scale(geometry: Geometry, distances: Mapping[str, float]) -> dict[str, Undecided]:
    """The labels that are too near to their thresholds for a page that is printed at another scale than the usual.

    Args:
        geometry: with the page's speed and gains; what is not known of them is taken for usual.
        distances: of the calibrated logits from those of the thresholds, by label.
    """
    speed, gains = geometry.speed_mm_s, (geometry.gain_mm_mv, geometry.chest_gain_mm_mv)
    margin = OTHER_GAIN_MARGIN if any(gain not in (None, GAIN_MM_MV) for gain in gains) else 0.0
    if speed not in (None, PAPER_SPEED_MM_S):
        margin = OTHER_SPEED_MARGIN
    why = Undecided(code="near_threshold", message="too near to the threshold for a page at another speed or gain")
    return {name: why for name, distance in distances.items() if abs(distance) < margin}


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


def rate_not_named(labels: LabelSet, measured: Measured, decisions: Mapping[str, bool | None]) -> dict[str, Undecided]:
    """The labels of a rate as fast, or as slow, as is measured, where every label of a rhythm is decided absent.

    Nothing need be known of the rhythm: something sets that rate, and the network found nothing that does.
    """
    rate = measured.rate_bpm
    of_rate = [
        (label.name, label.limits)
        for label in with_limits(labels).labels
        if label.limits is not None and label.limits.quantity == "sinus_rate_bpm"
    ]
    if rate is None or len(measured.rr_s) < LEAST_INTERVALS or any(decisions[name] is not False for name, _ in of_rate):
        return {}
    why = Undecided(
        code="contradicted", message=f"{rate:.0f} beats a minute are measured, and the model names no rhythm"
    )
    return {
        name: why
        for name, limits in of_rate
        if (rate >= FAST_BPM and limits.present_from is not None and limits.says(rate) is not False)
        or (rate < SLOW_BPM and limits.present_below is not None and limits.says(rate) is not False)
    }


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
