"""The ink of the traces on a flat picture: the channel in which they stand out, less the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.halves import quarter
from vizecg_edge.medians import median_of

CELL_MM = 5.0
BAND_MM = 8.0
"""Each column of a row has its trace within this of the baseline, most of the time."""
GRID_FROM, GRID_TO = 88.0, 96.0
"""Percentiles of darkness between which pixels are mostly of grid lines: traces and text cover 3 % of a page, lines
12 % (the 5 mm ones alone) to 45 %."""
ROWS_APART, COLUMNS_APART = 7, 11
"""Steps between the pixels that are looked at for it: neither goes into the width of a grid square."""
EDGE, EDGE_ON_GRID, LEAST_EDGE = 0.35, 0.5, 16.0
"""Ink of this share of a trace's darkness is a trace's: steep thin strokes are pale, but so are the remains of a grid
of the traces' own colour."""
SPREAD = 25.0
"""Standard deviation of a colour's ink within a line or a trace."""
LEVEL = 200.0
"""Traces get this darkness, so that what is darker still is not cut off."""
DARKEST_PAPER = 32
"""The paper is never taken for darker than this."""
LEAST_GRID = 0.2
"""Grid lines fainter than this, of a trace's darkness, do no harm."""
LEAST_ROOM = 64
"""Where a grid line is so dark that less than this is left up to black, a trace over it cannot be told from it."""
CLEAR = 90.0
"""Ink darker than this is certainly left."""
CROSSED_MM = 0.8
"""The width of a grid line with its blur."""
SQUARES = ((-1, 1), (1, -1), (-1, -2), (1, 2), (2, -1))
"""Grid squares (down, across) that a pixel is compared with."""


@dataclass(frozen=True, kw_only=True)
class TraceInk:
    """``ink``: uint8 (h, w), 0 is paper. ``level``: how dark traces are on it. ``edge``: ink at least as dark as this
    is a trace's."""

    ink: np.ndarray
    level: float
    edge: float


def trace_ink(picture: np.ndarray, baselines: Sequence[float], px_per_mm: float) -> TraceInk:
    """The traces on a picture.

    Args:
        picture: uint8 RGB (h, w, 3), flat.
        baselines: y of the rows, pixels.
        px_per_mm: of the picture.
    """
    reach = round(BAND_MM * px_per_mm)
    bands = [np.s_[max(0, round(y) - reach) : max(1, round(y) + reach)] for y in baselines]
    inks = _inks(picture)
    ink, level, grid = _weighed(inks, bands, max(1, round(px_per_mm / 2)))
    share = EDGE
    if grid > LEAST_GRID * level:
        share = EDGE_ON_GRID
        ink = without_grid(ink, round(CELL_MM * px_per_mm))
        level = _level(ink, bands)
    return TraceInk(ink=ink, level=level, edge=max(LEAST_EDGE, share * level))


def _inks(picture: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3): the ink of each colour, against the paper around it."""
    paper = quarter(picture)
    side = max(3, round(max(paper.shape) / 70)) | 1
    paper = cv2.blur(cv2.dilate(paper, np.ones((side, side), np.uint8)), (side, side))
    paper = cv2.resize(paper, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.bitwise_not(cv2.divide(picture, cv2.max(paper, DARKEST_PAPER), scale=255.0))


def _weighed(inks: np.ndarray, bands: list[slice], step: int) -> tuple[np.ndarray, float, float]:
    """The sum of the colours' inks in which traces stand out most from the grid: uint8 (h, w), 255 for what is darker
    than most traces, with the traces' and the grid's darkness."""
    traces = []
    for band in bands:
        some = np.ascontiguousarray(inks[band, ::step])
        if some.size:
            red, green, blue = cv2.split(some)
            darkest = cv2.min(cv2.min(red, green), blue).argmax(axis=0)
            traces.append(some[darkest, np.arange(some.shape[1])])
    trace = np.median(np.concatenate(traces), axis=0) if traces else np.full(3, 255.0)
    some = inks[::ROWS_APART, ::COLUMNS_APART].reshape(-1, 3)
    darkness = np.maximum(np.maximum(some[:, 0], some[:, 1]), some[:, 2])
    least, most = np.percentile(darkness, (GRID_FROM, GRID_TO))
    lines = some[(darkness >= least) & (darkness <= most)]
    grid = np.median(lines, axis=0) if len(lines) else np.zeros(3)
    weights = np.linalg.solve(SPREAD**2 * np.eye(3) + np.outer(grid, grid), trace)
    weights *= LEVEL / max(float(weights @ trace), 1e-9)
    ink = cv2.transform(inks, weights[None].astype(np.float32))
    return ink, _level(ink, bands), float(np.clip(weights @ grid, 0, 255))


def _level(ink: np.ndarray, bands: list[slice]) -> float:
    """How dark the darkest pixel of a column near a baseline is, usually."""
    darkest = [ink[band].max(axis=0) for band in bands if ink[band].size]
    inked = np.concatenate(darkest) if darkest else np.zeros(1)
    return float(np.median(inked))


def without_grid(ink: np.ndarray, cell_px: int) -> np.ndarray:
    """uint8 ink (h, w) less what repeats from grid square to grid square: grid lines do, aslant too, where neither a
    level stretch of a trace nor a tall wave does. What is printed over a line keeps its darkness."""
    lines = cv2.dilate(cv2.min(ink, _repeated(ink, cell_px)), np.ones((3, 3), np.uint8))
    rest, room = cv2.subtract(ink, lines), cv2.max(cv2.bitwise_not(lines), LEAST_ROOM)
    rest = cv2.divide(rest, room, scale=255.0)
    # A steep stroke as pale as the lines goes on from one side of a level line to the other.
    wide = max(3, round(CROSSED_MM * cell_px / CELL_MM)) | 1
    _, strong = cv2.threshold(rest, CLEAR, 255, cv2.THRESH_TOZERO)
    whole = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((wide, 1), np.uint8))
    rest = cv2.max(rest, cv2.min(ink, whole))
    return rest


def _repeated(ink: np.ndarray, cell_px: int) -> np.ndarray:
    """Median of each pixel's like in five other squares."""
    height, width = ink.shape
    down, across = (cell_px * max(abs(step[axis]) for step in SQUARES) for axis in (0, 1))
    wide = cv2.copyMakeBorder(ink, down, down, across, across, cv2.BORDER_REFLECT)
    return median_of(
        [
            wide[down + cell_px * y : down + cell_px * y + height, across + cell_px * x : across + cell_px * x + width]
            for y, x in SQUARES
        ]
    )
