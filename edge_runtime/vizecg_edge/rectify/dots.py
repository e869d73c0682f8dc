"""Grids of dots, and broken or very faint ones: blurred until they are lines, with traces and text cut to their ink."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.prepare import Work, ink_of, percentile_of
from vizecg_edge.rectify.warp import Bend, first_bend, refine_bend

BLUR = 0.0014
"""Standard deviation of the blur in longest sides of the picture: 0.4 mm of a page of 290 mm."""
CUT_PERCENTILE, LEAST_CUT = 93.0, 12.0
FULL_PERCENTILE, FULL = 99.5, 180.0
"""Which of the blurred ink is brought to which value."""
CALM_CELLS, FLAT_RESIDUAL = 2.5, 0.03
"""Bends measured on dots are smoothed by so much, and none where the plane fits as well as this (cells): the places of
single dots are rounded to pixels, which looks like a bend."""
LEAST_WEIGHT = 0.02
"""Share of readable squares about a place below which it is taken for flat."""
MOST_FILLED, WEAK, BROKEN, WEAKEST = 0.82, 11.5, 0.9, 5.0
"""Grids of which less of their rectangle is readable, and whose lines are as weak (ink) or as broken (median along a
line over the mean), may be of dots; and those weaker still. On known photographs lines are hardly ever so."""


def may_be_dotted(grid: Grid, strengths: np.ndarray, continuity: np.ndarray) -> bool:
    """Whether a grid that was found should be looked at as one of dots.

    Args:
        grid: as it was found.
        strengths: (2,) ink of the upright and of the level lines.
        continuity: (2,) of each, the median along the lines over the mean.
    """
    present = grid.present
    rows, columns = (np.flatnonzero(present.sum(axis=axis) >= 3) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return True
    filled = float(present[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())
    weak = float(strengths.mean()) < WEAK
    if filled < MOST_FILLED:
        return weak or bool(continuity.min() < BROKEN)
    return weak and bool(strengths.min() < WEAKEST)


def blurred_ink(work: Work) -> np.ndarray:
    """uint8 (h, w): the reduced photograph's grid ink with dots run together into lines."""
    ink = work.grid_ink
    if len(work.halves) > 1:
        # Dots are lost where a picture was reduced by other than halves.
        red, green, blue = cv2.split(work.halves[-2])
        finer = cv2.dilate(ink_of(cv2.min(cv2.min(red, green), blue)), np.ones((2, 2), np.uint8))
        ink = cv2.resize(finer, (ink.shape[1], ink.shape[0]), interpolation=cv2.INTER_AREA)
    cut = max(LEAST_CUT, percentile_of(ink, CUT_PERCENTILE))
    level = cv2.min(ink, cut).astype(np.float32)
    blurred = cv2.GaussianBlur(level, (0, 0), BLUR * max(ink.shape))
    full = max(float(np.percentile(blurred[::4, ::4], FULL_PERCENTILE)), 1e-3)
    return cv2.convertScaleAbs(blurred, alpha=FULL / full)


def calm_bend(ink: np.ndarray, grid: Grid) -> Bend:
    """The bend of a grid of dots: none where it lies flat."""
    bend = refine_bend(ink, grid, first_bend(grid))
    if grid.residual_cells <= FLAT_RESIDUAL:
        return Bend(left=bend.left, top=bend.top, cells=np.zeros_like(bend.cells))
    weight = grid.present.astype(np.float32)[..., None]
    over, under = (_wide_blur(values) for values in (bend.cells * weight, weight))
    return Bend(left=bend.left, top=bend.top, cells=over / (under.reshape(weight.shape) + LEAST_WEIGHT))


def _wide_blur(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), CALM_CELLS, borderType=cv2.BORDER_CONSTANT)
