"""Whether a rectified sheet is good enough to be classified. A wrong answer is worse than none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.spec import LAYOUT_3X4_R
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.result import Rectified


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """Thresholds. Each pair is (worst that passes, from here on nothing better matters) of one figure of merit.

    Attributes:
        px_per_mm: photograph pixels per millimetre; traces are 0.3 to 0.5 mm thick.
        bend_residual_mm: what is left of the grid's misfit on the sheet.
        grid_residual_mm: how far the paper departs from a plane.
        sharpness: see ``Rectified.sharpness``.
        coverage: share of the block of traces in the photograph.
        grid_share: share of the block's squares with a readable grid.
        exposure: brightness of the paper on the sheet, 0 to 255.
        least_score: lowest product of all marks that passes.
    """

    px_per_mm: tuple[float, float] = (2.0, 4.0)
    bend_residual_mm: tuple[float, float] = (1.0, 0.2)
    grid_residual_mm: tuple[float, float] = (3.0, 0.8)
    sharpness: tuple[float, float] = (0.3, 0.75)
    coverage: tuple[float, float] = (0.94, 0.995)
    grid_share: tuple[float, float] = (0.15, 0.6)
    exposure: tuple[float, float] = (50.0, 110.0)
    least_score: float = 0.1

    def marks(self, rectified: Rectified) -> dict[Reason, float]:
        """0 (fails) to 1 (no better is needed) for each reason to refuse."""
        bend = min(
            _mark(rectified.bend_residual_mm, self.bend_residual_mm),
            _mark(rectified.grid_residual_mm, self.grid_residual_mm),
        )
        return {
            Reason.UNSUPPORTED_LAYOUT: float(rectified.layout == LAYOUT_3X4_R),
            Reason.CUT_OFF: _mark(rectified.coverage, self.coverage),
            Reason.TOO_SMALL: _mark(rectified.px_per_mm, self.px_per_mm),
            Reason.TOO_DARK: _mark(exposure_of(rectified.sheet), self.exposure),
            Reason.TOO_BLURRED: _mark(rectified.sharpness, self.sharpness),
            Reason.DISTORTED: bend,
            Reason.NO_GRID: _mark(rectified.grid_share, self.grid_share),
        }

    def score(self, rectified: Rectified) -> float:
        """0..1: product of the marks, each between 0.25 and 1 where it passes; 0 where one fails."""
        return _score(self.marks(rectified))


DEFAULT_GATE = QualityGate()


def assess(rectified: Rectified, gate: QualityGate = DEFAULT_GATE) -> float:
    """The quality score, 0..1.

    Raises:
        InputRefusedError: the sheet fails; ``reason`` is that of the worst mark.
    """
    marks = gate.marks(rectified)
    worst = min(marks, key=lambda reason: marks[reason])
    if marks[worst] <= 0:
        raise refusal(worst)
    score = _score(marks)
    if score < gate.least_score:
        raise refusal(Reason.LOW_QUALITY, f"quality {score:.2f}, at least {gate.least_score:.2f} is needed")
    return score


def _score(marks: dict[Reason, float]) -> float:
    values = np.array(list(marks.values()))
    return 0.0 if (values <= 0).any() else float(np.prod(0.25 + 0.75 * values))


def exposure_of(sheet: np.ndarray) -> float:
    """Brightness (0 to 255) of the darker half of the paper: upper quartile of the brightest channel, by patches."""
    light = sheet[::4, ::4].max(axis=2)
    rows, columns = light.shape[0] // 8 * 8, light.shape[1] // 8 * 8
    patches = light[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8)
    paper = np.percentile(patches, 75, axis=(1, 3))
    return float(np.percentile(paper, 25))


def _mark(value: float, limits: tuple[float, float]) -> float:
    """Linear from 0 at the first limit to 1 at the second, whichever way they lie."""
    worst, best = limits
    return float(np.clip((value - worst) / (best - worst), 0.0, 1.0))
