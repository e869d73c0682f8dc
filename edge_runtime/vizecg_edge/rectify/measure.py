"""Figures of merit of a rectified sheet."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.halves import half
from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.phase import COARSE_PX, measure_phases
from vizecg_edge.rectify.prepare import ink_of

EDGE_UNIT = 0.42
"""Steepest slope, in ink contrasts per pixel, of the traces on a sheet from a sharp photograph."""
ALIKE, LEAST_SPREAD = 25.0, 0.0005
"""Nodes of the bend that go together, and the relative uncertainty that is left on the flattest paper."""
LEAST_HALVED = 3.6
"""Sheets of this many pixels per millimetre are looked at in half their size for the position of their grid lines."""
SHARE = 0.995
"""Share of the sheet below which its darkest ink and steepest slopes lie."""


def sharpness_of(sheet: np.ndarray) -> float:
    """uint8 RGB sheet -> 0..1: slope of the steepest edges relative to the contrast of the darkest ink.

    Blur widens thin lines and lowers the slope at their flanks; slow shading, light and ink colour cancel out.
    """
    luma = cv2.GaussianBlur(cv2.cvtColor(sheet, cv2.COLOR_RGB2GRAY), (3, 3), 0.6)
    ink = ink_of(luma)
    across, along = cv2.spatialGradient(ink, ksize=3)
    # Slopes are wanted where they are steepest, which is beside dark ink: everything else is left out.
    bound = cv2.max(cv2.convertScaleAbs(across, alpha=0.125), cv2.convertScaleAbs(along, alpha=0.125))
    contrast = max(_upper(ink), 12.0)
    some = np.flatnonzero(bound.ravel() >= np.uint8(np.ceil(max(1.0, 0.6 * _upper(bound)))))
    slopes = np.hypot(across.ravel()[some].astype(np.float32), along.ravel()[some].astype(np.float32)) / 8
    rank = round((1 - SHARE) * (ink.size - 1))
    slope = float(np.partition(slopes, len(slopes) - 1 - rank)[len(slopes) - 1 - rank]) if len(slopes) > rank else 0.0
    return float(np.clip(slope / contrast / EDGE_UNIT, 0.0, 1.0))


def _upper(values: np.ndarray) -> float:
    """uint8 (h, w) -> its 99.5th percentile, to a whole grey level."""
    counts = cv2.calcHist([values], [0], None, [256], [0, 256]).ravel()
    return float(np.searchsorted(np.cumsum(counts), SHARE * values.size))


def residual_of(sheet: np.ndarray, *, px_per_mm: float, grid: tuple[float, float]) -> float:
    """Robust RMS distance (mm) of the sheet's grid lines from where they should lie.

    Args:
        sheet: uint8 RGB (h, w, 3).
        px_per_mm: its scale.
        grid: (x, y) millimetres of one grid line each.
    """
    if px_per_mm >= LEAST_HALVED:
        sheet, px_per_mm = half(sheet), px_per_mm / 2
    red, green, blue = cv2.split(sheet)
    ink = ink_of(cv2.min(cv2.min(red, green), blue))
    cell = 5 * px_per_mm
    to_cells = np.array(
        [[1 / cell, 0, (0.5 / px_per_mm - grid[0]) / 5], [0, 1 / cell, (0.5 / px_per_mm - grid[1]) / 5], [0, 0, 1]]
    )
    box = (1, 1, int(sheet.shape[1] / cell) - 1, int(sheet.shape[0] / cell) - 1)
    phases = measure_phases(ink, to_cells, box, cell_px=COARSE_PX)
    good = phases.weights > 0
    if not good.any():
        return 5.0
    return float(5 * 1.4826 * np.median(np.abs(phases.offsets[good])))


def scale_spread(bend_mm: np.ndarray, *, block: tuple[float, float, float, float], size: tuple[float, float]) -> float:
    """Relative standard uncertainty of the sheet's scale, from the spread of the local grid periods.

    Args:
        bend_mm: (rows, columns, 2), the bend on a regular lattice over the sheet, see ``Rectified``.
        block: left, top, right, bottom of the block of traces, mm.
        size: width and height of the sheet, mm.
    """
    rows, columns = bend_mm.shape[:2]
    pitch_x, pitch_y = size[0] / (columns - 1), size[1] / (rows - 1)
    low_x, high_x = int(block[0] / pitch_x), int(np.ceil(block[2] / pitch_x))
    low_y, high_y = int(block[1] / pitch_y), int(np.ceil(block[3] / pitch_y))
    part = bend_mm[max(0, low_y) : high_y + 1, max(0, low_x) : high_x + 1].astype(np.float64)
    if min(part.shape[:2]) < 3:
        return LEAST_SPREAD
    # How much longer or shorter a square is than the homography's, both ways.
    across, along = np.diff(part[..., 0], axis=1) / pitch_x, np.diff(part[..., 1], axis=0) / pitch_y
    local = (across[:-1] + along[:, :-1]) / 2
    return float(np.hypot(local.std() / np.sqrt(max(1.0, local.size / ALIKE)), LEAST_SPREAD))


def grid_share(grid: Grid, block_cells: np.ndarray) -> float:
    """Share of the cells within a quadrilateral (4, 2), in cells, whose grid could be read in both directions."""
    present = grid.present.astype(np.uint8)
    area = np.zeros_like(present)
    corners = np.round(block_cells - np.array(grid.box[:2]) - 0.5).astype(np.int32)
    cv2.fillConvexPoly(area, corners, 1)
    return float((present & area).sum()) / max(1, int(area.sum()))
