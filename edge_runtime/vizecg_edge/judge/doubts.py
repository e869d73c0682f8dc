"""What may be wrong with an answer that was given nevertheless, each with a code and one line."""

from __future__ import annotations

from vizecg.spec.gate import QualityGate
from vizecg_edge.answer import Doubt
from vizecg_edge.leads.layout import RHYTHM, PageLayout
from vizecg_edge.leads.measured import Measured
from vizecg_edge.leads.scales import PageScales, ScaleSource
from vizecg_edge.rectify.ruler import Ruler, RulerKind

NEAR_LIMIT = 1.25
"""A quality score below this many times the least that is answered lies near the limit.

Of rendered photographs that the shipped bundle answers, 3 of the 9 below it had another decision than their clean print
or a misplaced sheet, and 22 of the 263 above it. Of 34 real photographs that are answered, 3 lie below it.
"""

RATE_OFF_BPM, RATE_OFF_SHARE = 6.0, 0.08
"""A rate that is measured further than this from the printed one is another: extra beats and rounding make up half."""
SURE_OF_CHEST = 0.998
"""Where the gain of the limb leads is stated, and that of the chest leads this likely the same by their traces,
nothing is said of it. Of 50 drawn pages with pulses alone 24 are so sure, and none of 50 whose chest leads have half
the gain."""
LEAST_NAMED = 3
"""Leads that have their names beside them prove where the others are. Of the 60 printouts of other origin and the 38
photographs that are read all have so many."""


def doubts_of(
    *,
    calibrated: bool,
    scales: PageScales,
    layout: PageLayout,
    ruler: Ruler,
    printed_rate_bpm: float | None,
    measured: Measured,
    score: float,
    gate: QualityGate,
) -> tuple[Doubt, ...]:
    """Every doubt about an answer, the gravest first.

    Args:
        calibrated: whether the decision rule of the artefact was fitted on anything.
        scales: at which the page may be printed.
        layout: what is printed where.
        ruler: what the page's millimetres were taken from.
        printed_rate_bpm: what the page says of the heart rate.
        measured: rate and rhythm.
        score: its quality, 0 to 1.
        gate: the bundle's.
    """
    doubts = []
    if not calibrated:
        doubts.append(
            Doubt(
                code="uncalibrated",
                message="probabilities are not calibrated and thresholds are 0.5: this bundle was exported without"
                " calibration",
            )
        )
    best = scales.best
    gains = f"{best.limb_mm_mv:g} mm/mV"
    if best.limb_mm_mv != best.chest_mm_mv:
        gains = f"{best.limb_mm_mv:g} (limb) and {best.chest_mm_mv:g} (chest) mm/mV"
    gain_source = scales.limb_source if not scales.limb_source.stated else scales.chest_source
    for told, source, code in (
        (f"{best.speed_mm_s:g} mm/s", scales.speed_source, "speed"),
        (gains, gain_source, "gain"),
    ):
        if code == "gain" and _sure_of_chest(scales):
            continue
        if source is ScaleSource.ASSUMED:
            doubts.append(Doubt(code=f"{code}_assumed", message=f"{told} assumed: check the printout"))
        elif source is ScaleSource.INFERRED:
            doubts.append(
                Doubt(code=f"{code}_inferred", message=f"{told} inferred from the traces: check the printout")
            )
    if ruler.doubt:
        doubts.append(Doubt(code="scale_uncertain", message=ruler.doubt))
    elif ruler.kind is not RulerKind.GRID:
        told = f"no grid is seen: scale taken from the {ruler.kind.value}, right to {max(ruler.sd_x, ruler.sd_y):.0%}"
        if ruler.tried_sd:
            told += ", and decided where both ends of that agree"
        doubts.append(Doubt(code="scale_without_grid", message=told))
    if measured.other:
        told = "; ".join(other.words for other in measured.other)
        doubts.append(
            Doubt(code="other_rhythm", message=f"{told}: the rhythm may be none of those that are looked for")
        )
    rate_bpm = measured.rate_bpm
    if printed_rate_bpm is not None and rate_bpm is not None:
        off = abs(rate_bpm - printed_rate_bpm)
        if off > max(RATE_OFF_BPM, RATE_OFF_SHARE * printed_rate_bpm):
            told = f"{rate_bpm:.0f} beats a minute measured, {printed_rate_bpm:.0f} printed: check speed and leads"
            doubts.append(Doubt(code="rate_differs", message=told))
    if hardly_named(layout):
        told = "hardly any lead has a name that can be read: which is which is inferred from the traces"
        doubts.append(Doubt(code="leads_unnamed", message=told))
    if any(strip.lead == RHYTHM for strip in layout.strips):
        doubts.append(Doubt(code="strip_unnamed", message="which lead a rhythm strip shows is not certain"))
    if score < NEAR_LIMIT * gate.least_score:
        doubts.append(
            Doubt(
                code="quality_near_limit",
                message=f"quality {score:.2f} is near the {gate.least_score:.2f} that is needed:"
                " a better photograph may be decided otherwise",
            )
        )
    return tuple(doubts)


def _sure_of_chest(scales: PageScales) -> bool:
    best = scales.best
    same = best.limb_mm_mv == best.chest_mm_mv
    return scales.limb_source.stated and same and best.likelihood >= SURE_OF_CHEST


def hardly_named(layout: PageLayout) -> bool:
    """Whether so few leads have a name that which is which is told by the traces alone."""
    return layout.named is not None and layout.named < LEAST_NAMED
