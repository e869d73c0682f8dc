"""Light on the scene and what the sheet lies on, made small and enlarged: both vary slowly. No textures are shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from vizecg.render.effects import Effects

_TABLES = ((150, 110, 75), (45, 45, 48), (90, 60, 40), (120, 125, 130), (60, 85, 110), (205, 200, 190), (25, 60, 45))
_SCREEN_EDGE = (18, 18, 20)
DARKEST = 0.12
"""What the darkest shadow leaves of the light."""


class Shadow(NamedTuple):
    """A shadow with a straight edge (``radius`` None) through ``at``, or a round one about it; in shares of the
    picture.

    ``squeeze`` is how much narrower than high a round one is, ``softness`` the width of its edge, ``depth`` how much of
    the light it takes.
    """

    at: tuple[float, float]
    angle: float
    softness: float
    radius: float | None
    squeeze: float
    depth: float


@dataclass(frozen=True, kw_only=True)
class LightDraft:
    """All that decides the light on a scene: a gradient (direction in radians, slope), the fall-off to the corners,
    shadows, and the gains of the channels."""

    direction: float
    slope: float
    falloff: float
    shadows: tuple[Shadow, ...]
    gains: tuple[np.float32, np.float32, np.float32]


def draft_light(effects: Effects, rng: np.random.Generator) -> LightDraft:
    """Gradient and fall-off (``light``), shadows (``shadow``), white balance and exposure (``temperature``)."""
    direction, slope, falloff = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5), rng.uniform(0, 0.5)
    shadows = []
    for _ in range(int(rng.integers(0, 3)) if effects.shadow else 0):
        angle, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.005, 0.15)
        at = rng.uniform(-0.4, 0.4, 2).tolist()
        # A straight edge, or a hand, a head, the telephone itself.
        straight = rng.random() < 0.6
        radius, squeeze = (None, 1.0) if straight else (rng.uniform(0.1, 0.35), rng.uniform(0.7, 1.6))
        depth = effects.shadow * rng.uniform(0.1, 0.55)
        shadows.append(Shadow((at[0], at[1]), angle, softness, radius, squeeze, depth))
    warmth, green = rng.uniform(-1, 1), rng.uniform(-0.3, 0.3)
    gains = 1 + effects.temperature * 0.14 * np.array([warmth, green, -warmth])
    exposure = 1 - effects.temperature * rng.uniform(0, 0.25)
    channels = [np.float32(gain * exposure) for gain in gains]
    return LightDraft(
        direction=direction,
        slope=effects.light * slope,
        falloff=effects.light * falloff,
        shadows=tuple(shadows),
        gains=(channels[0], channels[1], channels[2]),
    )


def build_light(draft: LightDraft, shape: tuple[int, int]) -> np.ndarray:
    """Brightness and colour of the light over a picture: float32 (rows, columns, 3), about 1."""
    x = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None]
    y = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None]
    field = 1 + draft.slope * (float(np.cos(draft.direction)) * x + float(np.sin(draft.direction)) * y)
    field *= 1 - draft.falloff * (x * x + y * y)
    for shadow in draft.shadows:
        if shadow.radius is None:
            distance = float(np.cos(shadow.angle)) * (x - shadow.at[0]) + float(np.sin(shadow.angle)) * (
                y - shadow.at[1]
            )
        else:
            distance = shadow.radius - np.hypot((x - shadow.at[0]) * shadow.squeeze, y - shadow.at[1])
        field *= 1 - shadow.depth / (1 + np.exp(-np.clip(distance / shadow.softness, -30, 30)))
    np.clip(field, DARKEST, None, out=field)
    return cv2.merge([field * gain for gain in draft.gains])


def table_top(shape: tuple[int, int], colour: tuple[int, int, int], kind: int, rng: np.random.Generator) -> np.ndarray:
    """What the sheet lies on: plain, grained like wood, or mottled. uint8 RGB (rows, columns, 3)."""
    small = np.ones(shape, np.float32)
    if kind:
        grain = rng.normal(0, 1, shape).astype(np.float32)
        sigma = (rng.uniform(8, 25), 0.7) if kind == 1 else (2.0, 2.0)
        grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])
        small += grain / max(1e-6, float(grain.std())) * np.float32(rng.uniform(0.03, 0.15))
    return np.clip(small[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)


def background(shape: tuple[int, int], effects: Effects, rng: np.random.Generator) -> np.ndarray:
    """The surroundings of the sheet, coarse: uint8 RGB (rows, columns, 3)."""
    colour, kind = _TABLES[int(rng.integers(len(_TABLES)))], int(rng.integers(3))
    if effects.screen:
        return np.full((*shape, 3), _SCREEN_EDGE, np.uint8)
    if not effects.background:  # the white lid of a scanner
        return np.full((*shape, 3), 250, np.uint8)
    return table_top(shape, colour, kind, rng)
