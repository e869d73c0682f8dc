"""The homography whose lattice runs as fast as the grid lines: found from differences between neighbouring cells.

Offsets of grid lines are known up to whole cells, and following them from cell to cell fails where creases or traces
cut the grid into parts. Their differences between neighbours are known for certain, and a homography that is fitted
to those leaves offsets so even that parts on both sides of a crease no longer differ by whole cells.
"""

from __future__ import annotations

import numpy as np

from vizecg_edge.rectify.fit import to_unit
from vizecg_edge.rectify.phase import Phases

ROUNDS = 6
LEAST_SPREAD, FIRST_SPREAD = 0.02, 0.1
"""Scale of the robust weights, in cells per cell: its floor, and at the start."""


def level(to_cells: np.ndarray, phases: Phases) -> np.ndarray:
    """The homography (3, 3), pixels -> cells, with the slopes of the wrapped offsets taken out, up to a shift."""
    left, top = phases.centres[0, 0]
    right, bottom = phases.centres[-1, -1]
    middle, unit = np.array([left + right, top + bottom]) / 2, max(right - left, bottom - top) / 2
    x, y = np.moveaxis((phases.centres - middle) / unit, -1, 0)
    matrices, values, weights = [], [], []
    for axis in range(2):
        for direction in range(2):
            first = (slice(None), slice(None, -1)) if direction == 0 else (slice(None, -1), slice(None))
            second = (slice(None), slice(1, None)) if direction == 0 else (slice(1, None), slice(None))
            offset, weight = phases.offsets[..., axis], phases.weights[..., axis]
            joint = (weight[first] * weight[second]).ravel()
            use = joint > 0
            slope = (offset[second] - offset[first]).ravel()[use]
            u = ((x[first] + x[second]) / 2).ravel()[use]
            v = ((y[first] + y[second]) / 2).ravel()[use]
            matrices.append(_gradient(u, v, axis, direction))
            values.append(-(slope - np.round(slope)))
            weights.append(joint[use])
    matrix, value, weight = np.concatenate(matrices), np.concatenate(values), np.concatenate(weights)
    if len(value) < 2 * matrix.shape[1]:
        return to_cells
    spread, entries = FIRST_SPREAD, np.zeros(matrix.shape[1])
    for _ in range(ROUNDS):
        rest = value - matrix @ entries
        robust = weight / (1 + (rest / (2 * spread)) ** 2) ** 2
        weighted = matrix * robust[:, None]
        entries = np.linalg.solve(matrix.T @ weighted + 1e-9 * np.eye(len(entries)), weighted.T @ value)
        spread = max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(value - matrix @ entries))))
    a1, a2, b1, b2, p, q = entries
    change = np.array([[1 + a1, a2, 0], [b1, 1 + b2, 0], [-p, -q, 1]])
    shift = to_unit(middle, unit)
    result = np.linalg.inv(shift) @ change @ shift @ to_cells
    return np.asarray(result / result[2, 2], np.float64)


def _gradient(x: np.ndarray, y: np.ndarray, axis: int, direction: int) -> np.ndarray:
    """(n, 6): how the derivative of the displacement (``axis``) along ``direction`` depends on the six entries of
    x' = (x + a1 x + a2 y) / (1 - p x - q y), y' = (y + b1 x + b2 y) / (1 - p x - q y), for small ones."""
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = {
        (0, 0): (one, zero, zero, zero, 2 * x, y),
        (0, 1): (zero, one, zero, zero, zero, x),
        (1, 0): (zero, zero, one, zero, y, zero),
        (1, 1): (zero, zero, zero, one, x, 2 * y),
    }
    return np.stack(rows[axis, direction], axis=1)
