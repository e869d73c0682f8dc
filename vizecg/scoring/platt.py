"""Platt's scale and bias, and the temperature, of one class: regularised maximum likelihood by Newton's method."""

from __future__ import annotations

import numpy as np

from vizecg.spec.decide import sigmoid

_L2 = 1e-3  # keeps a class that separates perfectly from running to infinite slope
_STEPS = 200
_SMALL = 1e-10  # of the gradient: the fit is exact to about as many digits


def fit_platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Platt's scale and bias of one class, ``p = sigmoid(scale * logit + bias)``.

    Args:
        logits: (n,).
        labels: (n,) of 0 and 1, both present.
    """
    log_scale, bias = _fit(logits, labels, free=2)
    return float(np.exp(log_scale)), float(bias)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of one class, ``p = sigmoid(logit / temperature)``: Platt's without bias. Arguments as there."""
    log_scale, _ = _fit(logits, labels, free=1)
    return float(np.exp(-log_scale))


def _fit(logits: np.ndarray, labels: np.ndarray, *, free: int) -> np.ndarray:
    """Logarithm of the scale, and bias; of which only the first ``free`` are fitted, the others stay 0."""
    x, y = np.asarray(logits, np.float64), np.asarray(labels, np.float64)
    at = np.zeros(2)
    loss = _loss(at, x, y)
    for _ in range(_STEPS):
        gradient, curvature = (part[..., :free] for part in _derivatives(at, x, y))
        if np.abs(gradient).max() < _SMALL:
            break
        step = np.zeros(2)
        step[:free] = np.linalg.solve(_positive(curvature[:free]), -gradient)
        slope = float(gradient @ step[:free])
        share, lower = 1.0, _loss(at + step, x, y)
        while lower > loss + 1e-4 * share * slope and share > 1e-9:
            share /= 2
            lower = _loss(at + share * step, x, y)
        if lower >= loss:
            break  # as low as float64 tells
        at, loss = at + share * step, lower
    return at


def _loss(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Mean cross-entropy; the slope is held to 1."""
    z = np.exp(min(at[0], 50.0)) * x + at[1]
    return float(np.mean(np.logaddexp(0, z) - y * z) + _L2 * at[0] ** 2)


def _derivatives(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2,) and (2, 2)."""
    scaled = np.exp(at[0]) * x
    p = sigmoid(scaled + at[1])
    error, weight = p - y, p * (1 - p)
    first = np.array([np.mean(error * scaled) + 2 * _L2 * at[0], np.mean(error)])
    mixed = np.mean(weight * scaled)
    own = np.mean(weight * scaled**2 + error * scaled) + 2 * _L2
    return first, np.array([[own, mixed], [mixed, np.mean(weight)]])


def _positive(curvature: np.ndarray) -> np.ndarray:
    """With eigenvalues made positive: where the loss is not convex a step leads downhill all the same."""
    values, vectors = np.linalg.eigh(curvature)
    return np.asarray((vectors * np.maximum(np.abs(values), 1e-12)) @ vectors.T)
