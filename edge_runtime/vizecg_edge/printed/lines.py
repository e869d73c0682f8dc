"""Stretches of text in a view, and their pictures at the one height that the letter network reads."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from vizecg_edge.printed.ink import Ink, text_mask

STRIP_PX = 24
"""Height of the pictures of text."""
LETTER_PX = 15.0
"""Height of the letters in them."""
MARGIN_PX = 10
"""Left and right of the text in them."""
LEAST_GLYPH_MM, MOST_GLYPH_MM = 0.8, 5.5
GAP_MM = 2.6
"""Words of one line lie at most this far apart; numbers and their units always do."""
LEAST_MM, MOST_MM = 6.0, 160.0
LEAST_HEIGHT_MM, MOST_HEIGHT_MM = 1.1, 5.5
DARK_QUANTILE, LEAST_DARK = 0.97, 60.0
"""What this share of the picture does not exceed is made black, but nothing fainter than that."""
LETTER_SHARE, LEAST_PARTS = 0.55, 2
"""A line of text has at least so many separate parts of at least this share of its height."""
LEAST_FILL, MOST_FILL = 0.08, 0.65
"""Share of ink within it."""
PROFILE = 0.08
"""A row of pixels belongs to the letters when it has this share of the fullest row's ink."""


class Box(NamedTuple):
    """Pixels of a view, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int


def find_lines(ink: Ink, px_per_mm: float) -> list[Box]:
    """Where text may stand, from the left; the boxes' upper and lower edges are those of the letters."""
    mask = text_mask(ink, px_per_mm)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    height, width = stats[:, cv2.CC_STAT_HEIGHT] / px_per_mm, stats[:, cv2.CC_STAT_WIDTH] / px_per_mm
    size = np.maximum(height, width)
    kept = (size >= LEAST_GLYPH_MM) & (height <= MOST_GLYPH_MM) & (width <= 25)
    kept[0] = False
    blocks = np.zeros(mask.shape, np.uint8)
    for left, top, wide, high, _ in stats[kept]:
        blocks[top : top + high, left : left + wide] = 1
    gap = round(GAP_MM * px_per_mm) | 1
    # With a border of paper, across which nothing is closed.
    blocks = cv2.copyMakeBorder(blocks, 0, 0, gap, gap, cv2.BORDER_CONSTANT)
    blocks = cv2.morphologyEx(blocks, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    outlines, _ = cv2.findContours(blocks, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for left, top, wide, high in (cv2.boundingRect(outline) for outline in outlines):
        left -= gap
        if not LEAST_MM <= wide / px_per_mm <= MOST_MM or high / px_per_mm > 2 * MOST_HEIGHT_MM:
            continue
        here = labels[top : top + high, left : left + wide]
        inside = kept[here]
        first, last = letter_rows(inside)
        tall = last - first
        if not LEAST_HEIGHT_MM <= tall / px_per_mm <= MOST_HEIGHT_MM or wide < 2 * tall:
            continue
        parts = np.unique(here[inside])
        if np.count_nonzero(stats[parts, cv2.CC_STAT_HEIGHT] >= LETTER_SHARE * tall) >= LEAST_PARTS and (
            LEAST_FILL < np.count_nonzero(inside) / (wide * tall) < MOST_FILL
        ):
            boxes.append(Box(left, top + first, left + wide, top + last))
    return sorted(boxes)


def letter_rows(mask: np.ndarray) -> tuple[int, int]:
    """First and one past the last row of the letters in a bool (h, w) picture of one line of text."""
    profile = mask.sum(axis=1)
    full = np.flatnonzero(profile > PROFILE * max(1, int(profile.max())))
    return (int(full[0]), int(full[-1]) + 1) if len(full) else (0, mask.shape[0])


def strip_of(ink: Ink, box: Box, *, scale: float = 1.0) -> np.ndarray:
    """float32 (2, STRIP_PX, w) in 0..1, all ink and grid ink of a line, made black.

    Letters are ``scale * LETTER_PX`` high.
    """
    grow = scale * LETTER_PX / (box.bottom - box.top)
    width = round((box.right - box.left) * grow) + 2 * MARGIN_PX
    width += width % 2
    middle = (box.top + box.bottom - 1) / 2
    move = np.array([[grow, 0, MARGIN_PX - box.left * grow], [0, grow, (STRIP_PX - 1) / 2 - middle * grow]])
    size = (width, STRIP_PX)
    both = [cv2.warpAffine(layer, move, size, flags=cv2.INTER_LINEAR) for layer in _smoothed(ink, box, grow)]
    strip = np.stack(both).astype(np.float32)
    values = strip[0].ravel()
    dark = round(DARK_QUANTILE * (len(values) - 1))
    strip *= 1 / max(LEAST_DARK, float(np.partition(values, dark)[dark]))
    return np.minimum(strip, 1.0, out=strip)


def _smoothed(ink: Ink, box: Box, grow: float) -> tuple[np.ndarray, np.ndarray]:
    """The layers, blurred against aliasing where they are made much smaller."""
    if grow > 0.7:
        return ink.all, ink.grid
    side = 0.4 / grow
    return cv2.GaussianBlur(ink.all, (0, 0), side), cv2.GaussianBlur(ink.grid, (0, 0), side)
