"""Pages without a visible grid: what is printed is the ruler."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from vizecg_edge.rectify.baselines import level_rows
from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.outlines import find_outlines
from vizecg_edge.rectify.phase import MOST_CELLS, Phases
from vizecg_edge.rectify.prepare import Work, percentile_of
from vizecg_edge.rectify.printed_scale import PrintedScale, StatedScale, printed_scales
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.ruler import Ruler
from vizecg_edge.rectify.strips import Strip, find_strips

CELL_MM = 5.0
THICKEST = 0.008
"""Ink thicker than this, in longest sides of the picture, is no line."""
LEAST_INK, INK_SHARE = 36.0, 0.35
"""Ink of a line: at least this, and this share of the darkest of the paper's."""
LEAST_BRIGHT = 0.6
"""Paper is at least so bright, of the brightest tenth of the picture."""
SPECK_PX = 6
"""Ink less than this wide and high is none of a trace."""
TILTED_SD = 0.8
"""Uncertainty of the scale of tilted pages, by the share by which the scale changes over them: rows and edges of the
paper do not show how long it is along the tilt."""
LEAST_ROWS = 2
MOST_LEVEL_PX = 2400
MARGIN_MM = 30.0
"""What is taken for the page around the traces."""


def find_printed(work: Work, stated: StatedScale | None = None, *, unsure: bool = False) -> list[tuple[Grid, Ruler]]:
    """The plane of a page without a grid, as the grid of 5 mm squares that it would have: at the likeliest scale, and
    at others that are possible.

    Args:
        work: the reduced photograph.
        stated: what the page prints of its scale, if that is known.
        unsure: whether scales that fit badly are given, too, see ``printed_scales``.

    Raises:
        InputRefusedError: no_grid, where there are no rows of traces; scale_uncertain, where they show no scale.
    """
    mask, paper = ink_and_paper(work)
    if cv2.countNonZero(mask) < 400:
        raise refusal(Reason.NO_GRID, "neither grid nor traces")
    to_level, size = _framed(level_rows(mask, paper), mask)
    seen = cv2.warpPerspective(mask * np.uint8(255), to_level, size, flags=cv2.INTER_LINEAR)
    level = cv2.threshold(seen, 100, 1, cv2.THRESH_BINARY)[1]
    strips = find_strips(level)
    if len(strips) < LEAST_ROWS:
        raise refusal(Reason.NO_GRID, f"no grid, and {len(strips)} rows of traces")
    scales = printed_scales(strips, find_outlines(level, strips), stated, unsure=unsure)
    tilt = TILTED_SD * _tilt(to_level, size)
    return [_at_scale(scale, strips, to_level, tilt) for scale in scales]


def _at_scale(scale: PrintedScale, strips: list[Strip], to_level: np.ndarray, tilt: float) -> tuple[Grid, Ruler]:
    left, right = (float(np.median([getattr(strip, name) for strip in strips])) for name in ("left", "right"))
    to_cells = np.diag([1 / (scale.x * CELL_MM), 1 / (scale.y * CELL_MM), 1.0]) @ to_level
    corners = np.array([[left, strips[0].y], [right, strips[-1].y]]) / [scale.x * CELL_MM, scale.y * CELL_MM]
    ruler = scale.ruler
    ruler = replace(ruler, sd_x=float(np.hypot(ruler.sd_x, tilt)), sd_y=float(np.hypot(ruler.sd_y, tilt)))
    return _as_grid(to_cells, corners, sideways=_sideways(to_level)), ruler


def _tilt(level: np.ndarray, size: tuple[int, int]) -> float:
    """By how much the scale changes from the middle of a level page to its corners, relative."""
    middle = np.array([[[size[0] / 2, size[1] / 2], [0.0, 0.0], [size[0], 0.0], [0.0, size[1]], size]], np.float64)
    seen = cv2.perspectiveTransform(middle, np.linalg.inv(level))[0]
    depth = seen @ level[2, :2] + level[2, 2]
    return float(np.abs(depth / depth[0] - 1).max())


def ink_and_paper(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Where there is ink of lines and where there is paper: uint8 (h, w) of the reduced photograph, 0 and 1."""
    light = cv2.cvtColor(work.halves[-1], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    bright = (small > LEAST_BRIGHT * np.percentile(small, 90)).astype(np.uint8)
    bright = cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    if count > 1:
        bright = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
        rim = 20
        bright = cv2.copyMakeBorder(bright, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
        bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))[rim:-rim, rim:-rim]
    paper = cv2.resize(bright, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_NEAREST)
    side = round(THICKEST * max(light.shape)) | 1
    ink = cv2.morphologyEx(work.trace_ink, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8))
    inner = cv2.erode(paper, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    threshold = max(LEAST_INK, INK_SHARE * percentile_of(ink, 99.0, inner))
    mask = cv2.bitwise_and(cv2.threshold(ink, int(threshold), 1, cv2.THRESH_BINARY)[1], inner)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= SPECK_PX
    large[0] = False
    return large.astype(np.uint8)[labels], paper


def _framed(level: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """The homography shifted so that all ink has positive places, and the size (width, height) that holds it."""
    points = cv2.findNonZero(mask)[:: max(1, cv2.countNonZero(mask) // 20000)].astype(np.float64)
    seen = cv2.perspectiveTransform(points.reshape(1, -1, 2), level)[0]
    rim = 8
    low = seen.min(axis=0) - rim
    size = np.minimum(np.ceil(seen.max(axis=0) - low + rim).astype(int), MOST_LEVEL_PX)
    return np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ level, (int(size[0]), int(size[1]))


def _sideways(level: np.ndarray) -> bool:
    """Whether the picture's right becomes the page's down or up."""
    inverse = np.linalg.inv(level)
    across = cv2.perspectiveTransform(np.array([[[400.0, 300.0], [410.0, 300.0]]]), inverse)[0]
    step = across[1] - across[0]
    return bool(abs(step[1]) > abs(step[0]))


def _as_grid(to_cells: np.ndarray, corners: np.ndarray, *, sideways: bool) -> Grid:
    """A grid with lines at whole cells over the traces and a margin; its first axis runs to the picture's right."""
    if sideways:
        turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float64)
        to_cells, corners = turn @ to_cells, cv2.perspectiveTransform(corners[None], turn)[0]
    margin = MARGIN_MM / CELL_MM
    low, high = np.floor(corners.min(axis=0) - margin).astype(int), np.ceil(corners.max(axis=0) + margin).astype(int)
    high = np.minimum(high, low + MOST_CELLS)
    columns, rows = high - low
    x, y = np.meshgrid(np.arange(columns) + low[0] + 0.5, np.arange(rows) + low[1] + 0.5)
    centres = np.stack([x, y], axis=-1)
    phases = Phases(centres=centres, offsets=np.zeros((rows, columns, 2)), weights=np.ones((rows, columns, 2)))
    box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return Grid(to_cells=to_cells / to_cells[2, 2], box=box, phases=phases, residual_cells=0.0)
