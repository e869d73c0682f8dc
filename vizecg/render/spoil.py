"""Photographs spoilt beyond the range of the conditions: dark, blurred, shaken, bent, cut off ... up to unreadable."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from vizecg.spec.sheet import BLOCK_MM

BASE_STRENGTH = 0.4
"""Of the photograph that is then spoilt."""
CUT_SHARE, BEND_MM, BLUR_PX, MOTION_PX, SMALLER = 0.2, 8.0, 6.0, 30.0, 0.75
DARKER, NOISE, LIGHT, WORST_JPEG = 0.95, 8.0, 300.0, 3
"""The most that each way of spoiling does."""


class Kind(str, Enum):
    """How a photograph was taken. ``moderate`` and ``photo``: everyday, the latter up to full strength."""

    MODERATE = "moderate"
    PHOTO = "photo"
    SCAN = "scan"
    BW_SCAN = "bw_scan"
    FOLDED = "photo_folded"
    SHADOW = "photo_shadow"
    WRINKLED = "photo_wrinkled"
    MONITOR = "monitor"
    STAINED = "stained"
    CROPPED = "cropped"
    SEVERE = "severe"
    DARK = "dark"
    BLURRED = "blurred"
    SHAKEN = "shaken"
    SMALL = "small"
    BENT = "bent"
    GLARE = "glare"
    CUT = "cut"
    COMPRESSED = "compressed"


SPOILT = (Kind.DARK, Kind.BLURRED, Kind.SHAKEN, Kind.SMALL, Kind.BENT, Kind.GLARE, Kind.CUT, Kind.COMPRESSED)
"""What ``spoil`` does to an everyday photograph."""


def spoil(
    image: np.ndarray, seen: np.ndarray, kind: Kind, strength: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A photograph, spoilt.

    Args:
        image: uint8 RGB (H, W, 3), not changed.
        seen: float64 (..., 2), points of it in pixels.
        kind: one of ``SPOILT``.
        strength: 0 to 1.
        rng: where it matters, the place and direction.

    Returns:
        The picture, of another size where it is made smaller or cut, and where the points now lie.
    """
    if kind is Kind.DARK:
        dark = image * np.float32(1 - DARKER * strength)
        return np.clip(dark + rng.normal(0, NOISE * strength, image.shape), 0, 255).astype(np.uint8), seen
    if kind is Kind.BLURRED:
        return cv2.GaussianBlur(image, (0, 0), 0.3 + BLUR_PX * strength), seen
    if kind is Kind.SHAKEN:
        return _shaken(image, 1 + MOTION_PX * strength, rng), seen
    if kind is Kind.SMALL:
        factor = 1 - SMALLER * strength
        return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), (seen + 0.5) * factor - 0.5
    if kind is Kind.BENT:
        return _bent(image, seen, strength, rng)
    if kind is Kind.GLARE:
        return _glare(image, strength, rng), seen
    if kind is Kind.CUT:
        return _cut(image, seen, CUT_SHARE * strength, rng)
    quality = round(60 - (60 - WORST_JPEG) * strength)
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), seen


def _shaken(image: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    side = int(np.ceil(length)) // 2 * 2 + 3
    kernel = np.zeros((side, side), np.uint8)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    middle = (side - 1) / 2
    start, end = (tuple(int(value) for value in np.round((middle + s * reach) * 16)) for s in (-1, 1))
    cv2.line(kernel, start, end, 255, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _bent(
    image: np.ndarray, seen: np.ndarray, strength: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Slow waves across the picture."""
    height, width = image.shape[:2]
    per_mm = float(np.linalg.norm(seen[1] - seen[0])) / BLOCK_MM
    amplitude = BEND_MM * strength * per_mm * rng.uniform(0.5, 1, 2)
    waves = 2 * np.pi * rng.uniform(0.6, 2.0, (2, 2)) / np.array([width, height])
    phases = rng.uniform(0, 2 * np.pi, 2)

    def shift(points: np.ndarray) -> np.ndarray:
        return np.stack([amplitude[k] * np.sin(points @ waves[k] + phases[k]) for k in (0, 1)], axis=-1)

    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([x, y], axis=-1).astype(np.float64)
    source = (pixels + shift(pixels)).astype(np.float32)
    bent = cv2.remap(image, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = seen
    for _ in range(20):  # where q + shift(q) = seen
        moved = seen - shift(moved)
    return bent, moved


def _glare(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Reflections of lamps and windows: added light with soft edges."""
    height, width = image.shape[:2]
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    light = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        at = rng.uniform(0.15, 0.85, 2) * [width, height]
        long = width * (0.04 + 0.2 * strength) * rng.uniform(0.6, 1.4)
        angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.3, 1.0)
        along = np.cos(angle) * (x - at[0]) + np.sin(angle) * (y - at[1])
        across = -np.sin(angle) * (x - at[0]) + np.cos(angle) * (y - at[1])
        spot = np.exp(-(((along / long) ** 2 + (across / (long * ratio)) ** 2) ** 1.5))
        light = np.maximum(light, spot.astype(np.float32))
    return np.clip(image + LIGHT * strength * light[..., None], 0, 255).astype(np.uint8)


def _cut(image: np.ndarray, seen: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The picture ends inside the block of traces, on one side."""
    low, high = seen.min(axis=0), seen.max(axis=0)
    side = int(rng.integers(4))
    axis = side % 2
    at = float((high if side >= 2 else low)[axis] + (-1 if side >= 2 else 1) * share * (high - low)[axis])
    edge = int(np.clip(at, 0, image.shape[1 - axis] - 1))
    if side >= 2:
        return (image[:, : edge + 1] if axis == 0 else image[: edge + 1]), seen
    offset = np.array([edge, 0]) if axis == 0 else np.array([0, edge])
    return (image[:, edge:] if axis == 0 else image[edge:]), seen - offset
