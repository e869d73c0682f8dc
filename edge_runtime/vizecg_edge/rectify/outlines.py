"""Calibration pulses of unknown size: flat tops whose two ends stand on a baseline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.strips import Strip

LEAST_TALL, MOST_TALL = 0.0045, 0.1
"""Heights of pulses in lengths of the rows: 2.5 mm of 500 is 0.005, 5 mm of 250 0.02, 20 mm 0.08."""
LOW, RATIOS, LOW_RATIO = 0.012, (0.18, 9.6), 1.5
"""Widths of pulses in their heights, 0.25 at 12.5 mm/s and 10 mm/mV and 8 at 100 and 2.5; those of pulses lower than
``LOW``, in lengths of the rows, as letters are, are larger than the last."""
LEAST_EDGE, MOST_INSIDE = 0.85, 0.25
"""Share of an edge that is inked, and most ink between the edges."""
FOOT = 6
"""Feet are as long as this part of a pulse's height, or longer; the trace beside them lies at another height."""
LEAST_TOP_PX = (4, 7)
"""Tops are longer than so many pixels."""
AT_ENDS = 0.09
"""Pulses lie no further than this from an end of the rows, in their lengths."""
ALIKE, ALIGNED = 0.06, 0.012
"""Pulses of a page differ by no more than this in size, relative, and where they stand, in lengths of the rows."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A pulse. ``left``, ``right``: the middles of its edges, ``height``: from its foot to its top; level pixels."""

    left: float
    right: float
    height: float
    score: float

    @property
    def width(self) -> float:
        return self.right - self.left


def find_outlines(mask: np.ndarray, strips: list[Strip]) -> list[Outline]:
    """The pulses of a level mask (h, w) beside its rows: the largest group of one size, one above the other."""
    found = [outline for strip in strips for outline in _beside(mask, strip)]
    if not found and strips:
        found = _in_margins(mask, strips)
    length = float(np.median([strip.right - strip.left for strip in strips])) if strips else 0.0
    best: list[Outline] = []
    for anchor in found:
        group = [
            other
            for other in found
            if abs(other.height / anchor.height - 1) < ALIKE
            and abs(other.width - anchor.width) < max(1.5, ALIKE * anchor.height)
            and abs(other.left - anchor.left) < ALIGNED * length
        ]
        if sum(other.score for other in group) > sum(other.score for other in best):
            best = group
    return best


def _beside(mask: np.ndarray, strip: Strip) -> list[Outline]:
    """All rectangles standing on one row near its ends."""
    length = strip.right - strip.left
    tall = round(MOST_TALL * length)
    least = max(6.0, LEAST_TALL * length)
    found: list[Outline] = []
    for end in (strip.left, strip.right):
        first = max(0, round(end - 1.3 * AT_ENDS * length))
        last = min(mask.shape[1], round(end + AT_ENDS * length))
        top, bottom = max(0, round(strip.y) - tall), round(strip.y) + 3
        part = mask[top:bottom, first:last]
        if min(part.shape) < 6:
            continue
        sums = np.cumsum(np.pad(cv2.dilate(part, np.ones((1, 3), np.uint8)), ((1, 0), (0, 0))), axis=0, dtype=np.int32)
        inner = np.cumsum(np.pad(part, ((1, 0), (0, 0))), axis=0, dtype=np.int32)
        foot = round(strip.y) - top
        for y, x1, x2, thick in _tops(part):
            height = foot - y
            narrowest = RATIOS[0] if height >= LOW * length else LOW_RATIO
            if height < least or not narrowest * height <= x2 - x1 <= RATIOS[1] * height:
                continue
            # The edges run from below the top to above the baseline, which may be a little off the foot.
            low, high = y + 1, max(y + 2, foot - max(2, height // 10))
            edges = min((sums[high, x] - sums[low, x]) / (high - low) for x in (x1, x2))
            # The edges are about as thick as the top.
            pad = max(2, (x2 - x1) // 5, min(thick + 2, (x2 - x1) // 3))
            if x2 - x1 <= 2 * pad:
                continue
            inside = np.s_[x1 + pad : x2 - pad + 1]
            filled = (inner[high, inside] - inner[low + 2, inside]).mean() / (high - low)
            if edges >= LEAST_EDGE and filled <= MOST_INSIDE:
                found.append(_settled(part, first, (y, x1, x2), foot, float(edges - filled)))
    return found


def _in_margins(mask: np.ndarray, strips: list[Strip]) -> list[Outline]:
    """Rectangles that stand before or behind all rows, at any height: their feet are where their edges end."""
    left, right = (float(np.median([getattr(strip, name) for strip in strips])) for name in ("left", "right"))
    length = right - left
    top, bottom = (max(0, round(strips[k].y + reach * length)) for k, reach in ((0, -MOST_TALL), (-1, MOST_TALL)))
    found: list[Outline] = []
    for first, last in ((left - AT_ENDS * length, left - 1), (right + 2, right + AT_ENDS * length)):
        first, last = max(0, round(first)), max(0, round(last))
        part = mask[top:bottom, first:last]
        if min(part.shape) < 6:
            continue
        thick = cv2.dilate(part, np.ones((1, 3), np.uint8))
        for y, x1, x2, bar in _tops(part):
            runs = [int(np.argmin(np.append(thick[y:, x], 0))) for x in (x1, x2)]
            height = min(runs) - 1
            even = max(runs) - min(runs) <= max(2, ALIKE * height)
            if not even or height < max(6.0, LEAST_TALL * length) or height > MOST_TALL * length:
                continue
            narrowest = RATIOS[0] if height >= LOW * length else LOW_RATIO
            pad = max(2, bar + 1)
            inside = part[y + bar + 1 : y + height - 1, x1 + pad : x2 - pad + 1]
            if narrowest * height <= x2 - x1 <= RATIOS[1] * height and inside.size and inside.mean() <= MOST_INSIDE:
                found.append(_settled(part, first, (y, x1, x2), y + height, 1.0 - float(inside.mean())))
    return found


def _tops(part: np.ndarray) -> list[tuple[int, int, int, int]]:
    """(y, first, last, thickness) of the level stretches of ink, y at the middle of their thickness."""
    tops = []
    # Edges of thick lines are level stretches of the first length, and hang on their tops.
    for least in LEAST_TOP_PX:
        flat = cv2.morphologyEx(part, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=8)
        for left, top, width, height, area in stats[1:count]:
            # A bar: nearly as much ink as its frame holds, and longer than thick.
            if width >= 1.5 * height and area >= 0.6 * width * height:
                tops.append((int(top + height // 2), int(left), int(left + width - 1), int(height)))
    return list(dict.fromkeys(tops))


def _settled(part: np.ndarray, first: int, top: tuple[int, int, int], foot: int, score: float) -> Outline:
    """The outline with its edges and its foot measured in the middle of the ink."""
    y, x1, x2 = top
    height = foot - y
    rows = part[y + height // 4 : y + 3 * height // 4 + 1]
    reach = max(2, (x2 - x1) // 4)

    def edge(x: int) -> float:
        low = max(0, x - reach)
        ink = rows[:, low : x + reach + 1].sum(axis=0).astype(np.float64)
        ink *= ink >= 0.5 * max(float(ink.max()), 1.0)
        return low + float((ink * np.arange(len(ink))).sum() / max(ink.sum(), 1e-9))

    # The feet lie level on both sides: their middle is that of the ink right beside the edges.
    feet = []
    far = max(6, height // FOOT)
    for low, high in ((x1 - far, x1 - 1), (x2 + 2, x2 + far + 1)):
        beside = part[foot - max(2, height // 8) : foot + 3, max(0, low) : max(0, high)]
        if beside.size and beside.any():
            counts = beside.sum(axis=1).astype(np.float64)
            feet.append(foot - max(2, height // 8) + float((counts * np.arange(len(counts))).sum() / counts.sum()))
    tops = part[max(0, y - 3) : y + 4, x1 + reach : x2 - reach + 1].sum(axis=1).astype(np.float64)
    level = max(0, y - 3) + float((tops * np.arange(len(tops))).sum() / max(tops.sum(), 1e-9)) if tops.any() else y
    base = float(np.median(feet)) if feet else float(foot)
    return Outline(left=first + edge(x1), right=first + edge(x2), height=base - level, score=score)
