"""What is left of a picture beside a sheet that was found in it, and whether another may lie there.

Convention: boxes are in pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.leads.evidence import likely
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.page import CELL_MM, Box
from vizecg_edge.leads.rows import find_rows
from vizecg_edge.rectify.grid import cell_sides_px, find_grid
from vizecg_edge.rectify.prepare import prepare
from vizecg_edge.rectify.traces import PX_PER_MM

LEAST_SIDE = 0.4
"""Of the first sheet's width and height, what another must have, so that a phone's picture may stand beside a scan."""
LEAST_PX = 240
"""These limits were chosen on 18 canvases of two real photographs each, of which one is missed, and 24 of drawn pages;
of 92 real pictures and 110 drawn ones of one sheet none is taken for two."""
LOOK_PX = 1200
"""Side of the picture in which it is seen whether anything may be printed on what is left."""
CONTRAST, LEAST_PRINT = 12, 0.2
"""Of the first sheet's share of pixels that are so much darker than their surroundings, what another has at least."""
LEAST_ROWS, ON_PAPER = 3, 0.5
"""So many rows of traces on the rest of the paper may be another sheet; what shows so much of its grid lies on it."""


def may_hold_another(image: np.ndarray, found: FoundPage, own: Box) -> list[Box]:
    """The parts of a picture, left, right, above and below a sheet's block ``own``, in which another may be.

    Rows of traces tell where the rest is the same paper; elsewhere print, and a grid of about the same size.
    """
    height, width = image.shape[:2]
    parts = _beside(own, width, height)
    if not any(_large(part, own) for part in parts):
        return []
    density: Callable[[Box], float] | None = None
    chosen = []
    for part, beyond in zip(parts, _beside(_paper(found, own), width, height), strict=True):
        if not _large(part, own):
            continue
        rows = _rows_on_paper(found, part)
        if rows is None:
            density = density or _printed(image)
            if not _large(beyond, own) or density(beyond) < LEAST_PRINT * density(own):
                continue
            if not _has_grid(cropped(image, beyond), px_per_mm=found.page.px_per_mm):
                continue
        elif rows < LEAST_ROWS:
            continue
        chosen.append(part)
    return chosen


def cropped(image: np.ndarray, box: Box) -> np.ndarray:
    """A part of a picture, to the nearest pixel."""
    left, top, right, bottom = (round(edge) for edge in box)
    return np.ascontiguousarray(image[top:bottom, left:right])


def _beside(box: Box, width: int, height: int) -> tuple[Box, Box, Box, Box]:
    """What is left of a picture on the four sides of a box: left, right, above and below."""
    left, top, right, bottom = max(0.0, box.left), max(0.0, box.top), min(box.right, width), min(box.bottom, height)
    return (
        Box(0, 0, left, height),
        Box(right, 0, width, height),
        Box(left, 0, right, top),
        Box(left, bottom, right, height),
    )


def _large(part: Box, own: Box) -> bool:
    """Whether another sheet may lie in a part."""
    across, down = part.right - part.left, part.bottom - part.top
    wide, high = own.right - own.left, own.bottom - own.top
    return across >= max(LEAST_SIDE * wide, LEAST_PX) and down >= max(LEAST_SIDE * high, LEAST_PX / 2)


def _rows_on_paper(found: FoundPage, part: Box) -> int | None:
    """How many rows of traces a part of the picture seems to have, which lies on the paper of the sheet that was found;
    None where it lies elsewhere."""
    x, y = (np.linspace(low, high, 21) for low, high in ((part.left, part.right), (part.top, part.bottom)))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(1, -1, 2)
    cells = cv2.perspectiveTransform(points, found.page.photo_to_cells)[0]
    rows, columns = found.grid.present.shape
    across, down = (np.floor(cells) - found.grid.box[:2]).astype(int).T
    inside = (across >= 0) & (down >= 0) & (across < columns) & (down < rows)
    if float(found.grid.present[down[inside], across[inside]].sum()) < ON_PAPER * len(inside):
        return None
    page = cv2.perspectiveTransform(points, np.linalg.inv(found.page.page_to_cells) @ found.page.photo_to_cells)[0]
    left, top, right, bottom = np.round(np.array([*page[inside].min(axis=0), *page[inside].max(axis=0)]) * PX_PER_MM)
    shown = np.zeros_like(found.every.mask)
    where = np.s_[int(top) : int(bottom), int(left) : int(right)]
    shown[where] = found.every.mask[where]
    least = LEAST_SIDE * (found.layout.block.right - found.layout.block.left)
    seen = find_rows(replace(found.every, mask=shown))
    return sum(likely(row) and row.length_mm >= least for row in seen)


def _paper(found: FoundPage, own: Box) -> Box:
    """Around the block ``own`` and the squares of the grid that hang together with its own."""
    grid = found.grid
    squares = cv2.morphologyEx(grid.present.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(squares, connectivity=4)
    block = found.layout.block
    middle = np.array([[[(block.left + block.right) / 2, (block.top + block.bottom) / 2]]])
    x, y = cv2.perspectiveTransform(middle, found.page.page_to_cells)[0, 0] - grid.box[:2]
    near = labels[max(0, int(y) - 2) : int(y) + 3, max(0, int(x) - 2) : int(x) + 3]
    label = int(near[near > 0][0]) if (near > 0).any() else 0
    if not label:
        return own
    left, top, width, height, _ = stats[label]
    corners = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]], np.float64
    )
    cells = corners + grid.box[:2]
    points = cv2.perspectiveTransform(cells[None], np.linalg.inv(found.page.photo_to_cells))[0]
    low, high = np.minimum(points.min(axis=0), own[:2]), np.maximum(points.max(axis=0), own[2:])
    return Box(*low.tolist(), *high.tolist())


def _printed(image: np.ndarray) -> Callable[[Box], float]:
    """What share of a box is darker than its surroundings, as all printed paper is and few tables are."""
    scale = min(1.0, LOOK_PX / max(image.shape[:2]))
    step = max(1, int(1 / scale / 2))
    red, green, blue = cv2.split(image[::step, ::step])
    dark = cv2.min(cv2.min(red, green), blue)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    dark = cv2.resize(dark, size, interpolation=cv2.INTER_AREA)
    ink = cv2.morphologyEx(dark, cv2.MORPH_BLACKHAT, np.ones((7, 7), np.uint8)) > CONTRAST

    def share(box: Box) -> float:
        left, top, right, bottom = (max(0, round(edge * scale)) for edge in box)
        part = ink[top:bottom, left:right]
        return float(part.mean()) if part.size else 0.0

    return share


def _has_grid(image: np.ndarray, *, px_per_mm: float) -> bool:
    """Whether a part of a picture shows a grid of about the size of the one beside it; cloth and tables show others."""
    try:
        work = prepare(image)
        grid = find_grid(work.grid_ink)
    except InputRefusedError as refused:
        refused.__traceback__ = None
        return False
    across, down = cell_sides_px(grid)
    side = float(np.sqrt(across * down)) / work.scale
    return bool(LEAST_SIDE <= side / (CELL_MM * px_per_mm) <= 1 / LEAST_SIDE)
