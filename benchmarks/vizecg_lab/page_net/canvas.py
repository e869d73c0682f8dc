"""A page that is printed on, and the truth of what is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from vizecg.render.strokes import blend_pixels
from vizecg.render.style import Colour

PRINT_PX_PER_MM = 6.0


@dataclass(frozen=True, kw_only=True)
class TrueName:
    """A lead's name on a page: its middle and its capitals' height, mm; ``counts`` is False where finding it is
    neither right nor wrong."""

    name: str
    x_mm: float
    y_mm: float
    height_mm: float
    counts: bool = True


@dataclass(frozen=True, kw_only=True)
class DrawnPage:
    """A page as it leaves the printer, and its truth.

    Attributes:
        image: uint8 RGB (h, w, 3), ``px_per_mm`` pixels a millimetre.
        masks: uint8 (h, w, 3) ink of traces, pulses and column rules, 255 where it covers the pixel.
        ignored: uint8 (h, w), 255 where rules are neither right nor wrong.
        names: on it.
    """

    image: np.ndarray
    masks: np.ndarray
    ignored: np.ndarray
    names: tuple[TrueName, ...]
    px_per_mm: float


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A page being printed. Lengths in millimetres."""

    image: np.ndarray
    masks: np.ndarray
    ignored: np.ndarray
    px_per_mm: float = PRINT_PX_PER_MM
    names: list[TrueName] = field(default_factory=list)
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        return self.image.shape[1] / self.px_per_mm, self.image.shape[0] / self.px_per_mm

    def free(self, box: tuple[float, float, float, float], *, apart: float = 0.6) -> bool:
        """Whether a box (left, top, right, bottom) is on the page and apart from all text on it."""
        left, top, right, bottom = box
        width, height = self.size_mm
        if left < 0.3 or top < 0.3 or right > width - 0.3 or bottom > height - 0.3:
            return False
        return all(
            right + apart < other[0] or left - apart > other[2] or bottom + apart < other[1] or top - apart > other[3]
            for other in self.taken
        )

    def stamp(self, mask: np.ndarray, at: tuple[float, float], ink: Colour) -> tuple[float, float, float, float] | None:
        """Print letters with their left top corner at a place; their box, or None where there is no room."""
        box = (at[0], at[1], at[0] + mask.shape[1] / self.px_per_mm, at[1] + mask.shape[0] / self.px_per_mm)
        if not self.free(box):
            return None
        x, y = (round(value * self.px_per_mm) for value in at)
        self.blend(mask[: self.image.shape[0] - y, : self.image.shape[1] - x], (x, y), ink)
        self.taken.append(box)
        return box

    def stroke(
        self, points: np.ndarray, width: float, ink: Colour, *, mask: int | None = None, ignored: bool = False
    ) -> None:
        """A line through (n, 2) points; ``mask``: the truth that it belongs to."""
        if ignored and len(points) > 2:
            for ends in pairwise(points):
                self.stroke(np.stack(ends), width, ink, mask=mask, ignored=True)
            return
        width_px = max(1, round(width * self.px_per_mm))
        corner = np.floor(points.min(axis=0) * self.px_per_mm).astype(int) - width_px - 2
        corner = np.maximum(corner, 0)
        far = np.ceil(points.max(axis=0) * self.px_per_mm).astype(int) + width_px + 3
        shape = np.minimum(far, self.image.shape[1::-1]) - corner
        if shape.min() < 1:
            return
        cover = np.zeros((shape[1], shape[0]), np.uint8)
        fixed = np.round((points * self.px_per_mm - 0.5 - corner) * 16).astype(np.int32)
        cv2.polylines(cover, [fixed.reshape(-1, 1, 2)], False, 255, width_px, cv2.LINE_AA, 4)
        rows, columns = slice(corner[1], corner[1] + shape[1]), slice(corner[0], corner[0] + shape[0])
        self.blend(cover, (int(corner[0]), int(corner[1])), ink)
        if mask is not None:
            layer = self.masks[rows, columns, mask]
            np.maximum(layer, cover, out=layer)
        if ignored:
            layer = self.ignored[rows, columns]
            np.maximum(layer, cover, out=layer)

    def blend(self, cover: np.ndarray, at: tuple[int, int], ink: Colour) -> None:
        """Lay ink over the picture from pixel (x, y) on, as thick as ``cover`` says."""
        y, x = np.nonzero(cover)
        place = (y + at[1]) * self.image.shape[1] + x + at[0]
        blend_pixels(self.image, place, cover[y, x].astype(np.float32) / 255, ink)
