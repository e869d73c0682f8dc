"""The paper under a patch: patches from all over a page are brought to one brightness, so that no seam is taken for
ink."""

from __future__ import annotations

import cv2
import numpy as np

REACH_MM = 2.25
"""Ink, and the lines of the grid, are narrower than this: the brightest there is paper."""
SHRINK = 8
BLUR = 2.0
"""Of the shrunken patch, in its pixels: light changes slowly."""
LEAST_LEVEL = 16.0
MOST_GAIN = 2.5
NEAR = 0.03
"""Relative: pixels that differ from the paper's brightness by no more are paper."""
LEAST_CHANGE = 0.02
"""A patch within this of its brightness is left as it is."""


def paper_levels(patch: np.ndarray, *, px_per_mm: float) -> np.ndarray:
    """Brightness of the paper of uint8 RGB (h, w, 3): float32, an eighth of its size."""
    luma = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    side = max(3, round(REACH_MM * px_per_mm) | 1)
    spread = cv2.dilate(luma, np.ones((side, side), np.uint8))
    size = (max(1, luma.shape[1] // SHRINK), max(1, luma.shape[0] // SHRINK))
    small = cv2.resize(spread, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.GaussianBlur(small, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)


def levelled(patch: np.ndarray, levels: np.ndarray, level: float) -> np.ndarray:
    """The patch with its paper at one brightness, uint8 RGB."""
    gain = np.clip(level / np.maximum(levels, LEAST_LEVEL), 1 / MOST_GAIN, MOST_GAIN)
    if np.abs(gain - 1).max() < LEAST_CHANGE:
        return patch
    gain = cv2.resize(gain, patch.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(patch, cv2.merge([gain, gain, gain]), dtype=cv2.CV_8U)


def paper_colour(patches: list[np.ndarray], level: float) -> np.ndarray:
    """Of patches brought to ``level``: float64 (3,), the mean of their pixels near it."""
    some = np.concatenate([patch[::8, ::8].reshape(-1, 3) for patch in patches])
    luma = some @ np.array([0.299, 0.587, 0.114], np.float32)
    near = np.abs(luma - level) < NEAR * level
    return np.asarray(some[near].mean(axis=0)) if near.any() else np.full(3, level)
