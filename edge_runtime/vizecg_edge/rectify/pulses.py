"""Calibration pulses: rectangles 10 mm high at the left of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.traces import PX_PER_MM

HEIGHT_MM = 10.0
WIDTHS_MM = (2.0, 6.5)
DRIFT_MM = 3.0
"""How far a pulse's foot may lie from the row's baseline."""
SEARCHED = 0.45
LEAST_SCORE = 0.4
ALIGNED_MM = 1.7


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """``left``, ``right``: its edges, view pixels. ``score``: share of edges and top that is inked, 0..1."""

    left: float
    right: float
    score: float

    @property
    def width_mm(self) -> float:
        return (self.right - self.left) / PX_PER_MM


def row_pulses(mask: np.ndarray, y: float, most: int = 6) -> list[Pulse]:
    """The best few rectangles standing on the baseline ``y`` in the left part of an ink mask (h, w), best first."""
    mask = mask[:, : round(SEARCHED * mask.shape[1])]
    height, width = mask.shape
    tall = round(HEIGHT_MM * PX_PER_MM)
    thick = cv2.dilate(mask, np.ones((1, 3), np.uint8))
    sums = np.cumsum(np.pad(thick.astype(np.float32), ((1, 0), (0, 0))), axis=0)
    reach = round(DRIFT_MM * PX_PER_MM)
    widths = range(round(WIDTHS_MM[0] * PX_PER_MM), round(WIDTHS_MM[1] * PX_PER_MM) + 1)
    best = np.zeros(width, np.float32)
    best_width = np.zeros(width, np.int64)
    for foot in range(round(y) - reach, round(y) + reach + 1, 2):
        top, bottom = foot - tall + 2, foot - 2
        if top < 4 or bottom >= height:
            continue
        edges = (sums[bottom] - sums[top]) / (bottom - top)
        bar = np.pad(np.cumsum(mask[top - 4 : top + 1].max(axis=0).astype(np.float32)), (1, 0))
        for step in widths:
            score = np.minimum(edges[:-step], edges[step:]) * (bar[step + 1 :] - bar[: -step - 1]) / (step + 1)
            better = score > best[step:]
            best[step:][better] = score[better]
            best_width[step:][better] = step
    found: list[Pulse] = []
    while len(found) < most:
        right = int(np.argmax(best))
        if best[right] < LEAST_SCORE:
            break
        found.append(Pulse(left=float(right - best_width[right]), right=float(right), score=float(best[right])))
        best[max(0, right - 12) : right + 13] = 0
    return found


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
