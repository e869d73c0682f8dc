"""How much of the block of traces light has washed out: where it is brighter than the paper around, and nothing is
printed any more."""

from __future__ import annotations

import cv2
import numpy as np

CELL_MM = 5.0
ABOVE_MM, BELOW_MM = 10.0, 8.0
"""How far the block reaches beyond its first and its last baseline."""
LEAST_CONTRAST = 0.06
"""A grid fainter than this is lost among noise; where it is missing says nothing."""
FADED = 0.4
"""Cells with less than this share of the usual contrast show nothing."""
BRIGHTER, WHITE = 1.08, 246.0
"""Light makes the paper this much brighter than it usually is, or all white. Of a scan whose paper is all white no
light is told."""


def glare_share(
    page: np.ndarray, rows_mm: tuple[float, ...], *, px_per_mm: float, left_mm: float, right_mm: float
) -> float:
    """Share (0 to 1) of the block's 5 mm squares that are washed out.

    Every square has a piece of a grid line in it, and so some contrast; the usual contrast of the same sheet is the
    measure, so a faint grid and white paper count for nothing.

    Args:
        page: uint8 RGB, laid flat.
        rows_mm: baselines of the rows, from its upper edge.
        px_per_mm: its scale.
        left_mm, right_mm: where the traces begin and end on it.
    """
    step = max(1, round(px_per_mm / 2))
    four = cv2.cvtColor(page, cv2.COLOR_RGB2RGBA)
    size = (four.shape[1] // step, four.shape[0] // step)
    red, green, blue, _ = cv2.split(cv2.resize(four, size, interpolation=cv2.INTER_AREA))
    dark = cv2.min(cv2.min(red, green), blue)
    per_mm = px_per_mm / step
    side = round(CELL_MM * per_mm)
    window = np.ones((side | 1, side | 1), np.uint8)
    xs = np.arange(left_mm + CELL_MM / 2, right_mm, CELL_MM)
    ys = np.arange(rows_mm[0] - ABOVE_MM, rows_mm[-1] + BELOW_MM, CELL_MM)
    at = np.ix_(
        np.clip(np.round(ys * per_mm), 0, size[1] - 1).astype(int),
        np.clip(np.round(xs * per_mm), 0, size[0] - 1).astype(int),
    )
    low = cv2.erode(dark, window)[at].astype(np.float32)
    high = cv2.dilate(dark, window)[at].astype(np.float32)
    contrast = (high - low) / np.maximum(high, 1.0)
    usual, paper = float(np.median(contrast)), float(np.median(high))
    if usual < LEAST_CONTRAST or paper >= WHITE:
        return 0.0
    lit = (high > BRIGHTER * paper) | (high >= WHITE)
    washed = ((contrast < FADED * usual) & lit).astype(np.uint8)
    # Reflections are patches: a lone square is a gap in the print.
    return float(cv2.morphologyEx(washed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).mean())
