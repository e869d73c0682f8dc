"""Ink of a stretch of paper, and which of it repeats as the grid does."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from vizecg_edge.halves import quarter
from vizecg_edge.medians import median_of

GRID_MM = 5.0
SHIFTS = 3
"""Grid squares to the left and right that a pixel is compared with."""
LEAST_THRESHOLD, MOST_THRESHOLD = 26.0, 90.0
PAPER_MM = 4.0
"""Text and lines are narrower than this, so that the brightest value within it is the paper's."""


class Ink(NamedTuple):
    """uint8 (h, w) each, 0 is paper. ``all``: every ink; ``grid``: what repeats from square to square."""

    all: np.ndarray
    grid: np.ndarray


def ink_of_view(view: np.ndarray, px_per_mm: float) -> Ink:
    """uint8 grey (h, w) or RGB (h, w, 3) view -> its ink. Coloured lines are weak in the brightest channel."""
    grey = view if view.ndim == 2 else brightest(view)
    side = round(PAPER_MM * px_per_mm) | 1
    paper = quarter(grey)
    small = np.ones((max(3, side // 4), max(3, side // 4)), np.uint8)
    paper = cv2.blur(cv2.dilate(paper, small), (small.shape[0] | 1, small.shape[1] | 1))
    paper = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    ink = cv2.bitwise_not(cv2.divide(grey, cv2.max(paper, 32), scale=255.0))
    return Ink(all=ink, grid=_repeating(ink, px_per_mm))


def brightest(view: np.ndarray) -> np.ndarray:
    """uint8 RGB (h, w, 3) -> the brightest channel (h, w)."""
    red, green, blue = cv2.split(view)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def text_mask(ink: Ink, px_per_mm: float) -> np.ndarray:
    """uint8 (h, w), 1 where there is ink that is neither paper nor grid."""
    # Long words repeat as the grid does, but not in the squares above and below.
    lines = cv2.min(ink.grid, cv2.dilate(_above_or_below(ink.all, px_per_mm), np.ones((3, 3), np.uint8)))
    rest = cv2.subtract(ink.all, cv2.dilate(lines, np.ones((3, 3), np.uint8)))
    counts = np.cumsum(cv2.calcHist([rest], [0], None, [256], [0, 256]).ravel())
    strong = int(np.searchsorted(counts, 0.997 * counts[-1]))
    threshold = min(max(0.4 * strong, LEAST_THRESHOLD), MOST_THRESHOLD)
    return np.asarray(cv2.threshold(rest, threshold, 1, cv2.THRESH_BINARY)[1])


def _repeating(ink: np.ndarray, px_per_mm: float) -> np.ndarray:
    """Median of each pixel and its like in the squares to the left and right: lines and dots of the grid are there,
    letters are not."""
    width = ink.shape[1]
    reach = round(SHIFTS * GRID_MM * px_per_mm)
    # Beyond the edges the squares next to them are repeated, in step with the grid.
    wide = cv2.copyMakeBorder(ink, 0, 0, reach, reach, cv2.BORDER_CONSTANT)
    if width >= reach:
        wide[:, :reach], wide[:, -reach:] = ink[:, :reach], ink[:, -reach:]
    starts = [reach + round(k * GRID_MM * px_per_mm) for k in range(-SHIFTS, SHIFTS + 1)]
    return median_of([wide[:, start : start + width] for start in starts])


def _above_or_below(ink: np.ndarray, px_per_mm: float) -> np.ndarray:
    """The stronger of the two pixels one square of the grid above and below; full ink where there are neither."""
    step = round(GRID_MM * px_per_mm)
    out = np.zeros_like(ink)
    if 2 * step > len(ink):
        out[max(0, len(ink) - step) : step] = 255
    if step < len(ink):
        out[step:] = ink[:-step]
        out[:-step] = np.maximum(out[:-step], ink[step:])
    return out
