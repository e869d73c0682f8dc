"""A first homography from local lattices: photograph -> grid cells, up to a shift."""

from __future__ import annotations

import numpy as np

from vizecg_edge.rectify.lattice import Lattices
from vizecg_edge.rectify.reasons import Reason, refusal

LEAST_TILES = 12
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
    shrink = np.array([[1 / unit, 0, -origin[0] / unit], [0, 1 / unit, -origin[1] / unit], [0, 0, 1]])
    return homography @ shrink, agree


def _relative(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Relative difference of gradient matrices (..., 2, 2): 0 is equal."""
    difference = np.linalg.norm(first - second, axis=(-2, -1))
    return difference / np.minimum(np.linalg.norm(first, axis=(-2, -1)), np.linalg.norm(second, axis=(-2, -1)))


def _gradient(parameters: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Jacobian (n, 2, 2) of the homography with zero shift at points (n, 2)."""
    rows = parameters[:4].reshape(2, 2)
    tilt = parameters[4:6]
    below = np.maximum(1 + points @ tilt, 0.1)
    values = (points @ rows.T) / below[:, None]
    return (rows[None] - values[:, :, None] * tilt[None, None, :]) / below[:, None, None]


def _step(parameters: np.ndarray, points: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One damped Gauss-Newton step of the weighted least squares fit of the gradients."""
    scale = np.linalg.norm(parameters[:4])
    base = _gradient(parameters, points)
    columns = []
    for index in range(6):
        nudge = np.zeros(6)
        nudge[index] = 1e-5 * (scale if index < 4 else 1.0)
        columns.append(((_gradient(parameters + nudge, points) - base) / nudge.sum()).reshape(-1))
    jacobian = np.stack(columns, axis=1) * np.repeat(np.sqrt(weights), 4)[:, None] / scale
    rest = (targets - base).reshape(-1) * np.repeat(np.sqrt(weights), 4) / scale
    normal = jacobian.T @ jacobian
    normal += 1e-6 * np.diag(np.diag(normal)) + 1e-9 * np.eye(6)
    return parameters + np.linalg.solve(normal, jacobian.T @ rest)
