"""The grid of a photograph: homography to grid cells, how well it fits, and where there is grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.rectify.fit import refit
from vizecg_edge.rectify.lattice import Lattices, find_lattices
from vizecg_edge.rectify.phase import COARSE_PX, MOST_CELLS, Phases, measure_phases
from vizecg_edge.rectify.pose import coarse_pose
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.unwrap import unwrap, unwrap_near

ROUGH_LOOKS = 1
"""How often the grid is looked at again, at half the size, before it is measured."""
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
    for dense in (False, True):
        try:
            return _find(ink, find_lattices(ink, dense=dense))
        except InputRefusedError as refused:
            error = refused
    raise error or refusal(Reason.NO_GRID)


def _find(ink: np.ndarray, lattices: Lattices) -> Grid:
    to_cells, agree = coarse_pose(lattices)
    box = _box(ink.shape, to_cells, lattices.centres[agree], margin_px=0.1 * max(ink.shape))
    small, to_small = _halved(ink)
    to_rough = to_cells @ np.linalg.inv(to_small)
    phases = unwrap(measure_phases(small, to_rough, box, cell_px=COARSE_PX))
    for _ in range(ROUGH_LOOKS):
        to_rough, _, expected = refit(to_rough, _enough(phases))
        phases = unwrap_near(measure_phases(small, to_rough, box, cell_px=COARSE_PX), expected)
    to_rough, _, expected = refit(to_rough, _enough(phases))
    to_cells = to_rough @ to_small
    phases = unwrap_near(measure_phases(ink, to_cells, box), expected)
    to_cells, spread, rest = refit(to_cells, _enough(phases))
    return Grid(to_cells=to_cells, box=box, phases=rest, residual_cells=spread)


def _enough(phases: Phases) -> Phases:
    if (phases.weights.min(axis=-1) > 0).sum() < LEAST_CELLS:
        raise refusal(Reason.NO_GRID, "too few readable grid squares")
    return phases


def _halved(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ink at half the size, and (3, 3) from its pixels to those."""
    height, width = ink.shape[0] // 2, ink.shape[1] // 2
    small = cv2.resize(ink[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return small, np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])


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
