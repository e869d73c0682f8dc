"""Light on the scene and what the sheet lies on, made small and enlarged: both vary slowly. No textures are shipped."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg.render.effects import Effects

_TABLES = ((150, 110, 75), (45, 45, 48), (90, 60, 40), (120, 125, 130), (60, 85, 110), (205, 200, 190), (25, 60, 45))
_SCREEN_EDGE = (18, 18, 20)


def scene_light(shape: tuple[int, int], effects: Effects, rng: np.random.Generator) -> np.ndarray:
    """Brightness and colour of the light over a picture: float32 (rows, columns, 3), about 1.

    Gradient and fall-off to the corners (``light``), shadows with straight or round edges (``shadow``), white balance
    and exposure (``temperature``).
    """
    x = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None]
    y = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None]
    direction, slope, falloff = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5), rng.uniform(0, 0.5)
    field = 1 + effects.light * slope * (float(np.cos(direction)) * x + float(np.sin(direction)) * y)
    field *= 1 - effects.light * falloff * (x * x + y * y)
    for _ in range(int(rng.integers(0, 3)) if effects.shadow else 0):
        angle, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.005, 0.15)
        at = rng.uniform(-0.4, 0.4, 2).tolist()
        if rng.random() < 0.6:
            distance = float(np.cos(angle)) * (x - at[0]) + float(np.sin(angle)) * (y - at[1])
        else:  # a hand, a head, the telephone itself
            distance = rng.uniform(0.1, 0.35) - np.hypot((x - at[0]) * rng.uniform(0.7, 1.6), y - at[1])
        field *= 1 - effects.shadow * rng.uniform(0.1, 0.55) / (1 + np.exp(-np.clip(distance / softness, -30, 30)))
    np.clip(field, 0.12, None, out=field)
    warmth, green = rng.uniform(-1, 1), rng.uniform(-0.3, 0.3)
    gains = 1 + effects.temperature * 0.14 * np.array([warmth, green, -warmth])
    exposure = 1 - effects.temperature * rng.uniform(0, 0.25)
    return cv2.merge([field * np.float32(gain * exposure) for gain in gains])


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
