"""What hangs together in the page network's masks of calibration pulses and of rules between columns."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LIKELY_PULSE, LIKELY_RULE = 128, 90
"""Of a mask, from which on a pixel belongs to one."""
BRIDGE_MM = 1.0
"""Gaps of this length in pulses and rules are closed."""
LEAST_PULSE_MM = (1.0, 2.0)
"""Width and height."""
LEAST_RULE_MM, STEEP = 1.5, 2.0
"""Height, and height by width."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """An upright box around a mark, mm; ``score``: the mean of its mask, 0 to 1."""

    left_mm: float
    top_mm: float
    right_mm: float
    bottom_mm: float
    score: float

    @property
    def width_mm(self) -> float:
        return self.right_mm - self.left_mm

    @property
    def height_mm(self) -> float:
        return self.bottom_mm - self.top_mm


def pulses_of(mask: np.ndarray, *, px_per_mm: float) -> tuple[Outline, ...]:
    """uint8 (h, w) -> calibration pulses, the surest first."""
    found = _outlines(mask, px_per_mm, LIKELY_PULSE)
    wide, high = LEAST_PULSE_MM
    return tuple(mark for mark in found if mark.width_mm >= wide and mark.height_mm >= high)


def rules_of(mask: np.ndarray, *, px_per_mm: float) -> tuple[Outline, ...]:
    """uint8 (h, w) -> rules, bars and ticks between columns, the surest first."""
    found = _outlines(mask, px_per_mm, LIKELY_RULE)
    return tuple(mark for mark in found if mark.height_mm >= max(LEAST_RULE_MM, STEEP * mark.width_mm))


def _outlines(mask: np.ndarray, px_per_mm: float, least: int) -> list[Outline]:
    likely = cv2.threshold(mask, least, 255, cv2.THRESH_BINARY)[1]
    side = round(BRIDGE_MM * px_per_mm) | 1
    closed = cv2.morphologyEx(likely, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    marks = []
    for label, (left, top, width, height, _) in enumerate(stats[1:].tolist(), start=1):
        inside = (labels[top : top + height, left : left + width] == label) & (
            likely[top : top + height, left : left + width] > 0
        )
        marks.append(
            Outline(
                left_mm=left / px_per_mm,
                top_mm=top / px_per_mm,
                right_mm=(left + width) / px_per_mm,
                bottom_mm=(top + height) / px_per_mm,
                score=float(mask[top : top + height, left : left + width][inside].mean()) / 255,
            )
        )
    return sorted(marks, key=lambda mark: -mark.score)
