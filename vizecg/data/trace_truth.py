"""Where the traces lie in the ink map of a drawn sheet, as a picture's draft and the record's millivolts tell it.

A 3x4 sheet with one strip has four rows, and in each column of pixels at most one lead of each row. What a network is
to find is the height of every row's trace in every column: in millimetres above the row's own place on the sheet of
``Layout()``, whatever moved it from there: the voltage, the distance of the rows of this print, the error of the
rectifier, the shift of the picture.

Convention: coordinates are pixel centres, x to the right, y down; heights are upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from vizecg.data.augment import CellMove, InkChange
from vizecg.render import Layout, LeadBox, PictureDraft
from vizecg.render.register import placed
from vizecg.render.traces import STEP_MV
from vizecg.spec import LEADS, SheetSpec

RATE_HZ = 100.0
"""Of the millivolts: four samples a millimetre, two for each column of the usual ink map."""
_LAYOUT = Layout()
ROWS = _LAYOUT.rows
ROW_SAMPLES = round(_LAYOUT.block_s * RATE_HZ)


class Piece(NamedTuple):
    """Where a lead's samples stand among those of its row: ``at`` to ``at + length``, taken from ``start_s`` on."""

    row: int
    lead: int
    at: int
    length: int
    start_s: float


def pieces(boxes: Sequence[LeadBox]) -> list[Piece]:
    """Of ``ROWS`` rows, in the order of the boxes of a sheet with the leads of ``Layout()``."""
    column = ROW_SAMPLES // _LAYOUT.columns
    return [
        Piece(
            row=box.row,
            lead=LEADS.index(box.lead),
            at=box.column * column,
            length=min(ROW_SAMPLES if box.strip else column, int((box.end_s - box.start_s) * RATE_HZ + 1e-6)),
            start_s=box.start_s,
        )
        for box in boxes
    ]


def row_samples(steps: np.ndarray, boxes: Sequence[LeadBox], *, sampling_rate: float) -> np.ndarray:
    """What is drawn of a record, row by row: int16 (ROWS, ROW_SAMPLES).

    Args:
        steps: int16 (12, samples) of ``vizecg.render.traces.stored_signal``.
        boxes: of the record's sheet.
        sampling_rate: of ``steps``, Hz.
    """
    rows = np.zeros((ROWS, ROW_SAMPLES), np.int16)
    for piece in pieces(boxes):
        times = piece.start_s + np.arange(piece.length) / RATE_HZ
        places = np.minimum(np.rint(times * sampling_rate).astype(np.int64), steps.shape[1] - 1)
        rows[piece.row, piece.at : piece.at + piece.length] = steps[piece.lead, places]
    return rows


def trace_truth(rows: np.ndarray, draft: PictureDraft, change: InkChange, *, size: tuple[int, int]) -> np.ndarray:
    """Heights of the traces, and where they can be seen: float32 (2, ROWS, width).

    The first are millimetres, 0 where nothing is seen; the second is 1 where the trace of the row is printed in this
    column, and neither cut off, emptied, covered nor out of the picture.

    Args:
        rows: of ``row_samples``, of the record that is drawn.
        draft: of the picture, for a record of this length.
        change: of its ink map.
        size: (height, width) of the ink map.
    """
    spec, height, width = draft.sheet.spec, *size
    truth = np.zeros((2, ROWS, width), np.float32)
    on_map = _on_ink_map(rows, draft, size)
    for cell, (piece, (x, y, drawn)) in enumerate(zip(pieces(draft.sheet.boxes), on_map, strict=True)):
        if piece.length < 2:
            continue
        if change.moves:
            x, y, drawn = _moved(x, y, drawn, change.moves, own=cell)
        x, y = x + change.thick[1] / 2, y + change.thick[0] / 2
        first, last = max(0, int(np.ceil(x[0]))), min(width - 1, int(np.floor(x[-1])))
        columns = np.arange(first, last + 1)
        # An erring rectifier turns a sheet so little that steep strokes do not go back.
        level = np.interp(columns, np.maximum.accumulate(x), y)
        seen = np.interp(columns, np.maximum.accumulate(x), drawn.astype(np.float64)) > 1 - 1e-6
        lines = np.rint(level).astype(np.int64)
        seen &= (lines >= 0) & (lines < height) & ~_inside(change.empty, columns, lines)
        down, right = change.shift
        columns, lines, level = columns + right, lines + down, level + down
        seen &= (lines >= 0) & (lines < height) & (columns >= 0) & (columns < width)
        seen &= ~_inside([patch[:4] for patch in change.patches], columns, lines)
        heights = (_baselines(spec, height)[piece.row] - level) * (spec.height_mm / height)
        truth[0, piece.row, columns[seen]] = heights[seen]
        truth[1, piece.row, columns[seen]] = 1
    return truth


def _on_ink_map(
    rows: np.ndarray, draft: PictureDraft, size: tuple[int, int]
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each piece, x and y of its samples on the ink map before any change, and which of them are drawn."""
    spec, scale = draft.sheet.spec, draft.sheet.spec.px_per_mm
    points, drawn, ends = [], [], [0]
    for piece, box, stroke in zip(pieces(draft.sheet.boxes), draft.sheet.boxes, draft.sheet.strokes, strict=True):
        millivolts = rows[piece.row, piece.at : piece.at + piece.length].astype(np.float64) * STEP_MV
        x = (box.x_mm + np.arange(piece.length) / RATE_HZ * box.speed_mm_s) * scale
        y = stroke.baseline - stroke.scale * millivolts
        drawn.append((y >= stroke.top) & (y <= stroke.bottom))
        points.append(np.column_stack([x, y]) - 0.5)
        ends.append(ends[-1] + piece.length)
    where = np.concatenate(points)
    if draft.error is not None:
        where = placed(draft.error, where, (spec.height_px, spec.width_px))
    where = (where + 0.5) * (size[1] / spec.width_px, size[0] / spec.height_px) - 0.5
    return [(*where[low:high].T, some) for (low, high), some in zip(pairwise(ends), drawn, strict=True)]


def _moved(
    x: np.ndarray, y: np.ndarray, drawn: np.ndarray, moves: Sequence[CellMove], *, own: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a change of cells shows points: in the cell of their lead, else in any other that a trace reaches into."""
    to_x, to_y = x.copy(), y.copy()
    found, within = np.zeros(len(x), bool), np.zeros(len(x), bool)
    for move in (moves[own], *moves[:own], *moves[own + 1 :]):
        (down, right), (middle_y, middle_x) = move.shift, move.middle
        at_y = middle_y + down + (y - middle_y) * move.scale[0]
        at_x = middle_x + right + (x - middle_x) * move.scale[1]
        shown = _inside([move.rectangle], np.rint(at_x), np.rint(at_y)) & ~found
        to_x[shown], to_y[shown] = at_x[shown], at_y[shown]
        found |= shown
        within |= _inside([move.rectangle], np.rint(x), np.rint(y))
    # What lies in a cell and is shown by none was moved beyond its edge.
    return to_x, to_y, drawn & (found | ~within)


@lru_cache(maxsize=4)
def _baselines(spec: SheetSpec, height: int) -> tuple[float, ...]:
    """Lines of the ink map on which the rows of ``Layout()`` have their baselines."""
    found = {box.row: box.baseline_mm for box in _LAYOUT.boxes(spec, duration_s=_LAYOUT.block_s)}
    return tuple(found[row] * height / spec.height_mm - 0.5 for row in range(ROWS))


def _inside(rectangles: Sequence[Sequence[int]], columns: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """bool (n,): which of n pixels lie in one of (top, left, height, width)."""
    inside = np.zeros(len(columns), bool)
    for top, left, high, wide in rectangles:
        inside |= (lines >= top) & (lines < top + high) & (columns >= left) & (columns < left + wide)
    return inside
