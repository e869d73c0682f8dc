"""The stretches of paper where settings are printed, flattened from a photograph."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import SheetSpec
from vizecg_edge.printed.ink import brightest
from vizecg_edge.rectify.result import Rectified

BELOW_MM, ABOVE_MM = (4.0, 46.0), (8.0, 52.0)
"""Nearest and furthest distance from the last baseline, and from the first."""
SIDE_MM = 12.0
"""To the left and right of the sheet."""
LEAST_PX_PER_MM, MOST_PX_PER_MM = 3.5, 7.0
"""Of a view. Photographs with fewer pixels per millimetre cannot be read."""
STEP_PX = 16
"""Spacing of the points of a view that are computed; between them the map is interpolated."""


def view_scale(px_per_mm: float) -> float:
    """Pixels per millimetre of the views of a photograph that has ``px_per_mm``."""
    return min(max(px_per_mm, LEAST_PX_PER_MM), MOST_PX_PER_MM)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """An upright rectangle of the flattened sheet, in sheet millimetres."""

    left: float
    top: float
    right: float
    bottom: float


def stretches_of(rectified: Rectified, spec: SheetSpec) -> list[Stretch]:
    """Where settings are printed: below the block of traces, and above it."""
    first, last = rectified.rows_mm[0], rectified.rows_mm[-1]
    bands = ((last + BELOW_MM[0], last + BELOW_MM[1]), (first - ABOVE_MM[1], first - ABOVE_MM[0]))
    right = spec.width_mm + SIDE_MM
    return [Stretch(left=-SIDE_MM, top=top, right=right, bottom=bottom) for top, bottom in bands]


def views_of(photo: np.ndarray, rectified: Rectified, spec: SheetSpec) -> list[np.ndarray]:
    """Views of the stretches, those that the photograph shows: first below, then above the block.

    Args:
        photo: uint8 RGB (H, W, 3), the picture whose pixels ``rectified.homography`` maps.
        rectified: where the sheet lies in it.
        spec: the sheet.

    Returns:
        uint8 grey (h, w) with ``view_scale(rectified.px_per_mm)`` pixels per millimetre, white where the photograph
        shows nothing; none of a photograph that is too coarse.
    """
    if rectified.px_per_mm < LEAST_PX_PER_MM:
        return []
    scale = view_scale(rectified.px_per_mm)
    views = (view_of(photo, rectified, spec, stretch, scale) for stretch in stretches_of(rectified, spec))
    return [view for view, _ in (shown for shown in views if shown is not None)]


def view_of(
    photo: np.ndarray, rectified: Rectified, spec: SheetSpec, stretch: Stretch, scale: float
) -> tuple[np.ndarray, Stretch] | None:
    """uint8 grey (h, w) at ``scale`` px/mm of what the photograph shows of a stretch, and what that is."""
    size = np.array([stretch.right - stretch.left, stretch.bottom - stretch.top])
    counts = np.maximum(np.ceil(size * scale / STEP_PX).astype(int), 1) + 1
    step = STEP_PX / scale
    half = 0.5 / scale
    points = _in_photo(rectified, spec, (stretch.left + half, stretch.top + half), counts, step)
    inside = np.all((points >= 0) & (points < np.array(photo.shape[1::-1])), axis=2)
    if not inside.any():
        return None
    (top, bottom), (left, right) = (_around(np.any(inside, axis=axis)) for axis in (1, 0))
    if bottom - top < 2 or right - left < 2:
        return None
    points = points[top:bottom, left:right]
    shown = points[inside[top:bottom, left:right]]
    reach = np.ceil(2 * STEP_PX * rectified.px_per_mm / scale).astype(int)
    low, high = np.maximum(shown.min(axis=0).astype(int) - reach, 0), shown.max(axis=0).astype(int) + reach
    part = photo[low[1] : high[1], low[0] : high[0]]
    points = points - low
    ratio = rectified.px_per_mm / scale
    while ratio >= 1.5 and min(part.shape[:2]) >= 4:
        half_size = (part.shape[1] // 2, part.shape[0] // 2)
        part = cv2.resize(part[: 2 * half_size[1], : 2 * half_size[0]], half_size, interpolation=cv2.INTER_AREA)
        points, ratio = (points - 0.5) / 2, ratio / 2
    height, width = ((count - 1) * STEP_PX for count in points.shape[:2])
    enlarge = np.array([[STEP_PX, 0, 0], [0, STEP_PX, 0]], np.float64)
    maps = cv2.warpAffine(
        points.astype(np.float32), enlarge, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    grey = brightest(part)
    view = cv2.remap(grey, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255)
    corner = stretch.left + left * step, stretch.top + top * step
    seen = Stretch(left=corner[0], top=corner[1], right=corner[0] + width / scale, bottom=corner[1] + height / scale)
    return np.asarray(view), seen


def _in_photo(
    rectified: Rectified, spec: SheetSpec, corner: tuple[float, float], counts: np.ndarray, step: float
) -> np.ndarray:
    """float64 (rows, columns, 2), photograph pixels of a lattice of sheet points; ``corner`` and ``step`` in mm."""
    x, y = np.meshgrid(corner[0] + np.arange(counts[0]) * step, corner[1] + np.arange(counts[1]) * step)
    mm = np.stack([x, y], axis=-1)
    rows, columns = rectified.bend_mm.shape[:2]
    nodes = (mm * [(columns - 1) / spec.width_mm, (rows - 1) / spec.height_mm]).astype(np.float32)
    mm = mm + cv2.remap(rectified.bend_mm, nodes, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    pixels = cv2.perspectiveTransform(spec.mm_to_px(mm).reshape(1, -1, 2), np.linalg.inv(rectified.homography))
    return np.asarray(pixels.reshape(mm.shape))


def _around(some: np.ndarray) -> tuple[int, int]:
    """First and one past the last True of bool (n,), and one more on either side."""
    where = np.flatnonzero(some)
    return max(0, int(where[0]) - 1), min(len(some), int(where[-1]) + 2)
