"""The ink of the traces on a flat page, and what is known of the paper around it, whichever way up it lies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg_edge.leads.page import CELL_MM, Box
from vizecg_edge.rectify.traces import PX_PER_MM, TraceView

_RING = np.ones((5, 5), np.uint8)
_RING[1:4, 1:4] = 0


@dataclass(frozen=True, kw_only=True)
class PageInk:
    """Trace ink of a page at ``PX_PER_MM`` pixels per millimetre; its corner is the page's origin.

    ``mask``: uint8 (h, w), 1 where there is ink, grid lines and specks taken out. ``inside``: uint8 (h, w), not 0 where
    the photograph shows the page. ``page_to_cells``: (3, 3), its millimetres -> cells of the grid.
    """

    mask: np.ndarray
    inside: np.ndarray
    page_to_cells: np.ndarray

    @property
    def box(self) -> Box:
        height, width = self.mask.shape
        return Box(0.0, 0.0, width / PX_PER_MM, height / PX_PER_MM)

    def turned(self, quarters: int) -> PageInk:
        """The same turned counterclockwise by so many quarters."""
        mask, inside = (np.ascontiguousarray(np.rot90(layer, quarters)) for layer in (self.mask, self.inside))
        height, width = mask.shape
        back = _turn_back(Box(0.0, 0.0, width / PX_PER_MM, height / PX_PER_MM), quarters)
        return PageInk(mask=mask, inside=inside, page_to_cells=self.page_to_cells @ back)

    def mirrored(self) -> PageInk:
        """The same seen in a mirror, left and right exchanged."""
        mask, inside = (np.ascontiguousarray(layer[:, ::-1]) for layer in (self.mask, self.inside))
        back = np.array([[-1, 0, self.box.right], [0, 1, 0], [0, 0, 1]], np.float64)
        return PageInk(mask=mask, inside=inside, page_to_cells=self.page_to_cells @ back)

    def only(self, where: np.ndarray) -> PageInk:
        """The ink that lies where a mask, uint8 (h, w), is not 0."""
        return replace(self, mask=cv2.copyTo(self.mask, where))


def ink_of(view: TraceView) -> PageInk:
    """The ink of a view, upright as it is."""
    _, mask = cv2.threshold(view.ink, int(view.threshold), 1, cv2.THRESH_BINARY)
    # Squares of 3 x 3 pixels with nothing around them; twice, for specks that lie side by side.
    for _ in range(2):
        lonely = cv2.compare(cv2.dilate(mask, _RING), 0, cv2.CMP_EQ)
        mask = cv2.copyTo(mask, cv2.bitwise_not(cv2.dilate(lonely, np.ones((3, 3), np.uint8))))
    cells = np.array([[1 / CELL_MM, 0, view.left], [0, 1 / CELL_MM, view.top], [0, 0, 1]], np.float64)
    return PageInk(mask=mask, inside=view.inside, page_to_cells=cells)


def _turn_back(box: Box, quarters: int) -> np.ndarray:
    """(3, 3): millimetres of the page of ``box``, which was turned counterclockwise -> of the page before."""
    height, width = (box.right, box.bottom) if quarters % 2 else (box.bottom, box.right)
    moves: dict[int, list[list[float]]] = {
        0: [[1, 0, 0], [0, 1, 0]],
        1: [[0, -1, width], [1, 0, 0]],
        2: [[-1, 0, width], [0, -1, height]],
        3: [[0, 1, 0], [-1, 0, height]],
    }
    return np.array([*moves[quarters % 4], [0, 0, 1]], np.float64)
