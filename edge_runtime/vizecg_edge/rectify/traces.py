"""The ink of the traces alone, seen straight from above: grid lines are taken out by their period."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.medians import median_of
from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.prepare import percentile_of
from vizecg_edge.rectify.warp import Bend, pixel_map

CELL_PX = 15
PX_PER_MM = CELL_PX / 5
THICKEST_PX = 9
"""Ink thicker than this (3 mm) is no line."""
AROUND_CELLS = 3
"""Traces go on so far beyond the squares whose grid can be read: those at the edge of a picture never can."""
NEIGHBOURS = 3
"""Grid squares above and below that a pixel is compared with."""


@dataclass(frozen=True, kw_only=True)
class TraceView:
    """Trace ink over the grid's box.

    ``ink``: uint8 (h, w), ``PX_PER_MM`` pixels per millimetre, 0 where there is paper or a grid line. ``threshold``:
    ink above this belongs to a trace or to text. ``inside``: uint8 (h, w), 255 inside the photograph. ``left``,
    ``top``: cell coordinates of the view's corner.
    """

    ink: np.ndarray
    threshold: float
    inside: np.ndarray
    left: int
    top: int

    @property
    def to_cells(self) -> np.ndarray:
        """(3, 3) float64: view pixel centres -> cells."""
        s = 1 / CELL_PX
        return np.array([[s, 0, 0.5 * s + self.left], [0, s, 0.5 * s + self.top], [0, 0, 1]], np.float64)


def trace_view(ink: np.ndarray, grid: Grid, bend: Bend, *, sideways: bool = False) -> TraceView:
    """uint8 trace ink (h, w) of the reduced photograph -> the traces over the grid's box.

    Traces that run down the view are kept with ``sideways``, otherwise those that run across it.
    """
    left, top, right, bottom = grid.box
    size = ((right - left) * CELL_PX, (bottom - top) * CELL_PX)
    view = TraceView(ink=ink, threshold=0.0, inside=ink, left=left, top=top)
    maps = pixel_map(grid.to_cells, bend, view.to_cells, size, CELL_PX // 2)
    whole = cv2.remap(ink, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    inside = cv2.inRange(maps, (-0.5, -0.5), (ink.shape[1] - 0.5, ink.shape[0] - 0.5))
    # Creases and shadows are broader than any line.
    whole = cv2.morphologyEx(whole, cv2.MORPH_TOPHAT, np.ones((THICKEST_PX, THICKEST_PX), np.uint8))
    rest = np.ascontiguousarray(without_lines(np.ascontiguousarray(whole.T)).T) if sideways else without_lines(whole)
    paper = cv2.resize(_paper_mask(grid), size, interpolation=cv2.INTER_NEAREST)
    rest = cv2.min(rest, cv2.erode(cv2.min(paper, inside), np.ones((5, 5), np.uint8)))
    threshold = max(18.0, 0.35 * percentile_of(rest, 99.5, paper)) if cv2.countNonZero(paper) else 255.0
    return TraceView(ink=rest, threshold=threshold, inside=inside, left=left, top=top)


def without_lines(view: np.ndarray) -> np.ndarray:
    """A view in which grid squares are ``CELL_PX`` wide, less its grid lines: what repeats from square to square
    above and below."""
    lines = cv2.dilate(_periodic(view), np.ones((3, 3), np.uint8))
    return cv2.subtract(view, lines)


def _paper_mask(grid: Grid) -> np.ndarray:
    """uint8 (rows, columns), 255 in the convex hull of the large connected parts of the readable grid, and around it.

    Thick traces, creases and glare hide the grid; the hull bridges them.
    """
    present = cv2.morphologyEx(grid.present.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(present, connectivity=4)
    mask = np.zeros_like(present)
    if count > 1:
        areas = stats[:, cv2.CC_STAT_AREA].copy()
        areas[0] = 0
        large = areas > 0.08 * areas.max()
        hull = cv2.convexHull(cv2.findNonZero(large[labels].astype(np.uint8)))
        cv2.fillConvexPoly(mask, hull, 255)
    side = 2 * AROUND_CELLS + 1
    return cv2.dilate(mask, np.ones((side, side), np.uint8))


def _periodic(view: np.ndarray) -> np.ndarray:
    """Median of each pixel and its like in the squares above and below: lines repeat there, traces do not."""
    reach = NEIGHBOURS * CELL_PX
    tall = cv2.copyMakeBorder(view, reach, reach, 0, 0, cv2.BORDER_CONSTANT, value=0)
    count = 2 * NEIGHBOURS + 1
    return median_of([tall[k * CELL_PX : k * CELL_PX + view.shape[0]] for k in range(count)])
