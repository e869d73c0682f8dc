"""From a photograph to the sheet: all steps in order."""

from __future__ import annotations

import time
from itertools import pairwise

import cv2
import numpy as np

from vizecg.spec import LAYOUT_3X4_R, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify.grid import Grid, find_grid
from vizecg_edge.rectify.measure import grid_share, residual_of, scale_spread, sharpness_of
from vizecg_edge.rectify.orient import Placed, place_block
from vizecg_edge.rectify.prepare import prepare
from vizecg_edge.rectify.result import Rectified
from vizecg_edge.rectify.traces import PX_PER_MM, TraceView, trace_view
from vizecg_edge.rectify.warp import Bend, bend_at, first_bend, pixel_map, refine_bend

RECTIFIER_VERSION = "3"
"""Raised when the same photograph gives another sheet."""
CELL_MM = 5.0
SPARE_SCALE = 1.25
"""The photograph keeps at least this many times the sheet's pixels per millimetre before the warp."""
OUTSIDE = (255, 255, 255)


def rectify(image: np.ndarray, spec: SheetSpec) -> Rectified:
    """Find the ECG sheet in a photograph and warp it onto ``spec``'s sheet.

    The 5 mm squares of the paper are the ruler, the block of traces gives the origin; page edges are not used. The
    sheet may be turned by up to 40 degrees, and by quarter turns beyond that: the calibration pulses and the traces
    show which end is the left one, or the sheet is refused.

    Args:
        image: uint8 RGB (H, W, 3), already turned as its EXIF tag says.
        spec: the sheet's size, scale and origin.

    Raises:
        InputRefusedError: nothing that could be read was found; ``reason`` is a value of ``Reason``.
    """
    started = time.perf_counter()
    work = prepare(image)
    grid = find_grid(work.grid_ink)
    bend = refine_bend(work.grid_ink, grid, first_bend(grid))
    view = trace_view(work.trace_ink, grid, bend)
    placed = place_block(view, lambda: trace_view(work.trace_ink, grid, bend, sideways=True))
    detected = time.perf_counter()
    sheet_to_cells = _sheet_to_cells(view, placed, spec)
    photo_to_cells = grid.to_cells @ work.to_work
    homography = np.linalg.inv(sheet_to_cells) @ photo_to_cells
    homography /= homography[2, 2]
    px_per_mm, rotation = _scale_and_rotation(homography, spec)
    sheet = _warp(work.halves, photo_to_cells, bend, sheet_to_cells, spec, px_per_mm)
    rows_mm = _rows_mm(placed, spec)
    residual = residual_of(sheet, px_per_mm=spec.px_per_mm, grid=_grid_line(sheet_to_cells, spec))
    sharpness = sharpness_of(sheet)
    bend_mm = _bend_on_sheet(bend, sheet_to_cells, spec)
    area = (spec.block_x_mm, rows_mm[0] - CELL_MM, spec.block_x_mm + BLOCK_MM, rows_mm[-1] + CELL_MM)
    spread = scale_spread(bend_mm, block=area, size=(spec.width_mm, spec.height_mm))
    warped = time.perf_counter()
    return Rectified(
        sheet=sheet,
        homography=homography,
        bend_mm=bend_mm,
        px_per_mm=px_per_mm,
        px_per_mm_sd=px_per_mm * spread,
        grid_residual_mm=grid.residual_cells * CELL_MM,
        bend_residual_mm=residual,
        rotation_deg=rotation,
        layout=LAYOUT_3X4_R,
        coverage=placed.block.visible,
        grid_share=_share(grid, sheet_to_cells, rows_mm, spec),
        sharpness=sharpness,
        rows_mm=rows_mm,
        pulses=placed.block.pulses,
        speed_mm_s=placed.scales.speed_mm_s,
        gain_mm_mv=placed.scales.gain_mm_mv,
        signals_mm=placed.signals,
        timings_ms={"detect": 1e3 * (detected - started), "rectify": 1e3 * (warped - detected)},
    )


def _sheet_to_cells(view: TraceView, placed: Placed, spec: SheetSpec) -> np.ndarray:
    """(3, 3) float64: sheet pixel centres -> cells. The only place where the origin is set."""
    block = placed.block
    x, y = block.left - 0.5, (block.rows[0] + block.rows[-1]) / 2
    mm = np.linalg.inv(spec.mm_to_px_matrix)
    # Sheet millimetres -> pixels of the turned view.
    to_turned = np.array(
        [
            [PX_PER_MM, 0, x - spec.block_x_mm * PX_PER_MM],
            [0, PX_PER_MM, y - spec.block_y_mm * PX_PER_MM],
            [0, 0, 1],
        ]
    )
    return np.asarray(view.to_cells @ placed.to_view @ to_turned @ mm, np.float64)


def _rows_mm(placed: Placed, spec: SheetSpec) -> tuple[float, ...]:
    rows = placed.block.rows
    middle = (rows[0] + rows[-1]) / 2
    return tuple(spec.block_y_mm + (row - middle) / PX_PER_MM for row in rows)


def _scale_and_rotation(homography: np.ndarray, spec: SheetSpec) -> tuple[float, float]:
    """Photograph pixels per millimetre at the middle of the block, and the direction of the sheet's x axis."""
    middle = np.array([spec.block_x_mm + BLOCK_MM / 2, spec.block_y_mm])
    points = spec.mm_to_px(middle + np.array([[0, 0], [1, 0], [0, 1]]))
    photo = cv2.perspectiveTransform(points[None], np.linalg.inv(homography))[0]
    across, down = photo[1] - photo[0], photo[2] - photo[0]
    area = abs(across[0] * down[1] - across[1] * down[0])
    return float(np.sqrt(area)), float(np.degrees(np.arctan2(across[1], across[0])))


def _warp(
    halves: tuple[np.ndarray, ...],
    photo_to_cells: np.ndarray,
    bend: Bend,
    sheet_to_cells: np.ndarray,
    spec: SheetSpec,
    px_per_mm: float,
) -> np.ndarray:
    """The photograph on the sheet, from the smallest of its sizes that is fine enough, blurred against aliasing."""
    # Strong perspective makes the far side of the sheet coarser than its middle.
    scales = [1.0]
    for larger, smaller in pairwise(halves):
        # A half lacks what is left of an odd width.
        halved = smaller.shape[1] == larger.shape[1] // 2
        scales.append(scales[-1] * (0.5 if halved else smaller.shape[1] / larger.shape[1]))
    level = max([k for k, scale in enumerate(scales) if px_per_mm * scale >= spec.px_per_mm * SPARE_SCALE], default=0)
    image, grow = halves[level], 1 / scales[level]
    to_photo = np.array([[grow, 0, (grow - 1) / 2], [0, grow, (grow - 1) / 2], [0, 0, 1]])
    to_cells, size = photo_to_cells @ to_photo, (spec.width_px, spec.height_px)
    step = max(2, round(spec.px_per_mm * CELL_MM / 2))
    # Only the part of the photograph that is seen, with four channels, which OpenCV warps in half the time of three.
    sparse = sheet_to_cells @ np.diag([step, step, 1.0])
    some = pixel_map(to_cells, bend, sparse, (size[0] // step + 2, size[1] // step + 2), 1).reshape(-1, 2)
    left, top = np.maximum(some.min(axis=0).astype(int) - 6, 0)
    right, bottom = np.maximum(some.max(axis=0).astype(int) + 7, (left + 1, top + 1))
    to_whole = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    maps = pixel_map(to_cells @ to_whole, bend, sheet_to_cells, size, step)
    part = image[top:bottom, left:right]
    ratio = px_per_mm * scales[level] / (spec.px_per_mm * SPARE_SCALE)
    if ratio > 1.2:
        part = cv2.GaussianBlur(part, (3, 3), 0.29 * ratio)
    part = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
    sheet = cv2.remap(part, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(*OUTSIDE, 255))
    return cv2.cvtColor(sheet, cv2.COLOR_RGBA2RGB)


def _grid_line(sheet_to_cells: np.ndarray, spec: SheetSpec) -> tuple[float, float]:
    """Sheet millimetres (x, y) through which a line of each direction runs."""
    corner = np.round(cv2.perspectiveTransform(np.zeros((1, 1, 2)), sheet_to_cells))
    x, y = spec.px_to_mm(cv2.perspectiveTransform(corner, np.linalg.inv(sheet_to_cells)))[0, 0]
    return float(x), float(y)


def _share(grid: Grid, sheet_to_cells: np.ndarray, rows_mm: tuple[float, ...], spec: SheetSpec) -> float:
    """Share of the block's squares with a readable grid."""
    left, right = spec.block_x_mm, spec.block_x_mm + BLOCK_MM
    top, bottom = rows_mm[0] - CELL_MM, rows_mm[-1] + CELL_MM
    corners = spec.mm_to_px(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    return grid_share(grid, cv2.perspectiveTransform(corners[None], sheet_to_cells)[0])


def _bend_on_sheet(bend: Bend, sheet_to_cells: np.ndarray, spec: SheetSpec) -> np.ndarray:
    """The bend on a lattice of about 10 mm over the sheet. (rows, columns, 2) float32, millimetres."""
    columns, rows = round(spec.width_mm / 10) + 1, round(spec.height_mm / 10) + 1
    x, y = np.meshgrid(np.linspace(0, spec.width_mm, columns), np.linspace(0, spec.height_mm, rows))
    points = spec.mm_to_px(np.stack([x, y], axis=-1)).reshape(1, -1, 2)
    cells = cv2.perspectiveTransform(points, sheet_to_cells)[0]
    turn = np.linalg.inv(sheet_to_cells[:2, :2]) / spec.px_per_mm
    return (bend_at(bend, cells) @ turn.T).reshape(rows, columns, 2).astype(np.float32)
