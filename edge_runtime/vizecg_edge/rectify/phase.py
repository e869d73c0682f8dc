"""Where the grid lines lie, to a fraction of a millimetre: phases of the lines against a lattice, and the fit to them.

Convention: *cells* are grid squares (5 mm); a grid line lies at every whole cell coordinate. Views are images of
the grid in cells, ``CELL_PX`` pixels per cell, in which pixel centre column i lies at (i + 0.5) / CELL_PX + x0.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import cv2
import numpy as np

CELL_PX = 16
COHERENT = 0.5
"""Least coherence (0..1) of the phases around a cell for it to count."""
LINE_PERCENTILE, LINE_CAP = 92.0, 1.3
"""Ink of the grid lines: they cover about a tenth of the paper, traces a fiftieth. Darker ink is cut to it."""
DARK_CAP, MOST_DARK = 1.8, 0.12
"""Ink still darker is traces and text, unless there is too much of it: the mean of its surroundings replaces it."""
SMOOTH_CELLS = 1.3
MOST_CELLS = 110
MOST_ISLANDS, LEAST_ISLAND, ISLAND_TRUST = 6, 40, 0.002
"""Parts of the grid that traces or creases cut off: how many, their least size in cells, and their weight."""


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Offsets of the grid lines from the lattice, per cell of a view.

    ``centres``: (rows, columns, 2) float64, cell coordinates of the cells' centres. ``offsets``: (rows, columns, 2)
    float64, how far the true lines lie to the right and below of the lattice's, in cells. ``weights``:
    (rows, columns, 2) float64, 0 where there is no grid.
    """

    centres: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray


def view_of(ink: np.ndarray, to_cells: np.ndarray, box: tuple[int, int, int, int], cell_px: int) -> np.ndarray:
    """The part ``box`` (left, top, right, bottom, in cells) of an ink image, ``cell_px`` pixels per cell."""
    left, top, right, bottom = box
    scale = np.array([[cell_px, 0, -left * cell_px - 0.5], [0, cell_px, -top * cell_px - 0.5], [0, 0, 1]], np.float64)
    size = ((right - left) * cell_px, (bottom - top) * cell_px)
    return cv2.warpPerspective(ink, scale @ to_cells, size, flags=cv2.INTER_LINEAR, borderValue=0)


def measure_phases(ink: np.ndarray, to_cells: np.ndarray, box: tuple[int, int, int, int]) -> Phases:
    """uint8 ink (h, w) and a homography pixels -> cells -> wrapped offsets (-0.5..0.5) of all cells in ``box``."""
    return phases_of_view(view_of(ink, to_cells, box, CELL_PX), box)


def phases_of_view(view: np.ndarray, box: tuple[int, int, int, int]) -> Phases:
    """uint8 view of ``box``, ``CELL_PX`` pixels per cell -> wrapped offsets of its cells."""
    view = view.astype(np.float32)
    # Traces and text are much darker than grid lines and must not outweigh them.
    cap = max(6.0, LINE_CAP * _line_ink(view))
    darkest = cv2.dilate((view > DARK_CAP / LINE_CAP * cap).astype(np.uint8), np.ones((3, 3), np.uint8))
    np.minimum(view, cap, out=view)
    if darkest.mean() < MOST_DARK:
        np.copyto(view, cv2.blur(view, (CELL_PX, CELL_PX)), where=darkest > 0)
    rows, columns = view.shape[0] // CELL_PX, view.shape[1] // CELL_PX
    turn = np.exp(-2j * np.pi * (np.arange(CELL_PX) + 0.5) / CELL_PX).astype(np.complex64)
    blocks = view.reshape(rows, CELL_PX, columns, CELL_PX)
    vertical = blocks.mean(axis=1) @ turn
    horizontal = np.einsum("rpc,p->rc", blocks.mean(axis=3), turn)
    offsets, weights = [], []
    for lines in (vertical, horizontal):
        smooth = _blur(lines.real) + 1j * _blur(lines.imag)
        strength = _blur(np.abs(lines))
        floor = 0.25 * float(np.percentile(strength, 90)) + 1e-6
        coherence = np.abs(smooth) / np.maximum(strength, floor)
        offsets.append(-np.angle(smooth) / (2 * np.pi))
        weights.append(np.where(coherence > COHERENT, coherence**2, 0.0))
    x, y = np.meshgrid(np.arange(columns) + box[0] + 0.5, np.arange(rows) + box[1] + 0.5)
    return Phases(
        centres=np.stack([x, y], axis=-1).astype(np.float64),
        offsets=np.stack(offsets, axis=-1).astype(np.float64),
        weights=np.stack(weights, axis=-1).astype(np.float64),
    )


def _line_ink(view: np.ndarray) -> float:
    """Ink of the grid lines: the middle of what the cells say each, so that dark surroundings do not decide it."""
    rows, columns = view.shape[0] // CELL_PX, view.shape[1] // CELL_PX
    cells = view.reshape(rows, CELL_PX, columns, CELL_PX)[:, ::2, :, ::2]
    return float(np.median(np.percentile(cells, LINE_PERCENTILE, axis=(1, 3))))


def _blur(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values.astype(np.float32), (0, 0), SMOOTH_CELLS, borderType=cv2.BORDER_REFLECT_101)


def unwrap(phases: Phases) -> Phases:
    """Offsets made continuous from the most coherent cell outwards; cells not connected to it count for little."""
    offsets, weights = phases.offsets.copy(), phases.weights.copy()
    for axis in range(2):
        offsets[..., axis], trust = _unwrap_one(offsets[..., axis], weights[..., axis])
        weights[..., axis] *= trust
    return Phases(centres=phases.centres, offsets=offsets, weights=weights)


def _unwrap_one(offsets: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quality-guided flood fill: the best cell next to those done is done next.

    Returns the offsets and a factor for their weights: 1 on the mainland, little on islands, which may be off by a
    whole cell, and 0 elsewhere.
    """
    values, quality = offsets.tolist(), weights.tolist()
    trust = np.zeros(offsets.shape)
    # A blurred map finds a start inside a large good area.
    attraction = cv2.GaussianBlur(weights, (0, 0), 3.0)
    attraction[weights <= 0] = 0
    for _ in range(MOST_ISLANDS):
        row, column = divmod(int(np.argmax(attraction)), offsets.shape[1])
        if attraction[row, column] <= 0:
            break
        island = _flood(values, quality, row, column)
        attraction[island] = 0
        if not trust.any():
            trust[island] = 1.0
        elif island.sum() >= LEAST_ISLAND:
            trust[island] = ISLAND_TRUST
    return np.array(values), trust


def _flood(values: list[list[float]], quality: list[list[float]], row: int, column: int) -> np.ndarray:
    """Unwrap in place all cells connected to a start; returns which, (rows, columns) bool."""
    rows, columns = len(values), len(values[0])
    done = np.zeros((rows, columns), bool)
    heap = [(0.0, row, column, values[row][column])]
    while heap:
        _, row, column, guess = heapq.heappop(heap)
        if done[row, column]:
            continue
        done[row, column] = True
        value = values[row][column]
        value += round(guess - value)
        values[row][column] = value
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= r < rows and 0 <= c < columns and quality[r][c] > 0 and not done[r, c]:
                heapq.heappush(heap, (-quality[r][c], r, c, value))
    return done


def refit(to_cells: np.ndarray, phases: Phases) -> tuple[np.ndarray, float]:
    """The homography improved by the offsets, with robust reweighting.

    Returns:
        (3, 3) float64, pixels -> cells, and the robust RMS of what is left in the worse direction, in cells.
    """
    use = phases.weights.max(axis=-1) > 0
    centres = phases.centres[use]
    targets = centres - phases.offsets[use]
    weights = phases.weights[use]
    # The correction maps cells to cells and is close to the identity: solved there, which is well conditioned.
    middle, unit = centres.mean(axis=0), max(float(np.abs(centres - centres.mean(axis=0)).max()), 1.0)
    source, target = (centres - middle) / unit, (targets - middle) / unit
    correction = np.eye(3)
    spread = 0.2
    for _ in range(6):
        moved = _apply(correction, source)
        rest = (moved - target) * unit
        robust = 1 / (1 + (rest / (2 * spread)) ** 2) ** 2
        correction = _solve(source, target, weights * robust, correction)
        rest = (_apply(correction, source) - target) * unit
        spread = float(np.clip(1.4826 * np.median(np.abs(rest[weights > 0])), 0.01, 0.2))
    shift = np.array([[1 / unit, 0, -middle[0] / unit], [0, 1 / unit, -middle[1] / unit], [0, 0, 1]])
    result = np.linalg.inv(shift) @ correction @ shift @ to_cells
    # The worse of the two directions: paper often bends in one only.
    left = [1.4826 * float(np.median(np.abs(rest[:, axis][weights[:, axis] > 0]))) for axis in range(2)]
    return result / result[2, 2], max(left)


def _apply(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    moved = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:3], np.float64)


def _solve(source: np.ndarray, target: np.ndarray, weights: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Weighted linear least squares for the eight free entries; denominators are those of ``start``."""
    below = source @ start[2, :2] + 1
    ones, zeros = np.ones(len(source)), np.zeros(len(source))
    x, y = source.T
    u, v = target.T
    rows_u = np.stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y], axis=1)
    rows_v = np.stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y], axis=1)
    weight = np.sqrt(np.concatenate([weights[:, 0], weights[:, 1]])) / np.concatenate([below, below])
    matrix = np.concatenate([rows_u, rows_v]) * weight[:, None]
    right = np.concatenate([u, v]) * weight
    normal = matrix.T @ matrix + 1e-9 * np.eye(8)
    entries = np.linalg.solve(normal, matrix.T @ right)
    return np.append(entries, 1.0).reshape(3, 3)
