"""The surface of a sheet that was folded, crumpled or does not lie flat: its heights, and what they do to a picture.

``draft_relief`` draws its few numbers, ``build_relief`` the heights on a lattice; ``vizecg.data.batch`` does so for
many pages on a GPU.

A camera above the middle of the page sees a point of height h displaced outwards, by h times its distance from the
middle over the camera's distance; and light from the side makes the slopes brighter and darker. So the bend of the
traces and the shading of the paper belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from vizecg.render.effects import Effects
from vizecg.render.mapping import Displacement

PITCH_MM = 2.0
_FOLD_SLOPE, _CRUMPLE_SLOPE, CURL_MM = 0.13, 0.16, 9.0  # steepest at strength 1
STEEPEST = 0.35
DARKEST = 0.6
CREASE_MM = 2.8  # as thin as the lattice of the light can show without breaking it up into dots


class Curl(NamedTuple):
    """One wide wave across a page: cosine and sine of its direction, millimetres a turn, phase; of a height of
    ``amplitude`` times ``CURL_MM`` times ``strength``."""

    cos: float
    sin: float
    wavelength: float
    phase: float
    amplitude: float
    strength: float


class Fold(NamedTuple):
    """A straight fold: cosine and sine of its normal, the point ``x``, ``y`` (millimetres) it goes through, the slope
    of the panels beside it and how dark its crease is."""

    cos: float
    sin: float
    x: float
    y: float
    slope: float
    dark: float


@dataclass(frozen=True, kw_only=True)
class Crumple:
    """Creases of crumpled paper: float32 (2, 4, 6) ``knots`` that distort the page's columns and rows (millimetres),
    and float64 (n, 4) ``lines``: cosine, sine, distance from the corner, weight; the sum of all is scaled twice."""

    knots: np.ndarray
    lines: np.ndarray
    scales: tuple[np.float32, np.float32]


@dataclass(frozen=True, kw_only=True)
class ReliefDraft:
    """All that decides a page's surface, drawn and not yet worked out; ``shape`` is the lattice's (rows, columns)."""

    shape: tuple[int, int]
    curl: Curl | None
    folds: tuple[Fold, ...]
    crumple: Crumple | None

    @property
    def flat(self) -> bool:
        return self.curl is None and not self.folds and self.crumple is None


class View(NamedTuple):
    """Where a camera looks at a page from: millimetres away, and its tilt across and down."""

    distance: float
    tilt: tuple[float, float]


class SideLight(NamedTuple):
    """Light from one side of a page: its direction (radians) and how flat it falls."""

    angle: float
    slant: float


@dataclass(frozen=True, kw_only=True)
class Relief:
    """Lattice over the page: float32 (rows, columns) heights in millimetres and crease darkness 0..1.

    Node (0, 0) lies at the page's top left corner, nodes are ``PITCH_MM`` apart.
    """

    heights: np.ndarray
    creases: np.ndarray

    def displacement(self, *, px_per_mm: float, origin: tuple[float, float], view: View) -> Displacement:
        """What a camera sees; ``origin``: of the page, in sheet pixels."""
        rows, columns = self.heights.shape
        x, y = lattice_axes(self.heights.shape)
        across = (x - x.mean()) / view.distance + view.tilt[0]
        down = (y - y.mean()) / view.distance + view.tilt[1]
        field = np.empty((rows, columns, 2), np.float32)
        field[..., 0] = self.heights * across * px_per_mm
        field[..., 1] = self.heights * down * px_per_mm
        return Displacement(field=field, pitch=PITCH_MM * px_per_mm, origin=origin)

    def shading(self, light: SideLight) -> np.ndarray:
        """Brightness factors float32 (rows, columns) under light from one side; about 1."""
        down, across = np.gradient(self.heights, PITCH_MM)
        factors = 1 + light.slant * (float(np.cos(light.angle)) * across + float(np.sin(light.angle)) * down)
        return (np.clip(factors, 0.4, 1.5) * (1 - self.creases)).astype(np.float32)


def draft_view(rng: np.random.Generator) -> View:
    """A likely place of the camera."""
    distance = rng.uniform(280, 450)
    return View(distance, tuple(rng.uniform(-0.15, 0.15, 2)))


def draft_side_light(rng: np.random.Generator) -> SideLight:
    angle, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.6)
    return SideLight(angle, slant)


def draft_relief(size_mm: tuple[float, float], effects: Effects, rng: np.random.Generator) -> ReliefDraft:
    """The surface of a page of (height, width) millimetres. Draws the same random numbers at any strength."""
    shape = (int(np.ceil(size_mm[0] / PITCH_MM)) + 1, int(np.ceil(size_mm[1] / PITCH_MM)) + 1)
    folding, crumpling, curling = (np.random.default_rng(seed) for seed in rng.integers(1 << 62, size=3))
    return ReliefDraft(
        shape=shape,
        curl=_draft_curl(effects.curl, curling) if effects.curl else None,
        folds=_draft_folds(shape, effects.folds, folding) if effects.folds else (),
        crumple=_draft_crumple(shape, effects.wrinkles, crumpling) if effects.wrinkles else None,
    )


def build_relief(draft: ReliefDraft) -> Relief:
    """The heights and creases of a draft."""
    heights = np.zeros(draft.shape, np.float32)
    creases = np.zeros(draft.shape, np.float32)
    x, y = lattice_axes(draft.shape)
    if draft.curl is not None:
        curl = draft.curl
        along = curl.cos * x + curl.sin * y
        wave = np.sin(along * (2 * np.pi / curl.wavelength) + curl.phase)
        heights += curl.amplitude * wave * CURL_MM * curl.strength
    for fold in draft.folds:
        distance = fold.cos * (x - fold.x) + fold.sin * (y - fold.y)
        # Up on one fold, down on the next, as a letter is folded: the panels between them stay plane.
        heights += fold.slope * np.abs(distance)
        creases += fold.dark * np.exp(-((distance / CREASE_MM) ** 2))
    if draft.crumple is not None:
        heights += _crumpled(draft.crumple, draft.shape)
    heights -= heights.mean()
    # Paper steeper than this would hide itself from the camera and no longer have one place for every point.
    steepest = float(np.abs(np.diff(heights, axis=0)).max() + np.abs(np.diff(heights, axis=1)).max()) / PITCH_MM
    heights *= min(1.0, STEEPEST / max(steepest, 1e-6))
    return Relief(heights=heights.astype(np.float32), creases=np.minimum(creases, DARKEST))


def lattice_axes(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Millimetres of the lattice's columns (1, n) and rows (m, 1)."""
    return (
        np.arange(shape[1], dtype=np.float32)[None] * np.float32(PITCH_MM),
        np.arange(shape[0], dtype=np.float32)[:, None] * np.float32(PITCH_MM),
    )


def _draft_folds(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Mostly straight across or down, near a half, a third or a quarter."""
    x, y = lattice_axes(shape)
    folds = []
    for side in range(int(rng.integers(1, 4))):
        upright = rng.random() < 0.6
        angle = rng.normal(0, 0.03) if rng.random() < 0.8 else rng.uniform(-0.8, 0.8)
        share = rng.choice([1 / 4, 1 / 3, 1 / 2, 1 / 2, 2 / 3, 3 / 4]) + rng.normal(0, 0.02)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))  # a numpy scalar would make the arrays float64
        slope = rng.uniform(0.2, 1) * _FOLD_SLOPE * strength * (-1) ** side
        dark = rng.uniform(0.05, 0.3) * strength
        if upright:
            folds.append(Fold(cos, sin, float(share * x.max()), float(y.mean()), slope, dark))
        else:
            folds.append(Fold(sin, cos, float(x.mean()), float(share * y.max()), slope, dark))
    return tuple(folds)


def _draft_curl(strength: float, rng: np.random.Generator) -> Curl:
    """A page that was rolled or lies on something soft."""
    angle = rng.uniform(0, np.pi)
    wavelength, phase = rng.uniform(250, 600), rng.uniform(0, 2 * np.pi)
    return Curl(float(np.cos(angle)), float(np.sin(angle)), wavelength, phase, rng.uniform(0.2, 1), strength)


def _draft_crumple(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> Crumple:
    """As crumpled paper is after it was smoothed out: slopes about -1..1 at strength 1."""
    x, y = lattice_axes(shape)
    knots = rng.normal(0, 7, (2, 4, 6)).astype(np.float32)
    lines = []
    for _ in range(int(rng.integers(8, 20))):
        angle = rng.uniform(0, np.pi)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        at = cos * rng.uniform(0, x.max()) + sin * rng.uniform(0, y.max())
        lines.append((cos, sin, at, rng.normal(0, 1)))
    scales = (np.float32(rng.uniform(0.3, 1) / np.sqrt(len(lines))), np.float32(_CRUMPLE_SLOPE * strength))
    return Crumple(knots=knots, lines=np.array(lines), scales=scales)


def _crumpled(crumple: Crumple, shape: tuple[int, int]) -> np.ndarray:
    """Heights of plane facets between sharp creases: straight lines on a slightly distorted page, so that they do not
    all run from edge to edge alike."""
    bent_x, bent_y = (
        axis + cv2.resize(knot, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        for axis, knot in zip(lattice_axes(shape), crumple.knots, strict=True)
    )
    total = np.zeros(shape, np.float32)
    for cos, sin, at, weight in crumple.lines.tolist():
        distance = cos * bent_x
        distance += sin * bent_y
        distance -= at
        total += weight * np.abs(distance, out=distance)
    return total * crumple.scales[0] * crumple.scales[1]
