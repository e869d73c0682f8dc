"""Figures of merit of a page that was found, measured on the page laid flat."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.page import CELL_MM, Box, Page
from vizecg_edge.rectify.measure import grid_share, residual_of, scale_spread, sharpness_of
from vizecg_edge.rectify.ruler import RulerKind
from vizecg_edge.rectify.traces import PX_PER_MM
from vizecg_edge.rectify.warp import bend_at
from vizecg_edge.sheet.exposure import exposure_of
from vizecg_edge.sheet.glare import glare_share

ABOVE_MM, BELOW_MM = 8.0, 5.0
"""How far the block reaches beyond its first and its last baseline, for what the photograph shows of it."""
LATTICE_MM = 10.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """See ``Rectified``."""

    px_per_mm_sd: float
    tried_sd: float
    grid_residual_mm: float
    bend_residual_mm: float
    rotation_deg: float
    coverage: float
    grid_share: float
    sharpness: float
    exposure: float
    glare: float


def figures_of(found: FoundPage, picture: np.ndarray, box: Box, *, px_per_mm: float) -> Figures:
    """The figures of a page.

    Args:
        found: the page.
        picture: uint8 RGB, what the photograph shows of ``box`` of it, laid flat.
        box: around the block of traces.
        px_per_mm: of the picture.
    """
    page, block = found.page, found.layout.block
    to_page = np.array([[1 / px_per_mm, 0, box.left + 0.5 / px_per_mm], [0, 1 / px_per_mm, box.top + 0.5 / px_per_mm]])
    to_cells = page.page_to_cells @ np.vstack([to_page, [0, 0, 1]])
    area = Box(block.left, block.top - CELL_MM, block.right, block.bottom + CELL_MM)
    shown = {piece.row: piece.baseline_mm for piece in found.layout.pieces if box.top < piece.baseline_mm < box.bottom}
    rows = tuple(sorted(baseline - box.top for baseline in shown.values()))
    seen = found.ruler.kind is RulerKind.GRID
    spread = float(np.hypot(max(found.ruler.sd_x, found.ruler.sd_y), _spread(page, area)))
    return Figures(
        px_per_mm_sd=page.px_per_mm * spread,
        tried_sd=found.ruler.tried_sd,
        # What was measured without a grid has none to depart from: its uncertainty says how good it is.
        grid_residual_mm=found.grid.residual_cells * CELL_MM if seen else 0.0,
        bend_residual_mm=_residual(picture, to_cells, px_per_mm) if seen else 0.0,
        rotation_deg=_rotation(page, block),
        coverage=_coverage(found),
        grid_share=grid_share(found.grid, _cells(page, area)) if seen else 1.0,
        sharpness=sharpness_of(picture),
        exposure=exposure_of(picture),
        glare=glare_share(
            picture, rows, px_per_mm=px_per_mm, left_mm=block.left - box.left, right_mm=block.right - box.left
        ),
    )


def _residual(picture: np.ndarray, to_cells: np.ndarray, px_per_mm: float) -> float:
    return residual_of(picture, px_per_mm=px_per_mm, grid=_grid_line(to_cells, px_per_mm))


def _cells(page: Page, box: Box) -> np.ndarray:
    """(4, 2): the corners of a box of the page, in cells."""
    left, top, right, bottom = box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    return np.asarray(cv2.perspectiveTransform(corners, page.page_to_cells)[0])


def _rotation(page: Page, block: Box) -> float:
    x, y = (block.left + block.right) / 2, (block.top + block.bottom) / 2
    cells = cv2.perspectiveTransform(np.array([[[x, y], [x + 1, y]]]), page.page_to_cells)
    (a, b), (c, d) = cv2.perspectiveTransform(cells, np.linalg.inv(page.photo_to_cells))[0]
    return float(np.degrees(np.arctan2(d - b, c - a)))


def _coverage(found: FoundPage) -> float:
    """Share of the block, from ``ABOVE_MM`` above its first baseline to ``BELOW_MM`` below its last."""
    block = found.layout.block
    low, high = round(block.left * PX_PER_MM), round(block.right * PX_PER_MM)
    above, below = round((block.top - ABOVE_MM) * PX_PER_MM), round((block.bottom + BELOW_MM) * PX_PER_MM)
    part = found.ink.inside[max(0, above) : below, max(0, low) : max(0, high)]
    return float((part > 0).sum()) / max(1, (high - low) * (below - above))


def _grid_line(to_cells: np.ndarray, px_per_mm: float) -> tuple[float, float]:
    """Millimetres (x, y) of a picture through which a line of each direction runs."""
    corner = np.round(cv2.perspectiveTransform(np.zeros((1, 1, 2)), to_cells))
    x, y = (cv2.perspectiveTransform(corner, np.linalg.inv(to_cells))[0, 0] + 0.5) / px_per_mm
    return float(x), float(y)


def _spread(page: Page, area: Box) -> float:
    """Relative standard uncertainty of the page's scale."""
    width, height = area.right - area.left, area.bottom - area.top
    columns, rows = max(4, round(width / LATTICE_MM) + 1), max(4, round(height / LATTICE_MM) + 1)
    x, y = np.meshgrid(np.linspace(area.left, area.right, columns), np.linspace(area.top, area.bottom, rows))
    cells = cv2.perspectiveTransform(np.stack([x, y], axis=-1).reshape(1, -1, 2), page.page_to_cells)[0]
    turn = np.linalg.inv(page.page_to_cells[:2, :2])
    bend = (bend_at(page.bend, cells) @ turn.T).reshape(rows, columns, 2)
    return scale_spread(bend, block=(0.0, 0.0, width, height), size=(width, height))
