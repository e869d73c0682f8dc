"""The grid of a photograph: homography to grid cells, how well it fits, and where there is grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.lattice import find_lattices
from vizecg_edge.rectify.phase import MOST_CELLS, Phases, measure_phases, refit, unwrap
from vizecg_edge.rectify.pose import coarse_pose
from vizecg_edge.rectify.reasons import Reason, refusal

REFINEMENTS = 3
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
    lattices = find_lattices(ink)
    to_cells, agree = coarse_pose(lattices)
    box = _box(ink.shape, to_cells, lattices.centres[agree], margin_px=0.08 * max(ink.shape))
    phases = unwrap(measure_phases(ink, to_cells, box))
    for _ in range(REFINEMENTS):
        if (phases.weights.min(axis=-1) > 0).sum() < LEAST_CELLS:
            raise refusal(Reason.NO_GRID, "too few readable grid squares")
        to_cells, spread = refit(to_cells, phases)
        phases = unwrap(measure_phases(ink, to_cells, box))
    to_cells, spread = refit(to_cells, phases)
    return Grid(to_cells=to_cells, box=box, phases=unwrap(measure_phases(ink, to_cells, box)), residual_cells=spread)


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
