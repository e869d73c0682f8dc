"""The bend of the paper to a tenth of a millimetre: every grid line held against the page's own mean square, without
the traces.

Phases of whole squares (``rectify.phase``) take a steep wave for a grid line, and with it the paper of all rows for
bent. Here the ink of traces has no weight, ink that is unlike the mean square has little, and what is left is a
least-squares fit of where each stretch of line lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.phase import LINE_CAP, line_ink
from vizecg_edge.rectify.warp import Bend, cells_map

CELL_PX = 15
"""Pixels to a cell of the view, those of the trace view, whose mask is laid on it."""
TOGETHER = 15
"""Pixels along a line that are taken together, as many as fit into a cell."""
BINS = 60
"""Places of the mean square."""
ROUNDS = 10
ACROSS_CELLS, ALONG_CELLS = 0.8, 1.5
"""How far (standard deviation, in cells) the fit of a stretch of line looks across the lines and along them. Of 22
known photographs the median lead rose from 10.4 to 13.9 dB, of 11 drawn ones from 17.3 to 19.8."""
EVEN_CELLS = 2.0
"""Over so many cells the contrast of the lines is even."""
FIRST_BLUR, SHARPER = 1.5, 0.6
"""Blur of the mean square in the first round, pixels, and by how much it shrinks from one to the next."""
UNLIKE = 1.5
"""Ink that departs from the mean square by so many usual departures counts half."""
MOST_STEP, MOST_CELLS = 0.15, 0.35
"""A round moves a line by at most the first, all of them by the second (cells). Beyond that lies the next 2 mm line."""
CALM, LEAST_POWER = 0.01, 1.0
"""Where lines are fainter than this share of a page's clear ones, and where there are none at all, nothing is moved."""
AROUND_TRACE = 5
"""Pixels about a trace without weight."""


def straightened(ink: np.ndarray, grid: Grid, bend: Bend, traces: np.ndarray) -> Bend:
    """The bend measured once more, line by line.

    Args:
        ink: uint8 (h, w), the reduced photograph's ink, in which the lines are seen.
        grid: its grid, of squares of 5 mm.
        bend: what is known so far, to half a line's distance or better.
        traces: uint8 (rows * ``CELL_PX``, columns * ``CELL_PX``), not 0 where the grid's box shows traces or text.
    """
    maps = cells_map(grid.to_cells, bend, grid.box, cell_px=CELL_PX)
    view = cv2.remap(ink, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    inside = cv2.remap(np.ones_like(ink), maps, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    weight = cv2.dilate(cv2.min(traces, 1), np.ones((AROUND_TRACE, AROUND_TRACE), np.uint8))
    seen = cv2.dilate(grid.present.astype(np.uint8), np.ones((3, 3), np.uint8))
    weight = cv2.min(cv2.min(inside, 1 - weight), cv2.resize(seen, view.shape[::-1], interpolation=cv2.INTER_NEAREST))
    # Traces that the mask lacks are darker than the lines, too.
    _, view = cv2.threshold(view, round(max(6.0, LINE_CAP * line_ink(view, CELL_PX))), 255, cv2.THRESH_TRUNC)
    cells = bend.cells.copy()
    cells[..., 0] += _moved(view, weight)
    cells[..., 1] += _moved(np.ascontiguousarray(view.T), np.ascontiguousarray(weight.T)).T
    return Bend(left=bend.left, top=bend.top, cells=cells)


def _moved(view: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How far the upright lines of a view lie to the right of where they should, float32 (rows, columns), cells."""
    lines = _lines(view, weight)
    columns = view.shape[1] // CELL_PX
    place = ((np.arange(view.shape[1]) + 0.5) * (BINS / CELL_PX)).astype(np.float32)
    moved = np.zeros((view.shape[0] // CELL_PX, columns), np.float32)
    blur = FIRST_BLUR * BINS / CELL_PX
    for _ in range(ROUNDS):
        shift = cv2.resize(moved * np.float32(BINS), (view.shape[1], len(lines.ink)), interpolation=cv2.INTER_LINEAR)
        # Whole squares are added, since the rest of a negative number is none in whole numbers.
        at = (place + np.float32(BINS) - shift).astype(np.int32) % BINS
        square = _square(lines, at, max(0.6, blur))
        slope = ((np.roll(square, -1) - np.roll(square, 1)) * (BINS / 2)).astype(np.float32)
        expected = square[at]
        weighed = lines.weight * expected
        over, under = (_around(_by_cell(weighed * value), EVEN_CELLS, EVEN_CELLS) for value in (lines.ink, expected))
        contrast = cv2.resize(np.maximum(over, 0) / (under + LEAST_POWER), expected.shape[::-1])
        rest = lines.ink - contrast * expected
        usual = _usual(rest, lines.weight)
        along = contrast * slope[at]
        pull = lines.weight * along / (1 + (rest / np.float32(UNLIKE * usual)) ** 2)
        over, under = (_around(_by_cell(pull * value), ACROSS_CELLS, ALONG_CELLS) for value in (-rest, along))
        calm = CALM * float(np.percentile(under, 75)) + LEAST_POWER
        moved += np.clip(over / (under + calm), -MOST_STEP, MOST_STEP)
        np.clip(moved, -MOST_CELLS, MOST_CELLS, out=moved)
        blur *= SHARPER
    return moved


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """``TOGETHER`` rows of pixels in one: float32 (h, w). ``ink`` about its local mean."""

    ink: np.ndarray
    weight: np.ndarray


def _lines(view: np.ndarray, weight: np.ndarray) -> _Lines:
    height, width = view.shape
    size = width, height // TOGETHER
    share = cv2.resize(weight.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    ink = cv2.resize((view * weight).astype(np.float32), size, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-3)
    mean = cv2.blur(ink * share, (CELL_PX, 1)) / np.maximum(cv2.blur(share, (CELL_PX, 1)), 1e-3)
    return _Lines(ink=ink - mean, weight=share)


def _square(lines: _Lines, at: np.ndarray, blur: float) -> np.ndarray:
    """float32 (BINS,), the mean square across its lines, the same on both sides of a line."""
    places = at.ravel()
    over = np.bincount(places, (lines.ink * lines.weight).ravel(), BINS)
    square = over / np.maximum(np.bincount(places, lines.weight.ravel(), BINS), 1e-3)
    spectrum = np.fft.rfft(square) * np.exp(-2 * (np.pi * np.fft.rfftfreq(BINS) * blur) ** 2)
    square = np.fft.irfft(spectrum, BINS)
    return np.asarray((square + square[::-1]) / 2, np.float32)


def _usual(rest: np.ndarray, weight: np.ndarray) -> float:
    """Robust standard deviation, of some of the ink."""
    some = np.abs(rest[::3, ::5])[weight[::3, ::5] > 0]
    return 1.4826 * float(np.median(some)) + 1e-3 if len(some) else 1.0


def _by_cell(values: np.ndarray) -> np.ndarray:
    """(h, w) -> (rows, columns), summed over the cells."""
    rows, columns = values.shape[0] * TOGETHER // CELL_PX, values.shape[1] // CELL_PX
    mean = cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA)
    return mean * np.float32(CELL_PX * CELL_PX // TOGETHER)


def _around(values: np.ndarray, across: float, along: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigmaX=across, sigmaY=along, borderType=cv2.BORDER_CONSTANT)
