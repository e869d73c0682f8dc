"""Handwriting and stains on the printed sheet, as sparse dots of colour that darken what is under them."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from vizecg.render.effects import Effects
from vizecg.render.text import Dots, Mark, place_marks

_PENS = ((25, 35, 120), (20, 20, 25), (150, 25, 30), (20, 80, 60))
_COFFEE = ((120, 80, 40), (150, 120, 80), (90, 60, 45))
_MARKER = ((255, 240, 60), (120, 255, 120), (255, 160, 200))


class Tint(NamedTuple):
    """int64 (n,) places ``y * width + x``, float32 (n,) opacities 0..1, and the colour (RGB) they let through."""

    place: np.ndarray
    opacity: np.ndarray
    colour: tuple[int, int, int]


def tint(image: np.ndarray, mark: Tint) -> None:
    """Darken some pixels of a contiguous uint8 RGB picture (H, W, 3) in place: ink under a stain stays ink."""
    values = image.reshape(-1)
    place = mark.place * 3
    for channel, level in enumerate(mark.colour):
        keep = 1 - mark.opacity * np.float32(1 - level / 255)
        values[place + channel] = (values[place + channel] * keep + np.float32(0.5)).astype(np.uint8)


def marks_on_paper(
    shape: tuple[int, int], px_per_mm: float, effects: Effects, rng: np.random.Generator
) -> tuple[Tint, ...]:
    """What people leave on a sheet of (height, width) pixels."""
    writing, staining = (np.random.default_rng(seed) for seed in rng.integers(1 << 62, size=2))
    marks = []
    if effects.stains:
        for _ in range(int(staining.integers(1, 4))):
            marks.append(_stain(shape, px_per_mm, effects.stains, staining))
    if writing.random() < effects.handwriting:
        for _ in range(1 + int(writing.integers(0, 1 + round(4 * effects.handwriting)))):
            marks.append(_scribble(shape, px_per_mm, effects.handwriting, writing))
    return tuple(marks)


def _stain(shape: tuple[int, int], px_per_mm: float, strength: float, rng: np.random.Generator) -> Tint:
    """The ring of a cup, a blot, or a stroke of a text marker."""
    kind = int(rng.integers(3))
    if kind == 2:
        size = (round(rng.uniform(4, 8) * px_per_mm), round(rng.uniform(20, 90) * px_per_mm))
        opacity = np.full(size, rng.uniform(0.3, 0.9) * strength, np.float32)
        return _placed(opacity, _MARKER[int(rng.integers(3))], shape, rng)
    radius = rng.uniform(8, 40) * px_per_mm
    side = int(3 * radius) | 1
    axis = np.linspace(-1.5, 1.5, side, dtype=np.float32)
    wobble = cv2.resize(rng.normal(0, 0.04, (6, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    distance = np.hypot(axis[None], axis[:, None]) + wobble
    rim = np.exp(-(((distance - 1) / rng.uniform(0.02, 0.07)) ** 2))
    inside = 1 / (1 + np.exp((distance - 1) / 0.03))
    filling = 0.12 if kind == 0 else rng.uniform(0.3, 0.7)
    opacity = (strength * rng.uniform(0.35, 0.8) * np.maximum(rim, filling * inside)).astype(np.float32)
    return _placed(opacity, _COFFEE[int(rng.integers(3))], shape, rng)


def _scribble(shape: tuple[int, int], px_per_mm: float, strength: float, rng: np.random.Generator) -> Tint:
    """A few words in longhand, a ring drawn around something, or a tick."""
    size = rng.uniform(3, 9) * px_per_mm
    kind = rng.random()
    if kind < 0.6:
        lines = _longhand(size, rng)
    elif kind < 0.85:
        t = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.2), 60)
        lines = [size * rng.uniform(1, 3) * np.column_stack([np.cos(t) * (1 + 0.03 * t), 0.6 * np.sin(t)])]
    else:
        lines = [size * np.array([[0, 0], [0.4, 0.7], [1.4, -1.2]])]
    angle = rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    lines = [line @ turn for line in lines if len(line) > 1]
    every = np.concatenate(lines)
    low, high = every.min(axis=0) - 4, every.max(axis=0) + 4
    canvas = np.zeros((int(high[1] - low[1]) + 1, int(high[0] - low[0]) + 1), np.uint8)
    thickness = max(1, round(rng.uniform(0.25, 0.6) * px_per_mm))
    for line in lines:
        points = np.round((line - low) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, thickness, cv2.LINE_AA, 4)
    opacity = canvas.astype(np.float32) * np.float32((0.5 + 0.5 * strength) / 255)
    return _placed(opacity, _PENS[int(rng.integers(len(_PENS)))], shape, rng)


def _longhand(size: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Words of looping letters: each letter is a small curve through random points, each word one line."""
    lines, x = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        letters = int(rng.integers(2, 8))
        anchors = [(x, 0.0)]
        for _ in range(letters):
            tall = rng.choice([0.5, 0.5, 0.5, 1.1, -0.6])
            width = rng.uniform(0.35, 0.7)
            anchors += [
                (x + 0.5 * width, -tall * rng.uniform(0.8, 1.2)),
                (x + rng.uniform(0.1, 0.5) * width, rng.uniform(-0.3, 0)),
                (x + width, rng.uniform(-0.1, 0.1)),
            ]
            x += width
        knots = np.array(anchors) * size
        # Chaikin's corner cutting makes a smooth pen line of the polygon.
        for _ in range(3):
            knots = np.stack([0.75 * knots[:-1] + 0.25 * knots[1:], 0.25 * knots[:-1] + 0.75 * knots[1:]], axis=1)
            knots = knots.reshape(-1, 2)
        lines.append(knots)
        x += rng.uniform(0.4, 0.9)
    return lines


def _placed(
    opacity: np.ndarray, colour: tuple[int, int, int], shape: tuple[int, int], rng: np.random.Generator
) -> Tint:
    """A mark somewhere on the sheet, perhaps partly off its edge."""
    height, width = shape
    y, x = np.nonzero(opacity > 0.004)
    down = int(rng.uniform(-0.3, 1.0) * height * 0.9)
    across = int(rng.uniform(-0.1, 1.0) * width * 0.9)
    inside = place_marks([Mark(Dots(x, y, opacity[y, x]), across, down)], width=width, height=height)
    return Tint(inside.place, inside.opacity, colour)
