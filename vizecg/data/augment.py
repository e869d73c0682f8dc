"""What happens to a sample in training after it was drawn: decided first, and then done, here with numpy and in
``vizecg.data.batch.augment`` for whole batches on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MAX_SHIFT = 6
"""Pixels of an ink map of ``SHIFTED_SIZE`` that it is moved by at most, in either direction: 3 mm."""
SHIFTED_SIZE = (320, 576)
"""(height, width): a map of other sizes is moved by as many millimetres."""
MAX_PATCHES = 2
_LEADS_OFF = 0.05

Rectangle = tuple[int, int, int, int]
"""(top, left, height, width) in pixels of an ink map."""


FRACTION = 64
"""Parts of a pixel that a cell is moved by: whole numbers, so that every device moves it alike."""


class CellMove(NamedTuple):
    """A part of an ink map whose picture is moved within its ``rectangle``: by ``shift`` and, about ``middle``, by
    ``scale``, each (down, right), in pixels. What moves in is what lies beyond the rectangle."""

    rectangle: Rectangle
    middle: tuple[float, float]
    shift: tuple[float, float]
    scale: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class InkChange:
    """One ink map's change, in the order of its parts.

    Attributes:
        moves: of its cells; the later over the earlier, where they overlap.
        thick: whether strokes are a pixel thicker (down, across).
        empty: what is paper.
        shift: (down, right) in pixels; what moves in is paper.
        table: uint8 (256,), the new level of each level: contrast.
        patches: (top, left, height, width, level) of blots and blank patches, as stickers and stamps leave them, the
            later over the earlier; at most ``MAX_PATCHES``.
    """

    shift: tuple[int, int]
    table: np.ndarray
    patches: tuple[tuple[int, int, int, int, int], ...]
    thick: tuple[bool, bool] = (False, False)
    empty: tuple[Rectangle, ...] = ()
    moves: tuple[CellMove, ...] = ()


def draw_ink_change(rng: np.random.Generator, *, size: tuple[int, int], max_shift: int = MAX_SHIFT) -> InkChange:
    """A change of an ink map of ``size`` (height, width)."""
    height, width = size
    drawn = rng.integers(-max_shift, max_shift + 1, 2)
    dy, dx = (round(int(by) * side / whole) for by, side, whole in zip(drawn, size, SHIFTED_SIZE, strict=True))
    gamma, gain = rng.uniform(0.8, 1.25), rng.uniform(0.85, 1.15)
    table = np.clip(255 * gain * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
    patches = []
    for _ in range(int(rng.integers(0, MAX_PATCHES + 1))):
        h, w = int(rng.integers(8, height // 5)), int(rng.integers(8, width // 10))
        y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
        patches.append((y, x, h, w, int(rng.integers(0, 60))))
    return InkChange(shift=(dy, dx), table=table, patches=tuple(patches))


def change_ink(ink: np.ndarray, change: InkChange) -> np.ndarray:
    """uint8 (H, W) -> uint8 (H, W), another array."""
    if change.moves:
        ink = _moved(ink, change.moves)
    if change.thick[0]:
        ink = np.maximum(ink, np.concatenate([ink[:1], ink[:-1]]))
    if change.thick[1]:
        ink = np.maximum(ink, np.concatenate([ink[:, :1], ink[:, :-1]], axis=1))
    if change.empty:
        ink = ink.copy()
    for y, x, h, w in change.empty:
        ink[y : y + h, x : x + w] = 0
    dy, dx = change.shift
    moved = np.zeros_like(ink)
    height, width = ink.shape
    moved[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = ink[
        max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)
    ]
    moved = change.table[moved]
    for y, x, h, w, level in change.patches:
        moved[y : y + h, x : x + w] = level
    return moved


def _moved(ink: np.ndarray, moves: tuple[CellMove, ...]) -> np.ndarray:
    """Bilinear, from the map as it was."""
    wide, out = ink.astype(np.int32), ink.copy()
    for move in moves:
        top, left, height, width = move.rectangle
        y, below, down = _sources(top, height, move, axis=0, limit=ink.shape[0])
        x, beside, right = _sources(left, width, move, axis=1, limit=ink.shape[1])
        near, far = (wide[lines][:, x] * (FRACTION - right) + wide[lines][:, beside] * right for lines in (y, below))
        mixed = near * (FRACTION - down)[:, None] + far * down[:, None]
        out[top : top + height, left : left + width] = (mixed + FRACTION**2 // 2) // FRACTION**2
    return out


def _sources(first: int, length: int, move: CellMove, *, axis: int, limit: int) -> tuple[np.ndarray, ...]:
    """Of the pixels ``first`` to ``first + length``: the two that each is mixed of, and the share of the second in
    parts of ``FRACTION``."""
    middle, shift, scale = move.middle[axis], move.shift[axis], move.scale[axis]
    at = middle + (np.arange(first, first + length, dtype=np.float64) - middle - shift) / scale
    fixed = np.floor(np.clip(at, 0, limit - 1) * FRACTION + 0.5).astype(np.int32)
    low = fixed // FRACTION
    return low, np.minimum(low + 1, limit - 1), fixed % FRACTION


def change_signal(signal: np.ndarray, rng: np.random.Generator, *, recorded: int | None = None) -> np.ndarray:
    """Another beginning, another gain, a little noise in millivolts, and now and then a lead that fell off.

    What leaves at one end by the new beginning comes in at the other: of the first ``recorded`` samples, or of all.
    float32 (12, T) -> float32 (12, T).
    """
    samples = signal.shape[1]
    shift = int(rng.integers(-samples // 4, samples // 4 + 1))
    turned = np.roll(signal[:, :recorded], shift, axis=1)
    if recorded is not None:
        turned = np.concatenate([turned, signal[:, recorded:]], axis=1)
    noise = rng.normal(0, rng.uniform(0, 0.03), signal.shape).astype(np.float32)
    held = rng.random((len(signal), 1)) >= _LEADS_OFF
    return ((turned * np.float32(rng.uniform(0.8, 1.25)) + noise) * held).astype(np.float32)
