"""What a page of another layout leaves empty of the sheet that it is composed onto.

The edge lays every page onto the one sheet that networks see, 3x4 with a strip of II. A page without a strip leaves the
strip empty, one of the limb leads half of the sheet, columns that are shorter than the sheet's a gap after each lead;
what lies beyond the traces, pulses and texts, is not laid on, traces of crowded rows are cut between their rows, and
those of half the gain are drawn with a pen twice as thick. Networks that are to read such sheets train on some.

Convention: rectangles are (top, left, height, width) in pixels of an ink map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from vizecg.data.augment import InkChange, Rectangle
from vizecg.render import PictureDraft
from vizecg.spec.sheet import BLOCK_MM

COLUMNS = 4
ROWS = 3
COLUMN_MM = BLOCK_MM / COLUMNS


class Lacking(str, Enum):
    """What kind of page it is that is laid onto the sheet."""

    STRIP = "no strip of II"
    HALF_STRIP = "6x2: five seconds of II"
    NOTHING = "12x1: all that the sheet shows"
    CHEST = "limb leads alone"
    LIMB = "chest leads alone"
    COLUMN_ENDS = "short columns"
    SLOTS = "leads that are cut off, covered or not read"


_KINDS = {
    Lacking.STRIP: 0.22,
    Lacking.HALF_STRIP: 0.18,
    Lacking.NOTHING: 0.12,
    Lacking.CHEST: 0.1,
    Lacking.LIMB: 0.1,
    Lacking.COLUMN_ENDS: 0.13,
    Lacking.SLOTS: 0.15,
}
_CROWDED = (Lacking.HALF_STRIP, Lacking.NOTHING, Lacking.CHEST, Lacking.LIMB)
"""Pages with so many rows that what is not a row's own is cut off half way to the next."""


@dataclass(frozen=True, kw_only=True)
class Emptiness:
    """One ink map's: strokes are ``thick`` (down, across), then ``rectangles`` are paper, and what is left is darker by
    ``gain``, since the contrast of a sheet is that of its darkest pixels."""

    thick: tuple[bool, bool]
    rectangles: tuple[Rectangle, ...]
    gain: float

    def added_to(self, change: InkChange) -> InkChange:
        """The change of a map that is emptied before it is changed."""
        darker = np.minimum(np.arange(256) * self.gain, 255).astype(np.uint8)
        return replace(change, thick=self.thick, empty=self.rectangles, table=change.table[darker])


class SheetBox(NamedTuple):
    """Millimetres of the printed sheet."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class SheetPlaces:
    """Where the traces lie on the printed sheet, mm: the left edge of the block, the baselines of its rows and of its
    strip, and the sheet's size."""

    left: float
    baselines: tuple[float, ...]
    size: tuple[float, float]

    @classmethod
    def of(cls, draft: PictureDraft) -> SheetPlaces:
        """Of the print that a picture shows."""
        spec = draft.sheet.spec
        return cls(
            left=min(box.x_mm for box in draft.sheet.boxes),
            baselines=tuple(sorted({box.baseline_mm for box in draft.sheet.boxes})),
            size=(spec.width_mm, spec.height_mm),
        )

    @property
    def right(self) -> float:
        return self.left + BLOCK_MM

    def rows(self, first: int, last: int) -> SheetBox:
        """All across the sheet, from half way to the row above to half way to the row below; row 3 is the strip."""
        edges = [0.0, *((above + below) / 2 for above, below in pairwise(self.baselines)), self.size[1]]
        return SheetBox(0, edges[first], self.size[0], edges[last + 1])


def draw_emptiness(rng: np.random.Generator, draft: PictureDraft, *, size: tuple[int, int]) -> Emptiness:
    """What is empty of the picture that ``draft`` drafts, of a 3x4 sheet with one strip.

    Args:
        rng: decides it.
        draft: says where the traces are, and how far an erring rectifier puts them from there.
        size: (height, width) of the ink map.
    """
    places = SheetPlaces.of(draft)
    kind = list(_KINDS)[int(rng.choice(len(_KINDS), p=list(_KINDS.values())))]
    boxes = list(_lacking(kind, places, rng))
    if rng.random() < (0.5 if kind in _CROWDED else 0.15):
        boxes += _between_rows(places, reach=float(rng.uniform(6, 14)))
    if rng.random() < 0.75:
        boxes += _beyond_traces(places, reach=float(rng.uniform(10, 25)))
    rectangles = tuple(on_ink_map(boxes, draft, size))
    empty = np.zeros(size, bool)
    for top, left, height, width in rectangles:
        empty[top : top + height, left : left + width] = True
    thick = rng.random()
    return Emptiness(
        thick=(thick < 0.2, 0.2 <= thick < 0.3),
        rectangles=rectangles,
        gain=float(rng.uniform(1, 1 + 0.8 * empty.mean())),
    )


def _lacking(kind: Lacking, places: SheetPlaces, rng: np.random.Generator) -> Iterator[SheetBox]:
    if kind is Lacking.STRIP or kind is Lacking.LIMB:
        yield places.rows(ROWS, ROWS)
    if kind is Lacking.HALF_STRIP:
        # To within what pages of other speeds print of it.
        yield places.rows(ROWS, ROWS)._replace(left=places.left + BLOCK_MM * float(rng.uniform(0.45, 0.6)))
    if kind is Lacking.CHEST:
        yield places.rows(0, ROWS - 1)._replace(left=places.left + BLOCK_MM / 2)
        shown = float(rng.choice([0.0, 0.5, 1.0], p=[0.2, 0.3, 0.5]))
        yield places.rows(ROWS, ROWS)._replace(left=places.left + BLOCK_MM * shown)
    if kind is Lacking.LIMB:
        yield places.rows(0, ROWS - 1)._replace(right=places.left + BLOCK_MM / 2)
    if kind is Lacking.COLUMN_ENDS:
        gap = float(rng.uniform(1, 5))
        for column in range(COLUMNS):
            right = places.left + (column + 1) * COLUMN_MM
            yield places.rows(0, ROWS - 1)._replace(left=right - gap, right=right)
        yield places.rows(ROWS, ROWS)._replace(left=places.left + BLOCK_MM - gap * COLUMNS)
    if kind is Lacking.SLOTS:
        if rng.random() < 0.3:
            row = int(rng.integers(ROWS))
            yield places.rows(row, row)
            return
        for slot in rng.choice(ROWS * COLUMNS, size=int(rng.integers(1, 5)), replace=False):
            row, column = divmod(int(slot), COLUMNS)
            left = places.left + column * COLUMN_MM
            yield places.rows(row, row)._replace(left=left, right=left + COLUMN_MM)


def _between_rows(places: SheetPlaces, *, reach: float) -> Iterator[SheetBox]:
    """Of rows that show no more than ``reach`` mm above and below their baselines."""
    for above, below in pairwise(places.baselines):
        if below - above > 2 * reach:
            yield SheetBox(0, above + reach, places.size[0], below - reach)


def _beyond_traces(places: SheetPlaces, *, reach: float) -> Iterator[SheetBox]:
    """All around the block: pulses, names beside it and texts. ``reach`` mm above and below it are shown."""
    width, height = places.size
    yield SheetBox(0, 0, places.left, height)
    yield SheetBox(places.right, 0, width, height)
    yield SheetBox(0, 0, width, places.baselines[0] - reach)
    yield SheetBox(0, places.baselines[-1] + reach, width, height)


def on_ink_map(boxes: Sequence[SheetBox], draft: PictureDraft, size: tuple[int, int]) -> Iterator[Rectangle]:
    """Where an erring rectifier puts upright boxes of the printed sheet; its slight turns are left out, and boxes that
    come to lie off the sheet."""
    edges = np.round(edges_on_ink_map(boxes, draft, size)).astype(int)
    for (left, top), (right, bottom) in np.clip(edges, 0, size[::-1]).tolist():
        if right > left and bottom > top:
            yield top, left, bottom - top, right - left


def edges_on_ink_map(boxes: Sequence[SheetBox], draft: PictureDraft, size: tuple[int, int]) -> np.ndarray:
    """Left and upper, then right and lower edge of each box: float64 (n, 2, 2), in pixels from the map's corner."""
    spec = draft.sheet.spec
    to_seen = np.eye(3) if draft.error is None else np.linalg.inv(draft.error.homography)
    if not boxes:
        return np.zeros((0, 2, 2))
    corners = np.array([[(box.left, box.top), (box.right, box.bottom)] for box in boxes]).reshape(-1, 2)
    seen = cv2.perspectiveTransform(spec.mm_to_px(corners)[None], to_seen)[0] + 0.5
    return (seen * (size[1] / spec.width_px, size[0] / spec.height_px)).reshape(-1, 2, 2)
