"""The ink of the traces on a flat picture: the channel in which they stand out, less the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.prepare import ink_of, percentile_of

CELL_MM = 5.0
BAND_MM = 8.0
"""Each column of a row has its trace within this of the baseline, most of the time."""
GRID_PERCENT = 88.0
"""Traces cover about 3 % of a page, grid lines 12 % (the 5 mm ones alone) to 45 %: ink above this is grid at most."""
LEAST_GRID = 0.2
"""Grid lines fainter than this, of a trace's darkness, do no harm."""
LEAST_ROOM = 64
"""Where a grid line is so dark that less than this is left up to black, a trace over it cannot be told from it."""
SQUARES = ((-1, 1), (1, -1), (-1, -2), (1, 2), (2, -1))
"""Grid squares (down, across) that a pixel is compared with."""
MEDIAN_OF_FIVE = ((0, 1), (3, 4), (0, 3), (1, 4), (1, 2), (2, 3), (1, 2))
"""Places to be put in order, one pair after the other, that bring the median of five values into the middle."""


@dataclass(frozen=True, kw_only=True)
class TraceInk:
    """``ink``: uint8 (h, w), 0 is paper. ``level``: how dark traces are on it."""

    ink: np.ndarray
    level: float


def trace_ink(picture: np.ndarray, baselines: Sequence[float], px_per_mm: float) -> TraceInk:
    """The traces on a picture.

    Args:
        picture: uint8 RGB (h, w, 3), flat.
        baselines: y of the rows, pixels.
        px_per_mm: of the picture.
    """
    reach = round(BAND_MM * px_per_mm)
    bands = [np.s_[max(0, round(y) - reach) : max(1, round(y) + reach)] for y in baselines]
    red, green, blue = cv2.split(picture)
    light = cv2.max(cv2.max(red, green), blue)
    best, ink, level, grid = -1e9, light, 0.0, 0.0
    for channel in (light, red, green, blue):
        found = ink_of(channel)
        seen = _level(found, bands)
        lines = percentile_of(np.ascontiguousarray(found[:: max(1, round(px_per_mm / 2))]), GRID_PERCENT)
        if seen - 1.5 * lines > best + 8:
            best, ink, level, grid = seen - 1.5 * lines, found, seen, lines
    if grid > LEAST_GRID * level:
        ink = without_grid(ink, round(CELL_MM * px_per_mm))
        level = _level(ink, bands)
    return TraceInk(ink=ink, level=level)


def _level(ink: np.ndarray, bands: list[slice]) -> float:
    """How dark the darkest pixel of a column near a baseline is, usually."""
    darkest = [ink[band].max(axis=0) for band in bands if ink[band].size]
    inked = np.concatenate(darkest) if darkest else np.zeros(1)
    return float(np.median(inked))


def without_grid(ink: np.ndarray, cell_px: int) -> np.ndarray:
    """uint8 ink (h, w) less what repeats from grid square to grid square: grid lines do, aslant too, where neither a
    level stretch of a trace nor a tall wave does. What is printed over a line keeps its darkness."""
    lines = cv2.dilate(cv2.min(ink, _repeated(ink, cell_px)), np.ones((3, 3), np.uint8))
    rest, room = cv2.subtract(ink, lines), cv2.max(cv2.bitwise_not(lines), LEAST_ROOM)
    return cv2.divide(rest, room, scale=255.0)


def _repeated(ink: np.ndarray, cell_px: int) -> np.ndarray:
    """Median of each pixel's like in five other squares."""
    height, width = ink.shape
    down, across = (cell_px * max(abs(step[axis]) for step in SQUARES) for axis in (0, 1))
    wide = cv2.copyMakeBorder(ink, down, down, across, across, cv2.BORDER_REFLECT)
    layers = [
        wide[down + cell_px * y : down + cell_px * y + height, across + cell_px * x : across + cell_px * x + width]
        for y, x in SQUARES
    ]
    for low, high in MEDIAN_OF_FIVE:
        layers[low], layers[high] = cv2.min(layers[low], layers[high]), cv2.max(layers[low], layers[high])
    return layers[2]
