"""A first homography from local lattices: photograph -> grid cells, up to a shift."""

from __future__ import annotations

import numpy as np

from vizecg_edge.rectify.fit import to_unit
from vizecg_edge.rectify.lattice import Lattices
from vizecg_edge.rectify.reasons import Reason, refusal

LEAST_TILES = 8
AGREE_SEED, AGREE_FIT = 0.22, 0.07
"""Largest relative difference of two lattices: when tiles vote for each other, and after the fit."""
ROUNDS = 12


def coarse_pose(lattices: Lattices) -> tuple[np.ndarray, np.ndarray]:
    """Homography that maps pixels to grid cells, and which tiles agree with it.

    Returns:
        (3, 3) float64, pixels of the lattices -> cells, with an arbitrary origin; (n,) bool, the agreeing tiles.

    Raises:
        InputRefusedError: no_grid, when too few tiles agree on one lattice.
    """
    count = len(lattices.centres)
    if count < LEAST_TILES:
        raise refusal(Reason.NO_GRID, f"{count} grid patches")
    gradients = np.linalg.inv(lattices.steps)
    differences = _relative(gradients[:, None], gradients[None, :])
    weights = lattices.strengths**2
    votes = (differences < AGREE_SEED) @ weights
    seed = int(np.argmax(votes))
    agree = differences[seed] < AGREE_SEED
    if agree.sum() < LEAST_TILES:
        raise refusal(Reason.NO_GRID, f"{int(agree.sum())} grid patches agree")
    origin = np.average(lattices.centres[agree], axis=0, weights=weights[agree])
    unit = float(np.abs(lattices.centres - origin).max())
    points = (lattices.centres - origin) / unit
    parameters = np.concatenate([gradients[seed].ravel() * unit, np.zeros(2)])
    for round_number in range(ROUNDS):
        limit = AGREE_SEED * (AGREE_FIT / AGREE_SEED) ** min(1.0, round_number / (ROUNDS - 4))
        misfit = _relative(_gradient(parameters, points) / unit, gradients)
        agree = misfit < limit
        if agree.sum() < LEAST_TILES:
            raise refusal(Reason.NO_GRID, f"{int(agree.sum())} grid patches agree")
        parameters = _step(parameters, points, gradients * unit, weights * agree)
    agree = _relative(_gradient(parameters, points) / unit, gradients) < AGREE_FIT
    if agree.sum() < LEAST_TILES:
        raise refusal(Reason.NO_GRID, f"{int(agree.sum())} grid patches agree")
    homography = np.array([[*parameters[0:2], 0], [*parameters[2:4], 0], [*parameters[4:6], 1]], np.float64)
    return homography @ to_unit(origin, unit), agree


def _relative(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Relative difference of gradient matrices (..., 2, 2): 0 is equal."""
    return _norm(first - second) / np.minimum(_norm(first), _norm(second))


def _norm(matrices: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.einsum("...ij,...ij->...", matrices, matrices)))


def _gradient(parameters: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Jacobians (..., n, 2, 2) of homographies (..., 6) with zero shift at points (n, 2)."""
    rows = parameters[..., :4].reshape(*parameters.shape[:-1], 2, 2)
    tilt = parameters[..., 4:6]
    below = np.maximum(1 + tilt @ points.T, 0.1)[..., None]
    values = (points @ np.swapaxes(rows, -1, -2)) / below
    change = rows[..., None, :, :] - values[..., None] * tilt[..., None, None, :]
    return np.asarray(change / below[..., None])


def _step(parameters: np.ndarray, points: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One damped Gauss-Newton step of the weighted least squares fit of the gradients."""
    scale = float(np.linalg.norm(parameters[:4]))
    nudges = 1e-5 * np.array([scale, scale, scale, scale, 1.0, 1.0])
    tried = _gradient(np.concatenate([parameters[None], parameters + np.diag(nudges)]), points)
    base = tried[0]
    root = np.repeat(np.sqrt(weights), 4) / scale
    jacobian = ((tried[1:] - base) / nudges[:, None, None, None]).reshape(6, -1).T * root[:, None]
    rest = (targets - base).reshape(-1) * root
    normal = jacobian.T @ jacobian
    normal += 1e-6 * np.diag(np.diag(normal)) + 1e-9 * np.eye(6)
    return parameters + np.linalg.solve(normal, jacobian.T @ rest)
