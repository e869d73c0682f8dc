"""The homography that puts grid lines on whole cells: weighted, robust least squares."""

from __future__ import annotations

import numpy as np

from vizecg_edge.rectify.phase import Phases

ROUNDS = 5
MOST_POINTS = 700


def refit(to_cells: np.ndarray, phases: Phases) -> tuple[np.ndarray, float, Phases]:
    """The homography improved by the offsets, with robust reweighting.

    Returns:
        (3, 3) float64, pixels -> cells; the robust RMS of what is left in the worse direction, in cells; and the
        phases with what the new homography leaves of their offsets.
    """
    use = np.flatnonzero(phases.weights.max(axis=-1).ravel() > 0)
    use = use[:: max(1, len(use) // MOST_POINTS)]
    centres = phases.centres.reshape(-1, 2)[use]
    targets = centres - phases.offsets.reshape(-1, 2)[use]
    weights = phases.weights.reshape(-1, 2)[use]
    # The correction maps cells to cells and is close to the identity: solved there, which is well conditioned.
    middle, unit = centres.mean(axis=0), max(float(np.abs(centres - centres.mean(axis=0)).max()), 1.0)
    source, target = (centres - middle) / unit, (targets - middle) / unit
    equations, right = _equations(source, target)
    correction = np.eye(3)
    spread = 0.2
    for _ in range(ROUNDS):
        rest = (_apply(correction, source) - target) * unit
        robust = 1 / (1 + (rest / (2 * spread)) ** 2) ** 2
        below = source @ correction[2, :2] + 1
        correction = _solve(equations, right, np.sqrt(weights * robust) / below[:, None])
        rest = (_apply(correction, source) - target) * unit
        spread = float(np.clip(1.4826 * np.median(np.abs(rest[weights > 0])), 0.01, 0.2))
    shift = to_unit(middle, unit)
    change = np.linalg.inv(shift) @ correction @ shift
    result = change @ to_cells
    # The worse of the two directions: paper often bends in one only.
    left = [1.4826 * float(np.median(np.abs(rest[:, axis][weights[:, axis] > 0]))) for axis in range(2)]
    moved = _apply(change, phases.centres.reshape(-1, 2)).reshape(phases.centres.shape)
    remaining = Phases(centres=phases.centres, offsets=moved - phases.centres + phases.offsets, weights=phases.weights)
    return result / result[2, 2], max(left), remaining


def to_unit(middle: np.ndarray, unit: float) -> np.ndarray:
    """(3, 3): points -> points about ``middle`` (2,), in ``unit``; what is fitted there is well conditioned."""
    return np.array([[1 / unit, 0, -middle[0] / unit], [0, 1 / unit, -middle[1] / unit], [0, 0, 1]])


def _apply(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    moved = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:3], np.float64)


def _equations(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2 n, 8) and (2 n,): the linear equations for the eight free entries, those of all x before those of all y."""
    count = len(source)
    matrix = np.zeros((2, count, 8))
    for k in range(2):
        matrix[k, :, 3 * k : 3 * k + 2] = source
        matrix[k, :, 3 * k + 2] = 1
        matrix[k, :, 6:] = -target[:, k : k + 1] * source
    return matrix.reshape(-1, 8), target.T.ravel()


def _solve(equations: np.ndarray, right: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Linear least squares, each point's equations multiplied by its ``factors`` (n, 2)."""
    factor = factors.T.ravel()
    matrix = equations * factor[:, None]
    normal = matrix.T @ matrix + 1e-9 * np.eye(8)
    entries = np.linalg.solve(normal, matrix.T @ (right * factor))
    return np.append(entries, 1.0).reshape(3, 3)
