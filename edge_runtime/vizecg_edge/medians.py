"""The median of a few pictures of one size, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

EXCHANGES = {
    5: ((0, 1), (3, 4), (0, 3), (1, 4), (1, 2), (2, 3), (1, 2)),
    7: (
        (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4),
    ),
}  # fmt: skip
"""By how many values: places to be put in order, one pair after the other, that bring the median into the middle."""
BAND_PX = 1 << 15
"""So many pixels of each picture are worked on at once: all of them together stay in a core's cache."""


def median_of(layers: Sequence[np.ndarray]) -> np.ndarray:
    """The median of 5 or 7 uint8 (h, w) pictures, which are left as they are."""
    height, width = layers[0].shape
    band = max(1, BAND_PX // max(1, width))
    out = np.empty((height, width), np.uint8)
    for top in range(0, height, band):
        values = [layer[top : top + band] for layer in layers]
        for low, high, lower_counts, higher_counts in _steps(len(layers)):
            one, other = values[low], values[high]
            if lower_counts:
                values[low] = cv2.min(one, other)
            if higher_counts:
                values[high] = cv2.max(one, other)
        out[top : top + band] = values[len(layers) // 2]
    return out


@lru_cache(maxsize=len(EXCHANGES))
def _steps(count: int) -> tuple[tuple[int, int, bool, bool], ...]:
    """The exchanges of so many values, and whether the lower and the higher one count for the median."""
    counts = {count // 2}
    steps = []
    for low, high in reversed(EXCHANGES[count]):
        steps.append((low, high, low in counts, high in counts))
        counts |= {low, high}
    return tuple(reversed(steps))
