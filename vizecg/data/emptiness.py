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

_COLUMNS = 4
_ROWS = 3
_COLUMN_MM = BLOCK_MM / _COLUMNS


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


class _Box(NamedTuple):
    """Millimetres of the printed sheet."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where the traces lie on the printed sheet, mm: the left edge of the block, the baselines of its rows and of its
    strip, and the sheet's size."""

    left: float
    baselines: tuple[float, ...]
    size: tuple[float, float]

    @property
    def right(self) -> float:
        return self.left + BLOCK_MM

    def rows(self, first: int, last: int) -> _Box:
        """All across the sheet, from half way to the row above to half way to the row below; row 3 is the strip."""
        edges = [0.0, *((above + below) / 2 for above, below in pairwise(self.baselines)), self.size[1]]
        return _Box(0, edges[first], self.size[0], edges[last + 1])


def draw_emptiness(rng: np.random.Generator, draft: PictureDraft, *, size: tuple[int, int]) -> Emptiness:
    """What is empty of the picture that ``draft`` drafts, of a 3x4 sheet with one strip.

    Args:
        rng: decides it.
        draft: says where the traces are, and how far an erring rectifier puts them from there.
        size: (height, width) of the ink map.
    """
    spec = draft.sheet.spec
    places = _Places(
        left=min(box.x_mm for box in draft.sheet.boxes),
        baselines=tuple(sorted({box.baseline_mm for box in draft.sheet.boxes})),
        size=(spec.width_mm, spec.height_mm),
    )
    kind = list(_KINDS)[int(rng.choice(len(_KINDS), p=list(_KINDS.values())))]
    boxes = list(_lacking(kind, places, rng))
    if rng.random() < (0.5 if kind in _CROWDED else 0.15):
        boxes += _between_rows(places, reach=float(rng.uniform(6, 14)))
    if rng.random() < 0.75:
        boxes += _beyond_traces(places, reach=float(rng.uniform(10, 25)))
    rectangles = tuple(_on_ink_map(boxes, draft, size))
    empty = np.zeros(size, bool)
    for top, left, height, width in rectangles:
        empty[top : top + height, left : left + width] = True
    thick = rng.random()
    return Emptiness(
        thick=(thick < 0.2, 0.2 <= thick < 0.3),
        rectangles=rectangles,
        gain=float(rng.uniform(1, 1 + 0.8 * empty.mean())),
    )


def _lacking(kind: Lacking, places: _Places, rng: np.random.Generator) -> Iterator[_Box]:
    if kind is Lacking.STRIP or kind is Lacking.LIMB:
        yield places.rows(_ROWS, _ROWS)
    if kind is Lacking.HALF_STRIP:
        # To within what pages of other speeds print of it.
        yield places.rows(_ROWS, _ROWS)._replace(left=places.left + BLOCK_MM * float(rng.uniform(0.45, 0.6)))
    if kind is Lacking.CHEST:
        yield places.rows(0, _ROWS - 1)._replace(left=places.left + BLOCK_MM / 2)
        shown = float(rng.choice([0.0, 0.5, 1.0], p=[0.2, 0.3, 0.5]))
        yield places.rows(_ROWS, _ROWS)._replace(left=places.left + BLOCK_MM * shown)
    if kind is Lacking.LIMB:
        yield places.rows(0, _ROWS - 1)._replace(right=places.left + BLOCK_MM / 2)
    if kind is Lacking.COLUMN_ENDS:
        gap = float(rng.uniform(1, 5))
        for column in range(_COLUMNS):
            right = places.left + (column + 1) * _COLUMN_MM
            yield places.rows(0, _ROWS - 1)._replace(left=right - gap, right=right)
        yield places.rows(_ROWS, _ROWS)._replace(left=places.left + BLOCK_MM - gap * _COLUMNS)
    if kind is Lacking.SLOTS:
        if rng.random() < 0.3:
            row = int(rng.integers(_ROWS))
            yield places.rows(row, row)
            return
        for slot in rng.choice(_ROWS * _COLUMNS, size=int(rng.integers(1, 5)), replace=False):
            row, column = divmod(int(slot), _COLUMNS)
            left = places.left + column * _COLUMN_MM
            yield places.rows(row, row)._replace(left=left, right=left + _COLUMN_MM)


def _between_rows(places: _Places, *, reach: float) -> Iterator[_Box]:
    """Of rows that show no more than ``reach`` mm above and below their baselines."""
    for above, below in pairwise(places.baselines):
        if below - above > 2 * reach:
            yield _Box(0, above + reach, places.size[0], below - reach)


def _beyond_traces(places: _Places, *, reach: float) -> Iterator[_Box]:
    """All around the block: pulses, names beside it and texts. ``reach`` mm above and below it are shown."""
    width, height = places.size
    yield _Box(0, 0, places.left, height)
    yield _Box(places.right, 0, width, height)
    yield _Box(0, 0, width, places.baselines[0] - reach)
    yield _Box(0, places.baselines[-1] + reach, width, height)


def _on_ink_map(boxes: Sequence[_Box], draft: PictureDraft, size: tuple[int, int]) -> Iterator[Rectangle]:
    """Where an erring rectifier puts upright boxes of the printed sheet; its slight turns are left out."""
    spec = draft.sheet.spec
    to_seen = np.eye(3) if draft.error is None else np.linalg.inv(draft.error.homography)
    if not boxes:
        return
    corners = np.array([[(box.left, box.top), (box.right, box.bottom)] for box in boxes]).reshape(-1, 2)
    seen = cv2.perspectiveTransform(spec.mm_to_px(corners)[None], to_seen)[0] + 0.5
    edges = np.round(seen * (size[1] / spec.width_px, size[0] / spec.height_px)).astype(int)
    for (left, top), (right, bottom) in np.clip(edges, 0, size[::-1]).reshape(-1, 2, 2).tolist():
        if right > left and bottom > top:
            yield top, left, bottom - top, right - left
