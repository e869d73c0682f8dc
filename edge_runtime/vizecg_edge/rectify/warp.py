"""From grid cells back to pixels: the homography and the smooth bend of the paper, as maps for ``cv2.remap``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid, halved
from vizecg_edge.rectify.phase import CELL_PX, Phases, phases_of_view

MOST_BEND_CELLS = 3.0
"""Larger displacements (15 mm) are taken for errors of the unwrapping and ignored."""
MOST_CHANGE_CELLS = 0.3
HALF_CELL_PX = 12
"""Pixels to a cell of the flattened view where the ink is fine enough to be halved for it."""
NEAR_CELLS, FAR_CELLS = 0.8, 4.0
SWEEPS = 5


@dataclass(frozen=True, kw_only=True)
class Bend:
    """Where the paper departs from a plane: what the homography leaves of the grid lines' positions.

    ``left``, ``top``: cell coordinates of the first cell's left and upper edge. ``cells``: (rows, columns, 2)
    float32, displacement (x, y) at the cells' centres, in cells: the point of the paper at grid coordinate g is found
    where the homography puts g + displacement.
    """

    left: int
    top: int
    cells: np.ndarray


def first_bend(grid: Grid) -> Bend:
    """The bend of the paper from the offsets that the fit of the grid left.

    The offsets are known where the homography puts the paper, the bend is wanted where the paper would lie flat: a
    few sweeps carry it over.
    """
    first = _smooth(grid.phases, grid.box, MOST_BEND_CELLS)
    flat = grid.phases.centres
    there = flat
    for _ in range(SWEEPS):
        there = flat + bend_at(first, there)
    return Bend(left=first.left, top=first.top, cells=(there - flat).astype(np.float32))


def refine_bend(ink: np.ndarray, grid: Grid, bend: Bend) -> Bend:
    """The bend measured once more on the flattened view.

    Args:
        ink: uint8 (h, w), the reduced photograph's grid ink.
        grid: its grid.
        bend: what is known so far.
    """
    to_cells, cell_px = grid.to_cells, CELL_PX
    if _px_per_cell(grid) >= 2 * HALF_CELL_PX:
        ink, to_small = halved(ink)
        to_cells, cell_px = to_cells @ np.linalg.inv(to_small), HALF_CELL_PX
    maps = cells_map(to_cells, bend, grid.box, cell_px=cell_px)
    view = cv2.remap(ink, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    rest = _smooth(phases_of_view(view, grid.box, cell_px=cell_px), grid.box, MOST_CHANGE_CELLS)
    return Bend(left=bend.left, top=bend.top, cells=bend.cells + rest.cells)


def _px_per_cell(grid: Grid) -> float:
    """Ink pixels to a cell in the middle of the grid."""
    x, y = (grid.box[0] + grid.box[2]) / 2, (grid.box[1] + grid.box[3]) / 2
    corners = np.array([[[x, y], [x + 1, y], [x, y + 1]]])
    middle, right, below = cv2.perspectiveTransform(corners, np.linalg.inv(grid.to_cells))[0]
    across, down = right - middle, below - middle
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))


def _smooth(phases: Phases, box: tuple[int, int, int, int], most: float) -> Bend:
    """Offsets smoothed, filled in from their surroundings where unreliable, and fading to 0 far from the grid."""
    weights = np.where(np.abs(phases.offsets) < most, phases.weights, 0.0).astype(np.float32)
    values = weights * phases.offsets.astype(np.float32)
    layers = []
    for axis in range(2):
        weight, value = weights[..., axis], values[..., axis]
        # The wide blur only counts where the narrow one has next to nothing.
        over = _blur(value, NEAR_CELLS) + 0.02 * _blur(value, FAR_CELLS)
        under = _blur(weight, NEAR_CELLS) + 0.02 * _blur(weight, FAR_CELLS) + 1e-3
        layers.append(over / under)
    return Bend(left=box[0], top=box[1], cells=np.stack(layers, axis=-1))


def _blur(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)


def bend_at(bend: Bend, points: np.ndarray) -> np.ndarray:
    """Displacements (..., 2) in cells at grid coordinates (..., 2); those of the nearest cell outside."""
    flat = np.asarray(points, np.float32).reshape(1, -1, 2) - np.array([bend.left + 0.5, bend.top + 0.5], np.float32)
    # remap takes maps of at most 32767 columns.
    half = flat.shape[1]
    columns = min(half, 1024)
    padded = np.zeros((-(-half // columns) * columns, 2), np.float32)
    padded[:half] = flat[0]
    maps = padded.reshape(-1, columns, 2)
    values = cv2.remap(bend.cells, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values.reshape(-1, 2)[:half].reshape(np.shape(points)), np.float64)


def cells_map(to_cells: np.ndarray, bend: Bend, box: tuple[int, int, int, int], *, cell_px: int) -> np.ndarray:
    """``pixel_map`` of a box of cells, ``cell_px`` pixels to each, that begins with a line."""
    left, top, right, bottom = box
    size, s = ((right - left) * cell_px, (bottom - top) * cell_px), 1 / cell_px
    view_to_cells = np.array([[s, 0, left + 0.5 * s], [0, s, top + 0.5 * s], [0, 0, 1]], np.float64)
    return pixel_map(to_cells, bend, view_to_cells, size, cell_px // 2)


def pixel_map(
    to_cells: np.ndarray, bend: Bend | None, view_to_cells: np.ndarray, size: tuple[int, int], step: int
) -> np.ndarray:
    """For every pixel of a view, where it lies in the image. float32 (height, width, 2).

    Args:
        to_cells: (3, 3), image pixels -> cells.
        bend: the bend of the paper, or None for a plane.
        view_to_cells: (3, 3) affine, view pixels -> cells.
        size: (width, height) of the view.
        step: spacing, in view pixels, of the points that are computed; between them the map is interpolated.
    """
    return next(iter(pixel_maps(to_cells, bend, view_to_cells, size, step, band=size[1])))


def pixel_maps(
    to_cells: np.ndarray, bend: Bend | None, view_to_cells: np.ndarray, size: tuple[int, int], step: int, *, band: int
) -> Iterator[np.ndarray]:
    """``pixel_map`` in bands of about ``band`` rows, one after the other: a core's cache holds them."""
    width, height = size
    # A node in the middle of each square of step x step pixels, and one beyond each edge: that is where ``resize``
    # expects them, which is three times as fast as a warp.
    across, along = (np.arange(-1, -(-length // step) + 1) * step + (step - 1) / 2 for length in size)
    nodes = np.stack(np.meshgrid(across, along), axis=-1)
    cells = cv2.perspectiveTransform(nodes.reshape(1, -1, 2), view_to_cells)[0]
    if bend is not None:
        cells = cells + bend_at(bend, cells)
    pixels = cv2.perspectiveTransform(cells[None], np.linalg.inv(to_cells))
    coarse = pixels.reshape(*nodes.shape).astype(np.float32)
    squares = max(1, -(-band // step))
    for first in range(0, len(along) - 2, squares):
        some = coarse[first : first + squares + 2]
        rows = min(squares * step, height - first * step)
        whole = cv2.resize(some, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        yield np.asarray(whole[step : step + rows, step : step + width])
