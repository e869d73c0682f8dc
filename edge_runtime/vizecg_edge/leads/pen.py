"""From the upper and lower edge of a stroke to the line along which its pen went."""

from __future__ import annotations

import cv2
import numpy as np

FINER = 2
"""Steps to a column in which edges are worked on."""
APART = 1.5
"""How far on either side a peak is compared with its surroundings, in pen radii."""
LEVEL_PX = 0.6
"""A stroke runs level where its middle changes by less than this over two columns."""


def pen_radius(top: np.ndarray, bottom: np.ndarray) -> float:
    """Half a pen's height in pixels, from where strokes run level; edges (rows, columns), NaN where there is none."""
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    with np.errstate(invalid="ignore"):
        level = np.abs(middle[:, 2:] - middle[:, :-2]) < LEVEL_PX
    halves = half[:, 1:-1][level]
    halves = halves[np.isfinite(halves)]
    return float(np.median(halves)) if len(halves) else 1.0


def pen_line(
    top: np.ndarray, bottom: np.ndarray, *, radius: float, columns_per_px: float, px_per_mm: float
) -> np.ndarray:
    """Where the pen's middle was in the middle of each column.

    In a column a pen of some width shows the highest and the lowest place that it passed near by: the upper edge less
    half a pen is the least of the line's heights over its width, the lower edge the greatest. Taken back, the upper
    edge keeps narrow peaks and fills narrow valleys, the lower edge keeps the valleys: on a slope both agree.

    Args:
        top, bottom: float32 (rows, columns), edges in pixels, without gaps.
        radius: half a pen's width, pixels.
        px_per_mm: of the picture.

    Returns:
        float32 (rows, columns) pixels.
    """
    size = (top.shape[1] * FINER, top.shape[0])
    seen_top, seen_bottom = (
        cv2.resize(edge.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) for edge in (top, bottom)
    )
    steps = columns_per_px * FINER
    upper, lower = _rolled(seen_top, radius, steps), -_rolled(-seen_bottom, radius, steps)
    line = np.where(_peaked(upper, lower, max(1, round(APART * radius * steps))), upper, lower)
    line = np.where(upper >= lower, (upper + lower) / 2, line)
    # The middle of a column lies between two of the steps.
    return np.asarray((line[:, FINER // 2 - 1 :: FINER] + line[:, FINER // 2 :: FINER]) / 2, np.float32)


def _rolled(edge: np.ndarray, radius: float, steps: float) -> np.ndarray:
    """The middle of the highest round pen whose ink stays below an upper edge (rows, steps)."""
    reach = int(radius * steps)
    wide = np.pad(edge, ((0, 0), (reach, reach)), mode="edge")
    middle = edge + np.float32(radius)
    for step in range(-reach, reach + 1):
        half = np.float32(np.sqrt(max(0.0, radius**2 - (step / steps) ** 2)))
        np.maximum(middle, wide[:, reach + step : reach + step + edge.shape[1]] + half, out=middle)
    return middle


def _peaked(upper: np.ndarray, lower: np.ndarray, apart: int) -> np.ndarray:
    """Where a stroke has a peak rather than a valley: which of both edges (rows, steps) stands out more from itself
    ``apart`` steps before and after."""
    return np.asarray(_curve(upper, apart) > -_curve(lower, apart))


def _curve(edge: np.ndarray, apart: int) -> np.ndarray:
    wide = np.pad(edge, ((0, 0), (apart, apart)), mode="edge")
    return (wide[:, : -2 * apart] + wide[:, 2 * apart :]) / 2 - edge
