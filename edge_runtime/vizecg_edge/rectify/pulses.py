"""Calibration pulses: rectangles beside the rows, 1 mV high and, on most recorders, 0.2 s wide."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.traces import PX_PER_MM

DRIFT_MM = 3.0
"""How far a pulse's foot may lie from the row's baseline."""
SEARCHED = 0.45
LEAST_SCORE = 0.4
ALIGNED_MM = 1.7


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What pulses are looked for: their height, and their least and largest width."""

    height_mm: float
    widths_mm: tuple[float, float]


STANDARD = Shape(height_mm=10.0, widths_mm=(2.0, 6.5))
"""At 10 mm/mV and 25 mm/s; some recorders print narrower ones."""


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """``left``, ``right``: its edges, view pixels. ``score``: share of edges and top that is inked, 0..1."""

    left: float
    right: float
    score: float

    @property
    def width_mm(self) -> float:
        return (self.right - self.left) / PX_PER_MM


def row_pulses(
    mask: np.ndarray, y: float, most: int = 6, *, searched: float = SEARCHED, shape: Shape = STANDARD
) -> list[Pulse]:
    """The best few rectangles standing on the baseline ``y`` in the left part of an ink mask (h, w), best first."""
    tall, reach = round(shape.height_mm * PX_PER_MM), round(DRIFT_MM * PX_PER_MM)
    width = round(searched * mask.shape[1])
    feet = np.arange(round(y) - reach, round(y) + reach + 1, 2)
    feet = feet[(feet - tall + 2 >= 4) & (feet - 2 < mask.shape[0])]
    if not len(feet) or width <= round(shape.widths_mm[1] * PX_PER_MM):
        return []
    first = int(feet[0]) - tall - 2
    band = mask[first : int(feet[-1]) + 1, :width]
    thick = cv2.dilate(band, np.ones((1, 3), np.uint8))
    sums = np.cumsum(np.pad(thick, ((1, 0), (0, 0))), axis=0, dtype=np.int32)
    tops, bottoms = feet - tall + 2 - first, feet - 2 - first
    edges = (sums[bottoms] - sums[tops]).astype(np.float32) / (tall - 4)
    # Ink in any of the five lines around the top.
    bars = np.stack([band[top - 4 : top + 1].max(axis=0) for top in tops])
    inked = np.cumsum(np.pad(bars, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    best = np.zeros(width, np.float32)
    best_width = np.zeros(width, np.int64)
    for step in range(round(shape.widths_mm[0] * PX_PER_MM), round(shape.widths_mm[1] * PX_PER_MM) + 1):
        bar = (inked[:, step + 1 :] - inked[:, : -step - 1]) / np.float32(step + 1)
        score = (np.minimum(edges[:, :-step], edges[:, step:]) * bar).max(axis=0)
        better = score > best[step:]
        best[step:][better] = score[better]
        best_width[step:][better] = step
    pulses: list[Pulse] = []
    while len(pulses) < most:
        right = int(np.argmax(best))
        if best[right] < LEAST_SCORE:
            break
        pulses.append(Pulse(left=float(right - best_width[right]), right=float(right), score=float(best[right])))
        best[max(0, right - 12) : right + 13] = 0
    return pulses


def aligned_pulses(rows: list[list[Pulse]], *, low_px: float, high_px: float) -> list[Pulse]:
    """The best group of pulses, one a row, one above the other, whose right edges lie in a range; may be empty."""
    best: list[Pulse] = []
    for anchor in (pulse for row in rows for pulse in row if low_px <= pulse.right <= high_px):
        group = []
        for row in rows:
            near = [p for p in row if abs(p.right - anchor.right) <= ALIGNED_MM * PX_PER_MM]
            if near:
                group.append(max(near, key=lambda p: p.score))
        if sum(p.score for p in group) > sum(p.score for p in best):
            best = group
    return best
