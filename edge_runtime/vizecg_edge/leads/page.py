"""A photographed page laid flat: page millimetres, and the way from them to the photograph's pixels.

Convention: page millimetres have x to the right along the traces' time and y down. Each axis has its own ruler, the
grid of the paper along it, so that a picture that is stretched one way is none of the page. Their origin is arbitrary.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from vizecg_edge.rectify.warp import Bend, bend_at, pixel_map, pixel_maps

CELL_MM = 5.0
SPARE_SCALE = 1.25
"""The photograph keeps at least this many times a picture's pixels per millimetre before it is warped."""
OUTSIDE = (255, 255, 255)
STEP_MM = 2.5
"""Spacing of the points whose place in the photograph is computed; between them it is interpolated."""
BAND_PX, MOST_PX = 1 << 16, 3 << 20
"""So many pixels are warped at once, and so many of the photograph, of which that takes copies."""


class Box(NamedTuple):
    """An upright rectangle of a page, mm."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.top <= other.bottom and other.top <= self.bottom


@dataclass(frozen=True, kw_only=True)
class Page:
    """The paper in a photograph.

    Attributes:
        halves: the photograph, uint8 RGB, and the same halved 1, 2... times, see ``rectify.prepare.Work``.
        photo_to_cells: (3, 3) float64, photograph pixel centres -> cells (5 mm), the best plane.
        bend: where the paper departs from it.
        page_to_cells: (3, 3) float64, page millimetres -> cells.
        box: what is known of the paper: the stretch with a readable grid and a few squares more.
        px_per_mm: photograph pixels per millimetre in the middle of it.
    """

    halves: tuple[np.ndarray, ...]
    photo_to_cells: np.ndarray
    bend: Bend
    page_to_cells: np.ndarray
    box: Box
    px_per_mm: float

    def picture(self, box: Box, *, px_per_mm: float, stretch: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
        """What the photograph shows of a rectangle, laid flat; white where it shows nothing.

        Args:
            box: of the page.
            px_per_mm: of the picture.
            stretch: picture millimetres to a page millimetre, across and down.

        Returns:
            uint8 RGB (h, w, 3), its pixel (0, 0) at the box's left top corner.
        """
        per_mm = np.array(stretch, np.float64) * px_per_mm
        size = np.maximum(np.round(np.array([box.right - box.left, box.bottom - box.top]) * per_mm), 1).astype(int)
        to_page = np.array(
            [
                [1 / per_mm[0], 0, box.left + 0.5 / per_mm[0]],
                [0, 1 / per_mm[1], box.top + 0.5 / per_mm[1]],
                [0, 0, 1],
            ]
        )
        return self.warped(self.page_to_cells @ to_page, (int(size[0]), int(size[1])), finest=float(per_mm.max()))

    def warped(self, picture_to_cells: np.ndarray, size: tuple[int, int], *, finest: float) -> np.ndarray:
        """The photograph on any plane picture of the page, blurred against aliasing.

        Args:
            picture_to_cells: (3, 3), its pixel centres -> cells.
            size: (width, height) in pixels.
            finest: its pixels per page millimetre, in the finer direction.
        """
        # Strong perspective makes the far side of the page coarser than its middle.
        scales = [1.0]
        for larger, smaller in pairwise(self.halves):
            # A half lacks what is left of an odd width.
            halved = smaller.shape[1] == larger.shape[1] // 2
            scales.append(scales[-1] * (0.5 if halved else smaller.shape[1] / larger.shape[1]))
        enough = [k for k, scale in enumerate(scales) if self.px_per_mm * scale >= finest * SPARE_SCALE]
        level = max(enough, default=0)
        image, grow = self.halves[level], 1 / scales[level]
        to_photo = np.array([[grow, 0, (grow - 1) / 2], [0, grow, (grow - 1) / 2], [0, 0, 1]])
        to_cells = self.photo_to_cells @ to_photo
        step = max(2, round(finest * STEP_MM))
        # Only what is seen of the photograph, with four channels, which OpenCV warps in half the time of three.
        sparse = picture_to_cells @ np.diag([step, step, 1.0])
        some = pixel_map(to_cells, self.bend, sparse, (size[0] // step + 2, size[1] // step + 2), 1).reshape(-1, 2)
        left, top = np.maximum(some.min(axis=0).astype(int) - 6, 0)
        right, bottom = np.maximum(some.max(axis=0).astype(int) + 7, (left + 1, top + 1))
        part = image[top:bottom, left:right]
        if not part.size:
            return np.full((size[1], size[0], 3), OUTSIDE, np.uint8)
        if part.shape[0] * part.shape[1] > MOST_PX and max(size) > 2 * step:
            return self._in_halves(picture_to_cells, size, finest=finest)
        to_whole = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
        ratio = self.px_per_mm * scales[level] / (finest * SPARE_SCALE)
        if ratio > 1.2:
            part = cv2.GaussianBlur(part, (3, 3), 0.29 * ratio)
        part = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
        seen = np.empty((size[1], size[0], 3), np.uint8)
        band, top = max(1, BAND_PX // size[0]), 0
        for maps in pixel_maps(to_cells @ to_whole, self.bend, picture_to_cells, size, step, band=band):
            four = cv2.remap(
                part, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(*OUTSIDE, 255)
            )
            cv2.cvtColor(four, cv2.COLOR_RGBA2RGB, dst=seen[top : top + len(four)])
            top += len(four)
        return seen

    def _in_halves(self, picture_to_cells: np.ndarray, size: tuple[int, int], *, finest: float) -> np.ndarray:
        """``warped``, each half of the picture by itself."""
        seen = np.empty((size[1], size[0], 3), np.uint8)
        middle = (size[0] // 2, 0) if size[0] > size[1] else (0, size[1] // 2)
        for first, last in (((0, 0), (middle[0] or size[0], middle[1] or size[1])), (middle, size)):
            corner = np.array([[1, 0, first[0]], [0, 1, first[1]], [0, 0, 1]], np.float64)
            seen[first[1] : last[1], first[0] : last[0]] = self.warped(
                picture_to_cells @ corner, (last[0] - first[0], last[1] - first[1]), finest=finest
            )
        return seen

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Page millimetres (n, 2) -> photograph pixel centres (n, 2), bend included."""
        cells = cv2.perspectiveTransform(np.asarray(points, np.float64)[None], self.page_to_cells)[0]
        shown = cells + bend_at(self.bend, cells)
        return np.asarray(cv2.perspectiveTransform(shown[None], np.linalg.inv(self.photo_to_cells))[0])
