"""A closer look at the middle of a grid, in as much of the photograph as that takes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.prepare import Work, ink_of
from vizecg_edge.rectify.squares import LONG_LOOK, middle_of

WANTED_CELL_PX = 30.0
"""Pixels to a cell in which lines every fifth of it are told apart."""


def closer(work: Work, grid: Grid) -> tuple[np.ndarray, Grid] | None:
    """Ink (uint8) of the middle of the grid from a finer picture than it was found in, and the grid in its pixels.

    None where the photograph has no finer one.
    """
    wide, tall = LONG_LOOK
    corners = middle_of(grid) + np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) * 0.55
    points = cv2.perspectiveTransform(corners[None].astype(np.float64), np.linalg.inv(grid.to_cells))[0]
    cell_px = float(np.linalg.norm(points[1] - points[0])) / (1.1 * wide)
    scales = [image.shape[1] / work.halves[-1].shape[1] for image in work.halves[:-1]]
    levels = [level for level, scale in enumerate(scales) if scale * cell_px >= WANTED_CELL_PX]
    if not scales:
        return None
    level = max(levels, default=0)
    image, grow = work.halves[level], scales[level]
    to_work = np.array([[1 / grow, 0, (1 / grow - 1) / 2], [0, 1 / grow, (1 / grow - 1) / 2], [0, 0, 1]])
    seen = (points + 0.5) * grow - 0.5
    left, top = np.maximum(seen.min(axis=0).astype(int), 0)
    right, bottom = np.minimum(seen.max(axis=0).astype(int) + 1, [image.shape[1], image.shape[0]])
    if right - left < WANTED_CELL_PX or bottom - top < WANTED_CELL_PX:
        return None
    dark = image[top:bottom, left:right].min(axis=2)
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    return ink_of(dark), replace(grid, to_cells=grid.to_cells @ to_work @ shift)
