"""Whether the lines of a lattice are all drawn: rows of traces and beats above one another make a lattice too, in which
most lines are of nothing."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.warp import Bend, cells_map

CELL_PX = 15
LINE, BESIDE, BETWEEN = 0.0, 0.3, 0.5
"""Places in a cell: the line of 5 mm, and two that lie between the lines of 1 mm."""
LEAST_CELLS = 6
"""Lines that are shorter say nothing."""
LEAST_CONTRAST = 0.5
LEAST_DRAWN = 0.56
"""Of the lines of one direction at least. On the 90 real pages that are read 0.76 and more are, on drawn pages without
a grid whose beats pass for one at most 0.54. A page whose lines are a grey level off the paper has 0.39."""


def is_drawn(ink: np.ndarray, grid: Grid, bend: Bend) -> bool:
    """Whether enough lines of the lattice are lines of ink.

    Args:
        ink: uint8 (h, w), the reduced photograph's ink in which the grid was found.
        grid: the lattice.
        bend: of the paper.
    """
    maps = cells_map(grid.to_cells, bend, grid.box, cell_px=CELL_PX)
    view = cv2.remap(ink, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    shares = (_share(view, grid.present), _share(np.ascontiguousarray(view.T), grid.present.T))
    return max(shares) >= LEAST_DRAWN


def _share(view: np.ndarray, present: np.ndarray) -> float:
    """Of the upright lines of a view, (rows * ``CELL_PX``, columns * ``CELL_PX``), those with more ink than chance has.

    A line's ink is the median of its cells, so that what crosses it does not count.
    """
    rows, columns = present.shape
    along = cv2.resize(view.astype(np.float32), (columns * CELL_PX, rows), interpolation=cv2.INTER_AREA)
    line = _at(along, LINE) - (_at(along, -BESIDE) + _at(along, BESIDE)) / 2
    none = _at(along, -BETWEEN) - (_at(along, -BESIDE) + _at(along, BESIDE - 1)) / 2
    seen = present[:, 1:] & present[:, :-1]
    long = np.flatnonzero(seen.sum(axis=0) >= LEAST_CELLS)
    if not len(long):
        return 0.0
    lines, chance = (
        np.array([np.median(contrast[seen[:, column], column]) for column in long]) for contrast in (line, none)
    )
    least = max(LEAST_CONTRAST, float(np.percentile(np.abs(chance), 75)))
    return float((lines > least).mean())


def _at(along: np.ndarray, place: float) -> np.ndarray:
    """float32 (rows, columns - 1): the ink that lies so many cells to the right of each line."""
    x = np.arange(1, along.shape[1] // CELL_PX) * CELL_PX + place * CELL_PX - 0.5
    first = np.floor(x).astype(int)
    share = (x - first).astype(np.float32)
    return along[:, first] * (1 - share) + along[:, np.minimum(first + 1, along.shape[1] - 1)] * share
