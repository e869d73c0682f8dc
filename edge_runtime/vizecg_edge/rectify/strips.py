"""Rows of traces on a level page of unknown scale: where they run, and from where to where."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

APART = 0.028
"""Baselines lie at least this far apart, in widths of the ink: 11 mm of 280."""
LEAST_SHARE, RANK, MOST_ROWS = 0.2, 3, 16
"""A row's strength is at least this part of the third strongest's."""
GAP, REACH = 0.022, 0.45
"""Gaps within a row, in widths of the ink, that are bridged; and how far from its baseline its ink counts, in
distances of the rows."""
LEAST_LENGTH = 0.7
"""A row is at least this long, of the longest."""
LEAST_FILL, MOST_LINES = 0.85, 1.4
"""A trace is one line nearly everywhere: the least share of columns with ink, and the most lines one above another.
Text has 1.5 to 4, drawn traces 1.0 to 1.3."""
STRAIGHT_PX = 1.2
"""Rows whose ink departs no more than this from a straight line are rules or frames."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A row of traces. ``y``: its baseline; ``left``, ``right``: where its ink begins and ends, pulses included; level
    pixels."""

    y: float
    left: float
    right: float


def find_strips(mask: np.ndarray) -> list[Strip]:
    """Level mask (h, w) of ink -> its rows of traces, from the top; rows of text are shorter and broken."""
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(columns):
        return []
    width = float(columns[-1] - columns[0] + 1)
    apart = max(4, round(APART * width))
    heights = _heights(mask, apart)
    strips = []
    for k, y in enumerate(heights):
        near = min((abs(y - other) for other in heights[:k] + heights[k + 1 :]), default=4 * apart)
        strip = _strip(mask, y, reach=max(3, round(REACH * near)), gap=max(3, round(GAP * width)))
        if strip is not None and _one_line(mask, strip, reach=max(3, round(0.6 * apart))):
            strips.append(strip)
    longest = max((strip.right - strip.left for strip in strips), default=0.0)
    return [strip for strip in strips if strip.right - strip.left >= LEAST_LENGTH * longest]


def _heights(mask: np.ndarray, apart: int) -> list[int]:
    """Where ink lies along a level line for long."""
    chunk = max(5, apart // 3)
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    columns = mask.shape[1] // chunk
    share = thick[:, : columns * chunk].reshape(len(mask), columns, chunk).mean(axis=2)
    # Squares: a long stay counts, a crossing does not.
    profile = cv2.GaussianBlur((share**2).sum(axis=1).reshape(-1, 1), (0, 0), max(0.8, apart / 18))[:, 0]
    found: list[tuple[float, int]] = []
    while len(found) < MOST_ROWS:
        y = int(np.argmax(profile))
        if profile[y] <= 0 or (found and profile[y] < LEAST_SHARE * found[:RANK][-1][0]):
            break
        found.append((float(profile[y]), y))
        profile[max(0, y - apart) : y + apart + 1] = 0
    return sorted(y for _, y in found)


def _strip(mask: np.ndarray, y: int, *, reach: int, gap: int) -> Strip | None:
    """The longest stretch of ink about a height; None where it is a straight line or next to nothing."""
    band = mask[max(0, y - reach) : y + reach + 1]
    inked = np.flatnonzero(band.any(axis=0))
    if len(inked) < 20:
        return None
    breaks = np.flatnonzero(np.diff(inked) > gap)
    starts, ends = np.r_[inked[0], inked[breaks + 1]], np.r_[inked[breaks], inked[-1]]
    best = int(np.argmax(ends - starts))
    left, right = int(starts[best]), int(ends[best])
    part = band[:, left : right + 1]
    filled = part.any(axis=0)
    middle = (part * np.arange(len(band))[:, None]).sum(axis=0)[filled] / part.sum(axis=0)[filled]
    if filled.mean() > 0.97 and float(np.percentile(np.abs(middle - np.median(middle)), 99)) < STRAIGHT_PX:
        return None
    return Strip(y=float(y), left=float(left), right=float(right))


def _one_line(mask: np.ndarray, strip: Strip, *, reach: int) -> bool:
    """Whether the ink is that of a trace, not of text."""
    band = mask[max(0, round(strip.y) - reach) : round(strip.y) + reach + 1, round(strip.left) : round(strip.right) + 1]
    starts = (band[1:] > band[:-1]).sum(axis=0) + (band[0] > 0)
    inked = band.any(axis=0)
    return bool(inked.mean() >= LEAST_FILL and starts[inked].mean() <= MOST_LINES)
