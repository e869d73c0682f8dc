"""The surface of a sheet that was folded, crumpled or does not lie flat: its heights, and what they do to a picture.

A camera above the middle of the page sees a point of height h displaced outwards, by h times its distance from the
middle over the camera's distance; and light from the side makes the slopes brighter and darker. So the bend of the
traces and the shading of the paper belong together.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.render.effects import Effects
from vizecg.render.mapping import Displacement

PITCH_MM = 2.0
_FOLD_SLOPE, _CRUMPLE_SLOPE, _CURL_MM = 0.13, 0.16, 9.0  # steepest at strength 1
_STEEPEST = 0.35
_CREASE_MM = 2.8  # as thin as the lattice of the light can show without breaking it up into dots


@dataclass(frozen=True, kw_only=True)
class Relief:
    """Lattice over the page: float32 (rows, columns) heights in millimetres and crease darkness 0..1.

    Node (0, 0) lies at the page's top left corner, nodes are ``PITCH_MM`` apart.
    """

    heights: np.ndarray
    creases: np.ndarray

    def displacement(
        self, *, px_per_mm: float, origin: tuple[float, float], rng: np.random.Generator
    ) -> Displacement | None:
        """As seen by a camera at a likely place; None for a flat page. ``origin``: of the page, in sheet pixels."""
        distance = rng.uniform(280, 450)
        tilt = rng.uniform(-0.15, 0.15, 2)
        if not self.heights.any():
            return None
        rows, columns = self.heights.shape
        x, y = _axes(self.heights.shape)
        across = (x - x.mean()) / distance + tilt[0]
        down = (y - y.mean()) / distance + tilt[1]
        field = np.empty((rows, columns, 2), np.float32)
        field[..., 0] = self.heights * across * px_per_mm
        field[..., 1] = self.heights * down * px_per_mm
        return Displacement(field=field, pitch=PITCH_MM * px_per_mm, origin=origin)

    def shading(self, rng: np.random.Generator) -> np.ndarray:
        """Brightness factors float32 (rows, columns) under light from one side; about 1."""
        angle, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.6)
        down, across = np.gradient(self.heights, PITCH_MM)
        factors = 1 + slant * (float(np.cos(angle)) * across + float(np.sin(angle)) * down)
        return (np.clip(factors, 0.4, 1.5) * (1 - self.creases)).astype(np.float32)


def relief(size_mm: tuple[float, float], effects: Effects, rng: np.random.Generator) -> Relief:
    """The surface of a page of (height, width) millimetres. Draws the same random numbers at any strength."""
    shape = (int(np.ceil(size_mm[0] / PITCH_MM)) + 1, int(np.ceil(size_mm[1] / PITCH_MM)) + 1)
    heights = np.zeros(shape, np.float32)
    creases = np.zeros(shape, np.float32)
    folding, crumpling, curling = (np.random.default_rng(seed) for seed in rng.integers(1 << 62, size=3))
    if effects.curl:
        heights += _curl(shape, curling) * _CURL_MM * effects.curl
    if effects.folds:
        for side in range(int(folding.integers(1, 4))):
            distance = _fold_distance(shape, folding)
            # Up on one fold, down on the next, as a letter is folded: the panels between them stay plane.
            slope = folding.uniform(0.2, 1) * _FOLD_SLOPE * effects.folds * (-1) ** side
            heights += slope * np.abs(distance)
            dark = folding.uniform(0.05, 0.3) * effects.folds
            creases += dark * np.exp(-((distance / _CREASE_MM) ** 2))
    if effects.wrinkles:
        heights += _crumple(shape, crumpling) * np.float32(_CRUMPLE_SLOPE * effects.wrinkles)
    heights -= heights.mean()
    # Paper steeper than this would hide itself from the camera and no longer have one place for every point.
    steepest = float(np.abs(np.diff(heights, axis=0)).max() + np.abs(np.diff(heights, axis=1)).max()) / PITCH_MM
    heights *= min(1.0, _STEEPEST / max(steepest, 1e-6))
    return Relief(heights=heights.astype(np.float32), creases=np.minimum(creases, 0.6))


def _axes(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Millimetres of the lattice's columns (1, n) and rows (m, 1)."""
    return (
        np.arange(shape[1], dtype=np.float32)[None] * np.float32(PITCH_MM),
        np.arange(shape[0], dtype=np.float32)[:, None] * np.float32(PITCH_MM),
    )


def _fold_distance(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Signed millimetres to a fold: mostly straight across or down, near a half, a third or a quarter."""
    x, y = _axes(shape)
    upright = rng.random() < 0.6
    angle = rng.normal(0, 0.03) if rng.random() < 0.8 else rng.uniform(-0.8, 0.8)
    share = rng.choice([1 / 4, 1 / 3, 1 / 2, 1 / 2, 2 / 3, 3 / 4]) + rng.normal(0, 0.02)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))  # a numpy scalar would make the arrays float64
    if upright:
        return cos * (x - float(share * x.max())) + sin * (y - y.mean())
    return cos * (y - float(share * y.max())) + sin * (x - x.mean())


def _curl(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A page that was rolled or lies on something soft: one wide wave across it, -1..1."""
    x, y = _axes(shape)
    angle = rng.uniform(0, np.pi)
    along = float(np.cos(angle)) * x + float(np.sin(angle)) * y
    wave = np.sin(along * (2 * np.pi / rng.uniform(250, 600)) + rng.uniform(0, 2 * np.pi))
    return np.asarray(rng.uniform(0.2, 1) * wave, np.float32)


def _crumple(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Plane facets between sharp creases, as crumpled paper has after it was smoothed out: slopes about -1..1."""
    x, y = _axes(shape)
    # The creases are straight lines on a slightly distorted page, so that they do not all run from edge to edge alike.
    knots = rng.normal(0, 7, (2, 4, 6)).astype(np.float32)
    bent_x, bent_y = (
        axis + cv2.resize(knot, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        for axis, knot in zip((x, y), knots, strict=True)
    )
    total = np.zeros(shape, np.float32)
    count = int(rng.integers(8, 20))
    for _ in range(count):
        angle = rng.uniform(0, np.pi)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        at = cos * rng.uniform(0, x.max()) + sin * rng.uniform(0, y.max())
        distance = cos * bent_x
        distance += sin * bent_y
        distance -= at
        total += rng.normal(0, 1) * np.abs(distance, out=distance)
    return total * np.float32(rng.uniform(0.3, 1) / np.sqrt(count))
