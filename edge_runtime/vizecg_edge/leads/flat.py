"""A picture of a page laid flat, of which several things are seen, whichever way up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg_edge.leads.page import Box, Page

PAPER_QUANTILE, PAPER_STEP, DARKEST_PAPER = 0.7, 3, 8.0
"""Most of a part without letters is paper, of which every so many pixels are looked at."""
BAND_MM = 6.0
"""How far above and below a baseline the paper is looked at."""
COLOURED = 0.12
"""What covers the paper is so far from its colour, see ``apart``. In 31 stretches of 38 photographs and 54 printouts,
that are level along a line of the grid and not seen as traces, it is 0.08 at most."""
TURNED = 1e-6
"""Axes of two pages that differ by less are the same."""


@dataclass(frozen=True, kw_only=True)
class FlatPicture:
    """What a photograph shows of a box of the page.

    Attributes:
        pixels: uint8 RGB (h, w, 3), the pixel (0, 0) at the left top corner of ``box``.
        box: page millimetres.
        px_per_mm: of the picture, the same across and down.
        page_to_cells: (3, 3), see ``Page``.
    """

    pixels: np.ndarray
    box: Box
    px_per_mm: float
    page_to_cells: np.ndarray

    @classmethod
    def of(cls, page: Page, box: Box, *others: Box, px_per_mm: float) -> FlatPicture:
        """The picture of a box and of all of others, with whole pixels from its corner to that of the first."""
        first, last = np.array([box, *others]).reshape(-1, 2, 2).swapaxes(0, 1)
        before, after = (np.ceil(more.max(axis=0) * px_per_mm) for more in (first[0] - first, last - last[0]))
        # One more at the end, since parts begin at the nearest pixel.
        before, after = before / px_per_mm, (after + 1) / px_per_mm
        whole = Box(*(first[0] - before).tolist(), *(last[0] + after).tolist())
        return cls(
            pixels=page.picture(whole, px_per_mm=px_per_mm),
            box=whole,
            px_per_mm=px_per_mm,
            page_to_cells=page.page_to_cells,
        )

    def seen_as(self, page_to_cells: np.ndarray) -> FlatPicture | None:
        """The same in the millimetres of the page turned by half a turn, or seen in a mirror; None for other pages."""
        turn = np.linalg.inv(page_to_cells) @ self.page_to_cells
        if np.abs(np.abs(turn[:2, :2]) - np.eye(2)).max() > TURNED:
            return None
        corners = cv2.perspectiveTransform(np.array(self.box).reshape(1, 2, 2), turn)[0]
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        across, down = (1 if step > 0 else -1 for step in (turn[0, 0], turn[1, 1]))
        pixels = np.ascontiguousarray(self.pixels[::down, ::across])
        return replace(self, pixels=pixels, box=Box(left, top, right, bottom), page_to_cells=page_to_cells)

    def part(self, box: Box) -> np.ndarray | None:
        """Its pixels of a box, to the nearest one; None where it does not show all of it."""
        left, top = (round((here - there) * self.px_per_mm) for here, there in zip(box[:2], self.box[:2], strict=True))
        width, height = (
            max(1, round(length * self.px_per_mm)) for length in (box.right - box.left, box.bottom - box.top)
        )
        if min(left, top) < 0 or left + width > self.pixels.shape[1] or top + height > self.pixels.shape[0]:
            return None
        return np.ascontiguousarray(self.pixels[top : top + height, left : left + width])

    def paper(self, box: Box) -> np.ndarray | None:
        """float64 (3,), RGB: the colour of the paper in a box, 8 at least; None where it does not show all of it."""
        pixels = self.part(box)
        if pixels is None:
            return None
        some = np.sort(pixels[::PAPER_STEP, ::PAPER_STEP].reshape(-1, 3), axis=0)
        return np.maximum(some[int(PAPER_QUANTILE * (len(some) - 1))].astype(np.float64), DARKEST_PAPER)

    def paper_along(self, first_mm: float, last_mm: float, baseline_mm: float) -> np.ndarray | None:
        """``paper`` between two places along a baseline."""
        left, right = sorted((first_mm, last_mm))
        return self.paper(Box(left, baseline_mm - BAND_MM, right, baseline_mm + BAND_MM))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """How far two colours (3,) are from each other: the largest logarithm of a channel's ratio."""
    return float(np.abs(np.log(one / other)).max())
