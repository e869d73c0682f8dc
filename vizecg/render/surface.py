"""Procedural light and table tops for photographs. No textures are shipped or downloaded."""

from __future__ import annotations

import cv2
import numpy as np

_COARSE = 16  # light varies slowly: fields are made this many times smaller and enlarged


def light_field(
    shape: tuple[int, int], rng: np.random.Generator, *, shadow: float, creases: int, strength: float
) -> np.ndarray:
    """Brightness factors over a page: a gradient, soft shadows with one straight edge, creased paper.

    Args:
        shape: (height, width) of the page in pixels.
        rng: decides the light.
        shadow: darkest shadow, as a share of the light taken away.
        creases: at most this many folds.
        strength: 0 gives even light.

    Returns:
        float32 (height, width), at most 1.
    """
    height, width = max(2, shape[0] // _COARSE), max(2, shape[1] // _COARSE)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.5
    field = np.ones((height, width), np.float32)
    if strength > 0:
        direction = rng.uniform(0, 2 * np.pi)
        slope = rng.uniform(0, 0.5) * strength
        field += slope * (np.cos(direction) * x + np.sin(direction) * y)
        for _ in range(int(rng.integers(0, 3))):
            distance = _distance(x, y, rng)
            softness = rng.uniform(0.005, 0.15)
            field *= 1 - rng.uniform(0, shadow) / (1 + np.exp(-np.clip(distance / softness, -30, 30)))
        for _ in range(int(rng.integers(0, creases + 1))):
            # The two sides of a fold face the light differently, and the fold itself is a thin dark line.
            distance = _distance(x, y, rng)
            field *= 1 + rng.uniform(-0.1, 0.1) * strength * np.sign(distance)
            field *= 1 - rng.uniform(0, 0.15) * strength * np.exp(-((distance / 0.012) ** 2))
        wrinkle = rng.normal(0, rng.uniform(0, 0.06) * strength, (height, width)).astype(np.float32)
        field *= 1 + 3 * cv2.GaussianBlur(wrinkle, (0, 0), rng.uniform(1, 4))
    field = np.clip(field / max(1.0, float(field.max())), 0.15, 1.0)
    return cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _distance(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Signed distance of each point to a random straight line, in page widths."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.cos(angle) * (x - rng.uniform(-0.4, 0.4)) + np.sin(angle) * (y - rng.uniform(-0.4, 0.4))


def table_top(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """What the sheet lies on: plain, grained like wood, or mottled. uint8 RGB (height, width, 3)."""
    height, width = shape
    colour = np.array(rng.choice([[150, 110, 75], [45, 45, 48], [90, 60, 40], [120, 125, 130], [60, 85, 110]]))
    small = np.ones((max(2, height // 8), max(2, width // 8)), np.float32)
    kind = rng.integers(3)
    if kind:
        grain = rng.normal(0, 1, small.shape).astype(np.float32)
        sigma = (rng.uniform(8, 25), 0.7) if kind == 1 else (2.0, 2.0)
        grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])
        small += grain / max(1e-6, float(grain.std())) * rng.uniform(0.03, 0.15)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.convertScaleAbs(cv2.merge([large * float(channel) for channel in colour]))
