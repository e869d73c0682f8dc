"""Calibration pulses, found by their form alone: before the layout is known, and where there is only one."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from vizecg_edge.leads.layout import CalibrationPulse
from vizecg_edge.leads.page import Box

HEIGHTS_MM, WIDTHS_MM, WIDE_MM = (10.0, 20.0, 5.0, 2.5), (1.9, 11.5), (18.5, 21.5)
"""Heights in the order in which they are looked for. Widths: 0.1 s at 25 mm/s to 0.2 s at 50 mm/s, with room for the
width of the line, and 0.2 s at 100 mm/s."""
LOWEST_MM, LOWEST_WIDTH_MM = 2.5, 4.5
"""Pulses of 2.5 mm/mV are as low as waves are: they count where they are as wide as this, ``COLUMN`` of them stand
above one another at the ends of their rows, and there are no others."""
GAP_MM = 1.7
"""Taking out a thick grid leaves gaps this wide in lines that cross it or lie on it."""
REACH_MM = 0.7
"""A line is sought this far from where it should run: edges are seen a little slanted, tops not quite level."""
BESIDE_MM = 1.5
"""Nothing but the foot is drawn so near to the outside of a pulse."""
LEAST_EDGE, LEAST_TOP = 0.8, 0.8
"""Share of ink in what must be drawn."""
MOST_INSIDE, MOST_OUTSIDE, MOST_BEYOND, MOST_BOTTOM = 0.15, 0.34, 0.5, 0.6
"""Share of ink in what must be empty: between the edges, beside them, straight above their upper and below their lower
ends, and from foot to foot, where frames around text are closed."""
LEAST_FOOT = 0.5
"""Share of ink of the line that leads to or from a foot, on one side at least."""
MOST_PAIRS = 60_000
"""A page with more pairs of edges than this is covered with noise."""
SAME_MM = 1.0
"""Pulses of one column of rows are of one size and stand above each other to within this."""
COLUMN = 3
"""So many pulses in a column are pulses wherever they stand; fewer only at an end of their row."""
LOW_MM, LEAST_LOW, LOW_SCORE = 5.0, 2, 0.85
"""Low ones look like much else: they count from this score on where at least so many stand in a column, and beside
higher ones where a whole column does (some leads have a gain of their own)."""
END_MM, MOST_AT_END = (3.0, 13.0), 0.015
"""At an end of a row no more than this share of what lies so far to the left or right of a pulse is ink."""


class _Ink(NamedTuple):
    """Sums over a mask, each one row and column larger than it, and its scale.

    ``ink``: of its ink. ``across``, ``down``: of the rows that have ink at most ``REACH_MM`` above or below, of the
    columns that have some as near to the left or right, both without gaps.
    """

    ink: np.ndarray
    across: np.ndarray
    down: np.ndarray
    reach: int
    beside: int
    px_per_mm: float


class _Places(NamedTuple):
    """Where pulses may be: int (n,) pixels of their edges, tops and feet."""

    left: np.ndarray
    right: np.ndarray
    top: np.ndarray
    foot: np.ndarray


def find_pulses(
    mask: np.ndarray, *, px_per_mm: float, corner: tuple[float, float], lowest: bool = True
) -> tuple[CalibrationPulse, ...]:
    """Everything on a page that has the form of a calibration pulse, from the left.

    That is two upright edges of equal height, joined by a level line at their upper ends and not at their feet, with
    nothing drawn between and beside them, as high as a gain; a line runs on from one foot at least. QRS complexes whose
    top is cut may look like one, within a row: what stands at an end of a row, beside it or below the block is a pulse.

    Args:
        mask: uint8 or bool (h, w) of the upright, flat page, not 0 where there is ink that is no grid.
        px_per_mm: of the mask, the same both ways.
        corner: page millimetres of its left upper corner.
        lowest: whether those of 2.5 mm/mV are looked for, too.
    """
    ink = _sums((mask != 0).astype(np.uint8), px_per_mm)
    found: list[Box] = []
    scores: list[float] = []
    for height_mm in HEIGHTS_MM:
        is_lowest = height_mm <= LOWEST_MM
        if is_lowest and (found or not lowest):
            break
        places = _places(ink, round(height_mm * px_per_mm))
        scored = _scores(ink, places)
        low = height_mm <= LOW_MM
        if low:
            scored[scored < LOW_SCORE] = 0.0
        if is_lowest:
            scored[places.right - places.left < LOWEST_WIDTH_MM * px_per_mm] = 0.0
        boxes, likely = _apart(places, scored, found)
        least = (COLUMN if found or is_lowest else LEAST_LOW) if low else 1
        anywhere = not low or bool(found)
        kept = [
            number
            for number, count in enumerate(_columns(boxes, SAME_MM * px_per_mm))
            if count >= least and ((count >= COLUMN and anywhere) or _at_end(ink, boxes[number]))
        ]
        if len(kept) >= least:
            found += [boxes[number] for number in kept]
            scores += [likely[number] for number in kept]
    pulses = [
        CalibrationPulse(box=_on_page(_refined(ink, box), px_per_mm, corner), score=round(score, 4))
        for box, score in zip(found, scores, strict=True)
    ]
    return tuple(sorted(pulses, key=lambda pulse: (pulse.box.left, pulse.box.top)))


def _apart(places: _Places, scores: np.ndarray, taken: list[Box]) -> tuple[list[Box], list[float]]:
    """The best of those places that overlap, in pixels of the mask, and their scores."""
    boxes: list[Box] = []
    likely: list[float] = []
    fits = np.flatnonzero(scores > 0)
    for number in fits[np.argsort(-scores[fits], kind="stable")]:
        left, right, top, foot = (float(side[number]) for side in places)
        box = Box(left, top, right, foot)
        if not any(box.meets(other) for other in [*taken, *boxes]):
            boxes.append(box)
            likely.append(float(scores[number]))
    return boxes, likely


def _refined(ink: _Ink, box: Box) -> Box:
    """Edges at the middle of their lines, to a fraction of a pixel."""
    rows = np.array([box.top + ink.reach + 1]), np.array([box.bottom - ink.reach])
    top, foot = (row.astype(np.int64) for row in rows)
    steps = np.arange(-ink.reach - 1, ink.reach + 2)

    def middle(x: float) -> float:
        columns = round(x) + steps
        weights = _share(ink, columns, top, columns + 1, foot)
        return x + float((weights * steps).sum() / max(weights.sum(), 1e-9))

    return box._replace(left=middle(box.left), right=middle(box.right))


def _columns(boxes: list[Box], same: float) -> list[int]:
    """For each rectangle, how many stand above and below it, itself included."""
    return [
        sum(abs(box.left - other.left) <= same and abs(box.right - other.right) <= same for other in boxes)
        for box in boxes
    ]


def _at_end(ink: _Ink, box: Box) -> bool:
    """Whether next to nothing is drawn to the left of a rectangle, or to the right of it."""
    near, far = (round(distance * ink.px_per_mm) for distance in END_MM)
    height = box.bottom - box.top
    top, bottom = (np.array([round(y)]) for y in (box.top - height / 4, box.bottom + height / 4))
    sides = ((box.left - far, box.left - near), (box.right + near, box.right + far))
    return any(
        float(_share(ink, np.array([round(left)]), top, np.array([round(right)]), bottom)[0]) <= MOST_AT_END
        for left, right in sides
    )


def _sums(mask: np.ndarray, px_per_mm: float) -> _Ink:
    reach, gap = max(1, round(REACH_MM * px_per_mm)), round(GAP_MM * px_per_mm) | 1
    upright = cv2.dilate(mask, np.ones((1, 2 * (reach // 2) + 1), np.uint8))
    upright = cv2.morphologyEx(upright, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
    level = cv2.dilate(mask, np.ones((2 * reach + 1, 1), np.uint8))
    level = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    down, across = _summed_down(upright), _summed_down(cv2.transpose(level)).T
    return _Ink(cv2.integral(mask), across, down, reach, max(1, round(BESIDE_MM * px_per_mm)), px_per_mm)


def _summed_down(mask: np.ndarray) -> np.ndarray:
    """int16 (h + 1, w): sums of the rows of uint8 (h, w) above each, which numpy adds row by row in a third of the time
    that ``cumsum`` takes."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1]), np.int16)
    for row, values in enumerate(mask.astype(np.int16)):
        np.add(sums[row], values, out=sums[row + 1])
    return sums


def _places(ink: _Ink, tall: int) -> _Places:
    """Pairs of edges of this height, as far apart as those of a pulse, with a line between their upper ends."""
    rows, columns = ink.across.shape[0], ink.down.shape[1]
    if rows <= tall + 2 * (ink.reach + ink.beside):
        return _Places(*(np.zeros(0, np.int64),) * 4)
    # An edge from each row to the one ``tall`` below it, its ends apart, which belong to top and foot.
    inner = tall - 2 * ink.reach
    inked = ink.down[tall - ink.reach : rows - ink.reach : 2] - ink.down[ink.reach : rows - tall + ink.reach : 2]
    upright = inked >= np.int16(np.ceil(LEAST_EDGE * inner))
    # Most upright strokes of a page are longer.
    first = (ink.reach + ink.beside + 1) // 2
    above = ink.down[2 * first - ink.reach : rows - tall - ink.reach : 2]
    above = above - ink.down[2 * first - ink.reach - ink.beside : rows - tall - ink.reach - ink.beside : 2]
    upright[first : first + len(above)] &= above <= np.int16(MOST_BEYOND * ink.beside)
    tops, edges = np.divmod(np.flatnonzero(upright), columns)
    steps = np.concatenate(
        [
            np.arange(round(least * ink.px_per_mm), round(most * ink.px_per_mm) + 1)
            for least, most in (WIDTHS_MM, WIDE_MM)
        ]
    )
    if not len(tops) or len(tops) * len(steps) > 20 * MOST_PAIRS:
        return _Places(*(np.zeros(0, np.int64),) * 4)
    right = edges[:, None] + steps
    inside = right < columns
    right = np.minimum(right, columns - 1)
    paired = inside & upright[tops[:, None], right]
    tops *= 2
    paired &= ink.across[tops[:, None], right + 1] - ink.across[tops, edges][:, None] >= LEAST_TOP * (steps + 1)
    which, step = np.nonzero(paired)
    if len(which) > MOST_PAIRS:
        return _Places(*(np.zeros(0, np.int64),) * 4)
    return _Places(edges[which], edges[which] + steps[step], tops[which], tops[which] + tall)


def _scores(ink: _Ink, places: _Places) -> np.ndarray:
    """How well ink and paper fit the form, float64 (n,), 0 to 1; 0 where they do not."""
    left, right, top, foot = places
    reach, beside = ink.reach, ink.beside
    inner_left, inner_right = left + reach + 1, right - reach
    tall = foot - top - 2 * reach
    edges = np.minimum(*(ink.down[foot - reach, x] - ink.down[top + reach, x] for x in (left, right))) / tall
    bar = (_row(ink.across, top, right + 1) - _row(ink.across, top, left)) / (right - left + 1)
    inside = _share(ink, inner_left, top + 2 * reach, inner_right, foot - 2 * reach)
    outside = np.maximum(
        _share(ink, left - reach - beside, top - reach, left - reach, foot - 2 * reach - 1),
        _share(ink, right + reach + 1, top - reach, right + reach + 1 + beside, foot - 2 * reach - 1),
    )
    beyond = np.maximum.reduce(
        [
            _share(ink, left - reach, top - reach - beside, right + reach + 1, top - reach),
            _down(ink, left, top - reach - beside, top - reach),
            _down(ink, right, top - reach - beside, top - reach),
            # A lead's name may stand below one foot.
            np.minimum(*(_down(ink, x, foot + reach + 1, foot + reach + 1 + beside) for x in (left, right))),
        ]
    )
    under = (_row(ink.across, foot, inner_right) - _row(ink.across, foot, inner_left)) / np.maximum(
        inner_right - inner_left, 1
    )
    feet = np.maximum(
        (_row(ink.across, foot, left - reach) - _row(ink.across, foot, left - reach - beside)) / beside,
        (_row(ink.across, foot, right + reach + 1 + beside) - _row(ink.across, foot, right + reach + 1)) / beside,
    )
    fits = (inside <= MOST_INSIDE) & (outside <= MOST_OUTSIDE) & (beyond <= MOST_BEYOND)
    fits &= (under <= MOST_BOTTOM) & (feet >= LEAST_FOOT)
    return np.where(fits, edges * bar * (1 - inside) * (1 - outside) * (1 - 0.5 * beyond), 0.0)


def _row(sums: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Sums of the rows ``y`` up to the columns ``x``, which may lie beyond the mask."""
    return sums[np.clip(y, 0, sums.shape[0] - 1), np.clip(x, 0, sums.shape[1] - 1)].astype(np.float64)


def _down(ink: _Ink, x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Share of ink in the columns ``x`` from one row to another, which may lie beyond the mask."""
    last = ink.down.shape[0] - 1
    low, high = np.clip(top, 0, last), np.clip(bottom, 0, last)
    return (ink.down[high, x] - ink.down[low, x]) / np.maximum(high - low, 1)


def _share(ink: _Ink, left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Share of ink in rectangles, right and bottom excluded; 0 of empty ones."""
    height, width = ink.ink.shape[0] - 1, ink.ink.shape[1] - 1
    x0, x1 = np.clip(left, 0, width), np.clip(right, 0, width)
    y0, y1 = np.clip(top, 0, height), np.clip(bottom, 0, height)
    total = ink.ink[y1, x1] - ink.ink[y0, x1] - ink.ink[y1, x0] + ink.ink[y0, x0]
    area = (x1 - x0) * (y1 - y0)
    return np.where(area > 0, total / np.maximum(area, 1), 0.0)


def _on_page(box: Box, px_per_mm: float, corner: tuple[float, float]) -> Box:
    x, y = corner
    left, top, right, foot = ((edge + 0.5) / px_per_mm for edge in box)
    return Box(left=x + left, top=y + top, right=x + right, bottom=y + foot)
