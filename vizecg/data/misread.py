"""What a reader's errors do to the sheet that it composes lead by lead.

The edge lays each lead of a page that is not printed like the sheet into its slot by where, how fast and how large it
was read to be: every slot is a little beside its place, and a little too wide or too high, each by an error of its own.
Networks that are to read such sheets train on some.
"""

from __future__ import annotations

import numpy as np

from vizecg.data.augment import CellMove
from vizecg.data.emptiness import COLUMN_MM, COLUMNS, ROWS, SheetBox, SheetPlaces, edges_on_ink_map
from vizecg.render import PictureDraft

ACROSS_MM, DOWN_MM = 0.25, 0.35
"""Standard deviations of a slot's place on the sheet."""
GAIN, WIDTH = 0.02, 0.005
"""And of its height and width, relative."""
_MOST = 4.0
"""Standard deviations that no error goes beyond."""


def draw_misread(rng: np.random.Generator, draft: PictureDraft, *, size: tuple[int, int]) -> tuple[CellMove, ...]:
    """How the slots of a 3x4 sheet with one strip are moved: row by row, in the order of the draft's boxes.

    Args:
        rng: decides it.
        draft: says where the traces are, and how far an erring rectifier puts them from there.
        size: (height, width) of the ink map.
    """
    spec, places = draft.sheet.spec, SheetPlaces.of(draft)
    cells = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]
    boxes = [_slot(places, row, column) for row, column in cells]
    boxes.append(places.rows(ROWS, ROWS)._replace(left=places.left, right=places.right))
    rows = [*(row for row, _ in cells), ROWS]
    baselines = [
        box._replace(top=places.baselines[row], bottom=places.baselines[row])
        for box, row in zip(boxes, rows, strict=True)
    ]
    edges = np.clip(np.round(edges_on_ink_map(boxes, draft, size)).astype(int), 0, size[::-1])
    middles = edges_on_ink_map(baselines, draft, size).mean(axis=1)[:, 1] - 0.5
    errors = np.clip(rng.normal(0, 1, (len(boxes), 4)), -_MOST, _MOST) * (DOWN_MM, ACROSS_MM, GAIN, WIDTH)
    down, across = size[0] / spec.height_mm, size[1] / spec.width_mm
    return tuple(
        CellMove(
            rectangle=(top, left, max(0, bottom - top), max(0, right - left)),
            middle=(middle, float(left)),
            shift=(lower * down, later * across),
            scale=(1 + higher, 1 + wider),
        )
        for ((left, top), (right, bottom)), middle, (lower, later, higher, wider) in zip(
            edges.tolist(), middles.tolist(), errors.tolist(), strict=True
        )
    )


def _slot(places: SheetPlaces, row: int, column: int) -> SheetBox:
    left = places.left + column * COLUMN_MM
    return places.rows(row, row)._replace(left=left, right=left + COLUMN_MM)
