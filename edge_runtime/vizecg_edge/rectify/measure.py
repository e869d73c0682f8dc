"""Figures of merit of a rectified sheet."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.phase import measure_phases
from vizecg_edge.rectify.prepare import ink_of

EDGE_UNIT = 0.42
"""Steepest slope, in ink contrasts per pixel, of the traces on a sheet from a sharp photograph."""
NEAR_MM = 10.0


def sharpness_of(sheet: np.ndarray) -> float:
    """uint8 RGB sheet -> 0..1: slope of the steepest edges relative to the contrast of the darkest ink.

    Blur widens thin lines and lowers the slope at their flanks; slow shading, light and ink colour cancel out.
    """
    luma = cv2.GaussianBlur(cv2.cvtColor(sheet, cv2.COLOR_RGB2GRAY), (3, 3), 0.6)
    ink = ink_of(luma).astype(np.float32)
    across = cv2.Sobel(ink, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    along = cv2.Sobel(ink, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    slope = float(np.percentile(cv2.magnitude(across, along), 99.5))
    contrast = max(float(np.percentile(ink, 99.5)), 12.0)
    return float(np.clip(slope / contrast / EDGE_UNIT, 0.0, 1.0))


def residual_of(sheet: np.ndarray, *, px_per_mm: float, grid: tuple[float, float]) -> float:
    """Robust RMS distance (mm) of the sheet's grid lines from where they should lie.

    Args:
        sheet: uint8 RGB (h, w, 3).
        px_per_mm: its scale.
        grid: (x, y) millimetres of one grid line each.
    """
    red, green, blue = cv2.split(sheet)
    ink = ink_of(cv2.min(cv2.min(red, green), blue))
    cell = 5 * px_per_mm
    to_cells = np.array(
        [[1 / cell, 0, (0.5 / px_per_mm - grid[0]) / 5], [0, 1 / cell, (0.5 / px_per_mm - grid[1]) / 5], [0, 0, 1]]
    )
    box = (1, 1, int(sheet.shape[1] / cell) - 1, int(sheet.shape[0] / cell) - 1)
    phases = measure_phases(ink, to_cells, box)
    good = phases.weights > 0
    if not good.any():
        return 5.0
    return float(5 * 1.4826 * np.median(np.abs(phases.offsets[good])))


def grid_share(grid: Grid, block_cells: np.ndarray) -> float:
    """Share of the cells within a quadrilateral (4, 2), in cells, whose grid could be read in both directions."""
    present = grid.present.astype(np.uint8)
    area = np.zeros_like(present)
    corners = np.round(block_cells - np.array(grid.box[:2]) - 0.5).astype(np.int32)
    cv2.fillConvexPoly(area, corners, 1)
    return float((present & area).sum()) / max(1, int(area.sum()))
