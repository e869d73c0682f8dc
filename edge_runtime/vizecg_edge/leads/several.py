"""Several sheets in one picture: which there are, and a picture of one of them alone.

Convention: boxes are in pixels of the picture; sheets are numbered from 1 as one reads, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.leads.beside import cropped, may_hold_another
from vizecg_edge.leads.find import FoundPage, find_page
from vizecg_edge.leads.infer import ReadingsDifferError
from vizecg_edge.leads.page import Box
from vizecg_edge.rectify.reasons import COARSE, Reason, refusal

Finder = Callable[[np.ndarray], FoundPage]
"""Finds the leads in a picture (uint8 RGB), or refuses it."""

BESIDE_MM = 6.0
"""What lies nearer to the ends of the rows than this is of their sheet; above and below them, half a row."""
SEAM_PX = 640
"""Side of the picture in which the line between two is looked for."""
MOST_SHEETS = 9
ONE_PAGE = 2
"""Blocks of one page, as of limb and of chest leads, have no more leads in common than this; strips repeat some."""
WIDE, HIGH = 1.6, 1.05
"""Pictures that are wider, by their height, and pictures that are narrower may be put together of two."""
SEAM_STEP, SEAM_SHARE, LEAST_SPLIT = 18.0, 0.4, 0.25
"""Such a step in brightness along such a share of a line, no nearer to an end than this, is where they meet."""
MAY_BE_SEVERAL = COARSE | {Reason.CUT_OFF.value}
"""What a picture of several sheets may be refused for, if they are taken for one."""


def find_alone(image: np.ndarray, find: Finder = find_page) -> FoundPage:
    """Find the leads of the one sheet in a picture.

    Args:
        image: uint8 RGB (H, W, 3), upright.
        find: looks for one.

    Raises:
        InputRefusedError: several_sheets, or what ``find`` refuses it for.
    """
    try:
        found = find(image)
    except InputRefusedError as refused:
        if refused.reason in MAY_BE_SEVERAL and _in_parts(image, find):
            raise refusal(Reason.SEVERAL_SHEETS) from None
        raise
    if next(_others(image, found, find, most=1), None) is not None:
        raise refusal(Reason.SEVERAL_SHEETS)
    return found


def sheets_in(image: np.ndarray, find: Finder = find_page) -> tuple[Box, ...]:
    """The blocks of traces of every sheet, as one reads.

    Raises:
        InputRefusedError: what ``find`` refuses the whole picture for, where none is found.
    """
    try:
        found = find(image)
    except InputRefusedError as refused:
        boxes = _in_parts(image, find) if refused.reason in MAY_BE_SEVERAL else ()
        if not boxes:
            raise
    else:
        boxes = (_block(found), *_others(image, found, find, most=MOST_SHEETS - 1))
    return _as_one_reads(boxes)


def alone(image: np.ndarray, boxes: Sequence[Box], number: int) -> np.ndarray:
    """The picture with all sheets but one painted over, white; half way to each other its own part ends."""
    shown = image.copy()
    own = boxes[number - 1]
    for box in (box for index, box in enumerate(boxes) if index != number - 1):
        gaps = {
            "right": box.left - own.right,
            "left": own.left - box.right,
            "below": box.top - own.bottom,
            "above": own.top - box.bottom,
        }
        side = max(gaps, key=lambda one: gaps[one])
        half = gaps[side] / 2
        if side == "right":
            shown[:, max(0, round(own.right + half)) :] = 255
        elif side == "left":
            shown[:, : max(0, round(own.left - half))] = 255
        elif side == "below":
            shown[max(0, round(own.bottom + half)) :] = 255
        else:
            shown[: max(0, round(own.top - half))] = 255
    return shown


def _block(found: FoundPage) -> Box:
    """Around the traces of a sheet and what belongs to them."""
    block, pieces = found.layout.block, found.layout.pieces
    baselines = [piece.baseline_mm for piece in pieces]
    beside = (block.bottom - block.top) / max(1, 2 * (len({piece.row for piece in pieces}) - 1))
    left, right = block.left - BESIDE_MM, block.right + BESIDE_MM
    top, bottom = min(block.top, *baselines) - beside, max(block.bottom, *baselines) + beside
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    points = found.page.to_photo(corners)
    return Box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def _others(image: np.ndarray, found: FoundPage, find: Finder, *, most: int) -> Iterator[Box]:
    """The sheets beside one that was found, at most so many."""
    own = _block(found)
    leads = _leads(found)
    for part in may_hold_another(image, found, own):
        if most <= 0:
            return
        left, top = round(part.left), round(part.top)
        crop = cropped(image, part)
        for box in _sheets(crop, find, most=most, beside=leads):
            most -= 1
            yield Box(box.left + left, box.top + top, box.right + left, box.bottom + top)


def _sheets(image: np.ndarray, find: Finder, *, most: int, beside: frozenset[str] = frozenset()) -> Iterator[Box]:
    """The sheets of a part of a picture; all of it for one that shows rows of traces that cannot be read. None where
    what is found there completes the leads ``beside`` it."""
    try:
        found = find(image)
    except InputRefusedError as refused:
        # Its frames hold the picture.
        refused.__traceback__ = None
        if isinstance(refused, ReadingsDifferError) or refused.reason == Reason.CUT_OFF.value:
            yield Box(0, 0, image.shape[1], image.shape[0])
        return
    if not beside or len(beside & _leads(found)) > ONE_PAGE:
        yield _block(found)
        yield from _others(image, found, find, most=most - 1)


def _leads(found: FoundPage) -> frozenset[str]:
    return frozenset(piece.lead for piece in found.layout.pieces if not piece.strip)


def _as_one_reads(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Row by row from the left: what lies at the height of a row's first is of that row."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.top + box.bottom):
        middle = (box.top + box.bottom) / 2
        if rows and rows[-1][0].top <= middle <= rows[-1][0].bottom:
            rows[-1].append(box)
        else:
            rows.append([box])
    return tuple(box for row in rows for box in sorted(row, key=lambda box: box.left))


def _in_parts(image: np.ndarray, find: Finder) -> tuple[Box, ...]:
    """The sheets of a picture that may be two beside or above one another, each of which is looked at alone; empty
    where not both are of traces."""
    height, width = image.shape[:2]
    across = width > WIDE * height
    if not across and width > HIGH * height:
        return ()
    seam = _seam(image, across=across)
    boxes: list[Box] = []
    for half, low in (
        ((image[:, :seam], 0), (image[:, seam:], seam)) if across else ((image[:seam], 0), (image[seam:], seam))
    ):
        left, top = (low, 0) if across else (0, low)
        seen = [
            Box(box.left + left, box.top + top, box.right + left, box.bottom + top)
            for box in _sheets(np.ascontiguousarray(half), find, most=MOST_SHEETS)
        ]
        # The traces of one sheet run across the line along which it is cut, and what cannot be read proves nothing.
        if not seen or any(_reaches(box, seam, across=across, before=not low) for box in seen):
            return ()
        boxes += seen
    return tuple(boxes)


def _reaches(box: Box, seam: int, *, across: bool, before: bool) -> bool:
    near, far = (box.left, box.right) if across else (box.top, box.bottom)
    return far >= seam if before else near <= seam


def _seam(image: np.ndarray, *, across: bool) -> int:
    """Where one picture most likely ends and the next one begins: an edge along all of it, or its middle."""
    scale = min(1.0, SEAM_PX / max(image.shape[:2]))
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.int16)
    lines = small if across else small.transpose(1, 0, 2)
    length = lines.shape[1]
    low, high = round(LEAST_SPLIT * length), round((1 - LEAST_SPLIT) * length)
    edge = (np.abs(np.diff(lines, axis=1)).max(axis=2) > SEAM_STEP).mean(axis=0)
    at = low + int(np.argmax(edge[low:high]))
    return round((at + 1) / scale) if edge[at] >= SEAM_SHARE else round(length / 2 / scale)
