"""Whether a page is good enough to be classified. A wrong answer is worse than none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vizecg.spec import InputRefusedError
from vizecg.spec.gate import QualityGate
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.sheet import Rectified

REASONS = {
    "identities": Reason.NOT_AN_ECG,
    "layout": Reason.LAYOUT_UNCERTAIN,
    "coverage": Reason.CUT_OFF,
    "px_per_mm": Reason.TOO_SMALL,
    "exposure": Reason.TOO_DARK,
    "glare": Reason.GLARE,
    "sharpness": Reason.TOO_BLURRED,
    "bend_residual_mm": Reason.DISTORTED,
    "grid_residual_mm": Reason.DISTORTED,
    "grid_share": Reason.NO_GRID,
    "scale_spread": Reason.SCALE_UNCERTAIN,
}
"""What each figure of merit is refused for. Of several that fail, the first is told."""
NAMED = 9.0
"""Identities of leads that are proven by their names. Those of waves that are as low as the pen is wide, of slow paper
and of rows that reach into one another are not seen: 5 of 120 drawn pages with names failed them."""


def merits_of(rectified: Rectified) -> dict[str, float]:
    """Every figure of merit that a gate has limits for, see ``QualityGate``."""
    spread = rectified.px_per_mm_sd / rectified.px_per_mm
    return {
        "identities": NAMED if rectified.layout.is_named else rectified.layout.identities,
        "layout": rectified.layout.margin,
        "coverage": rectified.coverage,
        "px_per_mm": rectified.px_per_mm,
        "exposure": rectified.exposure,
        # What lies outside the photograph is white on the page too.
        "glare": max(0.0, rectified.glare - (1.0 - rectified.coverage)),
        "sharpness": rectified.sharpness,
        "bend_residual_mm": rectified.bend_residual_mm,
        "grid_residual_mm": rectified.grid_residual_mm,
        "grid_share": rectified.grid_share,
        # The page is answered at both ends of the rest.
        "scale_spread": math.sqrt(max(0.0, spread**2 - rectified.tried_sd**2)),
    }


def score_of(merits: dict[str, float], gate: QualityGate) -> float:
    """0..1: product of the marks, each between 0.25 and 1 where it passes; 0 where one fails."""
    marks = [gate.mark(figure, value) for figure, value in merits.items()]
    return 0.0 if min(marks) <= 0 else math.prod(0.25 + 0.75 * mark for mark in marks)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``score`` 0..1, None where one figure alone is reason to refuse; ``refusal`` is None for what can be answered."""

    score: float | None = None
    refusal: InputRefusedError | None = None


def judge(rectified: Rectified, gate: QualityGate | None = None) -> Verdict:
    """Hold a page against the gate.

    Args:
        rectified: the page.
        gate: limits, from the bundle; None takes those that no bundle has fitted.

    Returns:
        The score. A refusal has the reason of the first figure beyond its limit, or low_quality.
    """
    gate = gate or QualityGate()
    merits = merits_of(rectified)
    for figure, reason in REASONS.items():
        if gate.mark(figure, merits[figure]) <= 0:
            return Verdict(refusal=refusal(reason))
    score = score_of(merits, gate)
    if score < gate.least_score:
        needed = f"quality {score:.2f}, at least {gate.least_score:.2f} is needed"
        return Verdict(score=score, refusal=refusal(Reason.LOW_QUALITY, needed))
    return Verdict(score=score)


def assess(rectified: Rectified, gate: QualityGate | None = None) -> float:
    """The quality score, 0..1, of a page that can be answered.

    Raises:
        InputRefusedError: it cannot, see ``judge``.
    """
    verdict = judge(rectified, gate)
    if verdict.refusal is not None:
        raise verdict.refusal
    assert verdict.score is not None
    return verdict.score
