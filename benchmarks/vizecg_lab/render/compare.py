"""How alike are two pages: where is ink, where are grid lines?

The definitions serve pages in the colours of the ``paper`` style. Paper, grid, words and frame have as much blue as
green in every mixture, the trace's (0, 0, 179) has 179 more: blue minus green tells how much of a pixel it covers.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

INK_LEVEL = 45
"""Blue minus green from which a pixel is clearly the trace's: a quarter covered. A line of half a point is 0.69 pixels
wide; between two pixels it covers 0.35 of each, so that a higher bar would leave out pieces of even lines."""

_LINE_LEVEL = 25.0  # a column's mean darkness above that of paper between two lines


def ink_mask(image: np.ndarray) -> np.ndarray:
    """bool (H, W): pixels of a uint8 RGB page that are clearly trace-blue."""
    return image[..., 2].astype(np.int16) - image[..., 1] >= INK_LEVEL


def ink_agreement(ours: np.ndarray, theirs: np.ndarray, *, dilation_px: int = 1) -> dict[str, float]:
    """Precision (share of our ink that lies on theirs, dilated) and recall (the other way round)."""
    own, other = ink_mask(ours), ink_mask(theirs)
    size = 2 * dilation_px + 1
    kernel = np.ones((size, size), np.uint8)
    near_own, near_other = (cv2.dilate(mask.astype(np.uint8), kernel).astype(bool) for mask in (own, other))
    return {
        "precision": float((own & near_other).sum() / max(1, own.sum())),
        "recall": float((other & near_own).sum() / max(1, other.sum())),
    }


def ink_amount(image: np.ndarray) -> float:
    """Pixels' worth of trace ink."""
    return float((image[..., 2].astype(np.float64) - image[..., 1]).sum() / 179)


def grid_lines(image: np.ndarray, *, upright: bool) -> np.ndarray:
    """Centres of the grid lines in pixels (pixel i covers i to i + 1), found by projection.

    Args:
        image: uint8 RGB (H, W, 3).
        upright: lines at places x, else level ones at places y.

    Returns:
        float64 (n,), ascending. Pixels with trace, words or frame are left out of the projection.
    """
    red, green, blue = (image[..., channel].astype(np.float64) for channel in range(3))
    grid_only = (red == 255) & (green == blue)
    axis = 0 if upright else 1
    counts = grid_only.sum(axis=axis)
    profile = ((255 - green) * grid_only).sum(axis=axis) / np.maximum(counts, 1)
    paper = float(np.median(profile[counts > 0]))
    dark = np.where(counts > 0, np.maximum(profile - paper, 0), 0)
    edged = np.pad(dark, 1)
    left, right = edged[:-2], edged[2:]
    peaks = np.flatnonzero((dark > _LINE_LEVEL) & (dark >= left) & (dark > right))
    weights = np.stack([left[peaks], dark[peaks], right[peaks]])
    return peaks + 0.5 + (weights[2] - weights[0]) / weights.sum(axis=0)


def grid_error_px(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest distance between a grid line and its counterpart; infinite where one page has more lines."""
    worst = 0.0
    for upright in (True, False):
        own, other = (grid_lines(image, upright=upright) for image in (ours, theirs))
        if len(own) != len(other) or not len(own):
            return float("inf")
        worst = max(worst, float(np.abs(own - other).max()))
    return worst


def agreement(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """All of the above for two pages of one size."""
    if ours.shape != theirs.shape:
        raise ValueError(f"pages of {ours.shape} and {theirs.shape} cannot be compared")
    return {
        **ink_agreement(ours, theirs),
        "undilated": ink_agreement(ours, theirs, dilation_px=0),
        "ink_ratio": ink_amount(ours) / max(1e-9, ink_amount(theirs)),
        "grid_lines": sum(len(grid_lines(ours, upright=upright)) for upright in (True, False)),
        "grid_error_px": grid_error_px(ours, theirs),
    }


def side_by_side(ours: np.ndarray, theirs: np.ndarray, *, width: int = 560, height: int = 200) -> np.ndarray:
    """uint8 RGB: the top middle of their page, of ours, and the difference (white where equal), one above the other."""
    left = max(0, (ours.shape[1] - width) // 2)
    pieces = [page[:height, left : left + width] for page in (theirs, ours)]
    pieces.append(255 - cv2.absdiff(*pieces))
    return np.concatenate([np.pad(piece, ((0, 4), (0, 0), (0, 0)), constant_values=128) for piece in pieces])
