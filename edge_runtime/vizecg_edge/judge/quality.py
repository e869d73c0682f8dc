"""Whether a rectified sheet is good enough to be classified. A wrong answer is worse than none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import LAYOUT_3X4_R, InputRefusedError, SheetSpec
from vizecg.spec.gate import QualityGate
from vizecg_edge.judge.glare import glare_share
from vizecg_edge.judge.likeness import likeness
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.result import Rectified

REASONS = {
    "identities": Reason.NOT_AN_ECG,
    "layout": Reason.UNSUPPORTED_LAYOUT,
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


def merits_of(rectified: Rectified, spec: SheetSpec | None = None) -> dict[str, float]:
    """Every figure of merit that a gate has limits for, see ``QualityGate``."""
    spec = spec or SheetSpec()
    traces = likeness(rectified.signals_mm)
    lit = glare_share(rectified.sheet, rectified.rows_mm, spec)
    return {
        "identities": traces.identities,
        "layout": traces.layout,
        "coverage": rectified.coverage,
        "px_per_mm": rectified.px_per_mm,
        "exposure": exposure_of(rectified.sheet),
        # What lies outside the photograph is white on the sheet too.
        "glare": max(0.0, lit - (1.0 - rectified.coverage)),
        "sharpness": rectified.sharpness,
        "bend_residual_mm": rectified.bend_residual_mm,
        "grid_residual_mm": rectified.grid_residual_mm,
        "grid_share": rectified.grid_share,
        "scale_spread": rectified.px_per_mm_sd / rectified.px_per_mm,
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


def judge(rectified: Rectified, gate: QualityGate | None = None, spec: SheetSpec | None = None) -> Verdict:
    """Hold a sheet against the gate.

    Args:
        rectified: of a sheet of ``spec``.
        gate: limits, from the bundle; None takes those that no bundle has fitted.
        spec: None takes the default sheet.

    Returns:
        The score. A refusal has the reason of the first figure beyond its limit, or low_quality.
    """
    gate = gate or QualityGate()
    if rectified.layout != LAYOUT_3X4_R:
        return Verdict(refusal=refusal(Reason.UNSUPPORTED_LAYOUT))
    merits = merits_of(rectified, spec)
    for figure, reason in REASONS.items():
        if gate.mark(figure, merits[figure]) <= 0:
            return Verdict(refusal=refusal(reason))
    score = score_of(merits, gate)
    if score < gate.least_score:
        needed = f"quality {score:.2f}, at least {gate.least_score:.2f} is needed"
        return Verdict(score=score, refusal=refusal(Reason.LOW_QUALITY, needed))
    return Verdict(score=score)


def assess(rectified: Rectified, gate: QualityGate | None = None, spec: SheetSpec | None = None) -> float:
    """The quality score, 0..1, of a sheet that can be answered.

    Raises:
        InputRefusedError: it cannot, see ``judge``.
    """
    verdict = judge(rectified, gate, spec)
    if verdict.refusal is not None:
        raise verdict.refusal
    assert verdict.score is not None
    return verdict.score


def exposure_of(sheet: np.ndarray) -> float:
    """Brightness (0 to 255) of the darker half of the paper: upper quartile of the brightest channel, by patches."""
    red, green, blue = cv2.split(np.ascontiguousarray(sheet[::4, ::4]))
    light = cv2.max(cv2.max(red, green), blue)
    rows, columns = light.shape[0] // 8, light.shape[1] // 8
    patches = light[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 64)
    paper = np.partition(patches, 47, axis=1)[:, 47]
    return float(np.percentile(paper, 25))
