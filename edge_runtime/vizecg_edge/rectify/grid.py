"""The grid of a photograph: homography to grid cells, how well it fits, and where there is grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.halves import half
from vizecg_edge.rectify.fit import refit
from vizecg_edge.rectify.lattice import FINE_SIDE, LARGE_SIDE, QUICK_SIDE, Coverage, TileLattices
from vizecg_edge.rectify.phase import COARSE_PX, MOST_CELLS, Phases, measure_phases
from vizecg_edge.rectify.pose import coarse_pose
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.slopes import level
from vizecg_edge.rectify.unwrap import unwrap, unwrap_near

FLAT_RESIDUAL = 0.08
"""Paper that departs from a plane by more than this, in cells, is looked at once more at once."""
LEAST_HALVED_PX = 24.0
"""Grids with this many pixels per cell are still as clear in an image of half the size."""
SPARE_CELLS, LAST_SPARE_CELLS = 8, 4
"""What is looked at next around the cells in which a look found grid: grids go on where no tile has been looked at, or
where they are too faint for one. And what is kept around all of the grid in the end."""
SEARCHES = (
    (QUICK_SIDE, Coverage.HALF),
    (QUICK_SIDE, Coverage.ALL),
    (FINE_SIDE, Coverage.ALL),
    (FINE_SIDE, Coverage.DENSE),
    (LARGE_SIDE, Coverage.ALL),
)
"""How lattices are sought, one way after the other: in which image, and in which tiles."""
MOST_OBLIQUE = 1.5
"""Squares that are seen so many times as long as wide, or more, are those of a lattice of rows and beats."""
DIVIDED, UNEVEN, EVEN = (1.0, 2.0, 2.5, 3.0), 1.1, 1.12
"""Rows of traces that lie 2, 2.5 or 3 squares apart outweigh the lines between them, and the steps across follow. Steps
that differ by more than ``UNEVEN`` may be so many of squares whose sides differ by less than ``EVEN``."""
CLEAR_CELLS, CLEAR_RESIDUAL = 800, 0.25
"""A grid of so many readable cells that fits as well as this (cells) is not sought any further."""
MARGIN = 0.1
"""What is examined at first around the middles of the tiles that agree, in longest sides of the image."""
NEAREST_HORIZON = 0.2
"""Where cells are seen nearer to their horizon than this, an image has no corners on the paper."""
LEAST_CELLS = 150
"""Cells (5 mm squares) with a readable grid below which there is no sheet: a tenth of the block of traces."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A fitted grid.

    ``to_cells``: (3, 3) float64, ink pixels -> cells (5 mm), lines at whole numbers. ``box``: (left, top, right,
    bottom) in cells, what was examined. ``phases``: offsets left after the fit. ``residual_cells``: robust RMS of them.
    """

    to_cells: np.ndarray
    box: tuple[int, int, int, int]
    phases: Phases
    residual_cells: float

    @property
    def present(self) -> np.ndarray:
        """(rows, columns) bool: the cells of ``box`` in which both line directions are readable."""
        return np.asarray(self.phases.weights.min(axis=-1) > 0)


def find_grid(ink: np.ndarray) -> Grid:
    """uint8 ink (h, w) -> the grid on it.

    Raises:
        InputRefusedError: no_grid.
    """
    error: InputRefusedError | None = None
    tiles: dict[int, TileLattices] = {}
    grids: list[Grid] = []
    for side, coverage in SEARCHES:
        if side not in tiles:
            tiles[side] = TileLattices(ink, side=side)
        lattices = tiles[side].find(coverage)
        try:
            to_cells, agree = coarse_pose(lattices)
        except InputRefusedError as refused:
            # A traceback would keep the picture in memory.
            error = refused.with_traceback(None)
            continue
        centres = lattices.centres[agree]
        for pose in (to_cells, *_divided(to_cells, centres.mean(axis=0))):
            try:
                grid = _find(ink, pose, _box(ink.shape, pose, centres, margin_px=MARGIN * max(ink.shape)))
            except InputRefusedError as refused:
                error = refused.with_traceback(None)
                continue
            whole = pose is to_cells
            if _is_clear(grid) and (whole or _sides_ratio(grid) < EVEN):
                return grid
            grids += [grid] * whole
    if not grids:
        raise error or refusal(Reason.NO_GRID)
    return min(grids, key=lambda grid: (not _square(grid), grid.residual_cells))


def _is_clear(grid: Grid) -> bool:
    return bool(grid.present.sum() >= CLEAR_CELLS and grid.residual_cells <= CLEAR_RESIDUAL and _square(grid))


def _divided(to_cells: np.ndarray, middle: np.ndarray) -> list[np.ndarray]:
    """The smaller squares that uneven steps may be made of, the largest first; none of steps that are even.

    Args:
        to_cells: (3, 3), pixels -> steps.
        middle: (2,) pixel about which they are looked at.
    """
    across, down = _sides_px(to_cells, cv2.perspectiveTransform(middle.reshape(1, 1, 2), to_cells)[0, 0])
    if max(across, down) < UNEVEN * min(across, down):
        return []
    parts = [(x, y) for x in DIVIDED for y in DIVIDED if max(across / x * y / down, down / y * x / across) < EVEN]
    return [np.diag([x, y, 1.0]) @ to_cells for x, y in sorted(parts, key=lambda part: part[0] * part[1])]


def _square(grid: Grid) -> bool:
    """Whether cells in the middle of what was examined are about as long as wide in the picture."""
    return _sides_ratio(grid) < MOST_OBLIQUE


def _sides_ratio(grid: Grid) -> float:
    """How many times as long as wide, or as wide as long, cells in the middle of what was examined are seen."""
    across, down = cell_sides_px(grid)
    return max(across, down) / min(across, down)


def cell_sides_px(grid: Grid) -> tuple[float, float]:
    """Ink pixels to a cell, along its first and its second axis, in the middle of what was examined."""
    left, top, right, bottom = grid.box
    return _sides_px(grid.to_cells, np.array([(left + right) / 2, (top + bottom) / 2]))


def _sides_px(to_cells: np.ndarray, cell: np.ndarray) -> tuple[float, float]:
    """Pixels along the first and the second axis from a place (2,), in cells, to the next."""
    corners = cell + np.array([[[0, 0], [1, 0], [0, 1]]], np.float64)
    first, *ends = cv2.perspectiveTransform(corners, np.linalg.inv(to_cells))[0]
    across, down = (float(np.linalg.norm(end - first)) for end in ends)
    return across, down


def _find(ink: np.ndarray, to_cells: np.ndarray, box: tuple[int, int, int, int]) -> Grid:
    small, to_small = halved(ink) if _cell_px(to_cells, ink.shape) >= LEAST_HALVED_PX else (ink, np.eye(3))
    to_rough = to_cells @ np.linalg.inv(to_small)
    to_rough = level(to_rough, measure_phases(small, to_rough, box, cell_px=COARSE_PX))
    phases = unwrap(measure_phases(small, to_rough, box, cell_px=COARSE_PX))
    to_rough, spread, expected = refit(to_rough, _enough(phases))
    if spread > FLAT_RESIDUAL:
        expected, box = _framed(expected, box, _reach(small.shape, to_rough))
        phases = unwrap_near(measure_phases(small, to_rough, box, cell_px=COARSE_PX), expected)
        to_rough, _, expected = refit(to_rough, _enough(phases))
    expected, box = _framed(expected, box, _reach(small.shape, to_rough))
    to_cells = to_rough @ to_small
    phases = unwrap_near(measure_phases(ink, to_cells, box), expected)
    to_cells, spread, rest = refit(to_cells, _enough(phases))
    rest, box = _framed(rest, box, _reach(ink.shape, to_cells), spare=LAST_SPARE_CELLS)
    return Grid(to_cells=to_cells, box=box, phases=rest, residual_cells=spread)


def _reach(shape: tuple[int, ...], to_cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last (column, row) of the cells that an image can show."""
    corners = np.array([[0, 0], [shape[1], 0], [shape[1], shape[0]], [0, shape[0]]], np.float64)
    if (corners @ to_cells[2, :2] + to_cells[2, 2]).min() < NEAREST_HORIZON:
        return np.full(2, -MOST_CELLS), np.full(2, MOST_CELLS)
    cells = cv2.perspectiveTransform(corners[None], to_cells)[0]
    return np.floor(cells.min(axis=0)).astype(int), np.ceil(cells.max(axis=0)).astype(int)


def _framed(
    phases: Phases,
    box: tuple[int, int, int, int],
    reach: tuple[np.ndarray, np.ndarray],
    *,
    spare: int = SPARE_CELLS,
) -> tuple[Phases, tuple[int, int, int, int]]:
    """The phases and the box brought to the readable grid, specks apart, with ``spare`` cells around it, but no further
    than the image reaches."""
    readable = (phases.weights.min(axis=-1) > 0).astype(np.uint8)
    readable = cv2.morphologyEx(readable, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    rows, columns = (np.flatnonzero(readable.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return phases, box
    first = np.array([columns[0], rows[0]]) - spare
    last = np.array([columns[-1], rows[-1]]) + spare
    first, last = np.maximum(first, reach[0] - box[:2]), np.minimum(last, reach[1] - box[:2])
    middle = (first + last) // 2
    first, last = np.maximum(first, middle - MOST_CELLS // 2), np.minimum(last, middle + MOST_CELLS // 2 - 1)
    if (last < first).any():
        raise refusal(Reason.NO_GRID, "the grid lies outside the picture")
    (left, top), (width, height) = first, last - first + 1
    x, y = np.meshgrid(np.arange(width) + box[0] + left + 0.5, np.arange(height) + box[1] + top + 0.5)
    offsets, weights = np.zeros((height, width, 2)), np.zeros((height, width, 2))
    old = np.s_[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
    part = phases.weights[old]
    new = np.s_[max(0, -top) : max(0, -top) + part.shape[0], max(0, -left) : max(0, -left) + part.shape[1]]
    offsets[new], weights[new] = phases.offsets[old], part
    framed = Phases(centres=np.stack([x, y], axis=-1), offsets=offsets, weights=weights)
    return framed, (box[0] + int(left), box[1] + int(top), box[0] + int(left + width), box[1] + int(top + height))


def _enough(phases: Phases) -> Phases:
    if (phases.weights.min(axis=-1) > 0).sum() < LEAST_CELLS:
        raise refusal(Reason.NO_GRID, "too few readable grid squares")
    return phases


def _cell_px(to_cells: np.ndarray, shape: tuple[int, ...]) -> float:
    """Pixels per cell in the middle of an image."""
    middle = np.array([[shape[1] / 2, shape[0] / 2]]) + np.array([[0, 0], [1, 0], [0, 1]])
    first, across, down = cv2.perspectiveTransform(middle[None], to_cells)[0]
    area = abs(np.linalg.det(np.stack([across - first, down - first])))
    return float(1 / np.sqrt(max(area, 1e-9)))


def halved(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ink at half the size, and (3, 3) from its pixels to those."""
    return half(ink), np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])


def _box(
    shape: tuple[int, ...], to_cells: np.ndarray, centres: np.ndarray, *, margin_px: float
) -> tuple[int, int, int, int]:
    """The cells covered by the tiles at ``centres`` and a margin around them, no further than the image reaches."""
    height, width = shape[:2]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * margin_px
    points = (centres[:, None] + corners[None]).reshape(-1, 2)
    points = np.clip(points, 0, [width - 1, height - 1])
    cells = cv2.perspectiveTransform(points[None], to_cells)[0]
    low = np.floor(cells.min(axis=0)).astype(int)
    high = np.ceil(cells.max(axis=0)).astype(int)
    middle = np.round(cv2.perspectiveTransform(centres[None], to_cells)[0].mean(axis=0)).astype(int)
    low = np.maximum(low, middle - MOST_CELLS // 2)
    high = np.minimum(high, middle + MOST_CELLS // 2)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
