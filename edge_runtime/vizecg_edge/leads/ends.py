"""Where the rows of a page begin and end together, and the calibration pulses that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.leads.layout import CalibrationPulse
from vizecg_edge.leads.name_columns import ends_by_names
from vizecg_edge.leads.names import SeenName
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.pulses import COLUMN, find_pulses
from vizecg_edge.leads.rows import TraceRow
from vizecg_edge.rectify.pulses import STANDARD, aligned_pulses, row_pulses
from vizecg_edge.rectify.traces import PX_PER_MM

ALIKE = 0.6
"""Rows at least this long, relative to the longest, begin and end together."""
NEAR_MM = 3.0
OUTSIDE_MM, INSIDE_MM = 14.0, 18.0
"""How far beyond an end of the rows, and how far within, a pulse may stand."""
FEET_MM = 5.0
"""Beside the edges of a pulse, where it takes more than usual."""
USUAL_MM = 3.9
"""Traces that seem longer or shorter than usual by no more are as long as usual."""
BEFORE_MM = 26.0
"""At most so much stands in line with the traces before they begin."""
FOOT_MM = 1.4
"""The flat line after a pulse."""
GAP_MM = 8.0
"""Where a gap follows a pulse within this, the traces begin after it."""
IN_LINE_MM = 2.0
LEAST_LEFT, RIGHT_SHARE = 2, 0.6
SEEN_SHARE, SEEN_INSIDE_MM = 0.4, 28.0
"""Pulses that are seen at an end of so many of the rows are there; at 100 mm/s they are 20 mm wide."""
MOST_LINES = 2
"""The edges of one pulse a row stand in so many lines at most; QRS complexes of slow paper stand in more."""
WIDE_MM = 3.3
"""QRS complexes above one another look like narrow pulses; wide ones are hardly ever seen by chance."""
LEAST_FAINT = {True: (2, 1.0), False: (3, 1.8)}
"""Least number of wide, and of narrow, broken pulses in line that count, and the least sum of their scores."""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """``left_mm``, ``right_mm``: where the traces begin and end, pulses apart; ``pulses``: all of the page's."""

    left_mm: float
    right_mm: float
    pulses: tuple[CalibrationPulse, ...] = ()

    @property
    def width_mm(self) -> float:
        return self.right_mm - self.left_mm


def find_ends(
    ink: PageInk, rows: Sequence[TraceRow], marks: Sequence[Box] | None = None, names: Sequence[SeenName] = ()
) -> Ends:
    """The common beginning and end of rows (at least one), most of which are as long as each other.

    Args:
        ink: of the page, pulses included.
        rows: of it.
        marks: where the page network sees calibration pulses; None where it was not asked.
        names: read on the page.
    """
    longest = max(row.length_mm for row in rows)
    alike = [row for row in rows if row.length_mm >= ALIKE * longest]
    left = _together([row.left_mm for row in alike], -1, others=[row.left_mm for row in rows])
    right = _together([row.right_mm for row in alike], 1, others=[row.right_mm for row in rows])
    lowest = marks is None or len(marks) >= COLUMN
    pulses = find_pulses(ink.mask, px_per_mm=PX_PER_MM, corner=(0.0, 0.0), lowest=lowest)
    on_left = _in_line([p for p in pulses if left - OUTSIDE_MM < p.box.left and p.box.right < left + _inside(p)])
    on_right = _in_line([p for p in pulses if right - _inside(p) < p.box.left and p.box.right < right + OUTSIDE_MM])
    seen_left, seen_right = _seen(marks or (), alike, left=left, right=right)
    if seen_left:
        on_left = seen_left
    elif abs(right - left - BLOCK_MM) < USUAL_MM:
        # Traces of the usual length have no pulses within: broad QRS complexes above one another look like them.
        on_left = []
    elif len(on_left) < LEAST_LEFT and len(on_right) < RIGHT_SHARE * len(alike):
        on_left = _faint(ink.mask, alike, left)
        pulses = (*pulses, *on_left)
    # A lone pulse at its strip says nothing of the other rows, which may begin under it.
    if len(on_left) >= LEAST_LEFT:
        left = max(left, _beginning(alike, max(p.box.right for p in on_left)))
    # A printout has them at its beginning or in every row: at the end, a few are QRS complexes that are cut.
    if seen_right or len(on_right) >= RIGHT_SHARE * len(alike):
        right = min(right, _ending(alike, min(p.box.left for p in seen_right or on_right)))
    # Pulses that are not seen stand in line with the traces at the left or at the right: names tell which.
    seen_to = right
    left, right = ends_by_names(left, right, names)
    if right < seen_to and abs(right - left - BLOCK_MM) < USUAL_MM:
        right = left + BLOCK_MM
    width = right - left
    unmarked = len(on_left) < LEAST_LEFT and not seen_right and BLOCK_MM < width < BLOCK_MM + BEFORE_MM
    # The right ends are the sharpest mark of traces of the usual length; pulses or names stand before the left ones.
    if unmarked or abs(width - BLOCK_MM) < USUAL_MM:
        left = right - BLOCK_MM
    left, right = ends_by_names(left, right, names)
    if marks is not None:
        pulses = tuple(replace(pulse, seen=any(pulse.box.meets(mark) for mark in marks)) for pulse in pulses)
    return Ends(left_mm=left, right_mm=right, pulses=pulses)


def _together(places: list[float], outwards: int, *, others: list[float]) -> float:
    """That of the places where most of the ``others`` lie, the outermost of equal ones."""
    counts = [(sum(abs(other - place) <= NEAR_MM for other in others), outwards * place) for place in places]
    best = max(counts)[1] * outwards
    near = [place for place in places if abs(place - best) <= NEAR_MM]
    return float(np.median(near))


def _inside(pulse: CalibrationPulse) -> float:
    """How far within an end of the rows a pulse may stand: the widest take more."""
    return max(INSIDE_MM, pulse.width_mm + FEET_MM)


def _in_line(pulses: list[CalibrationPulse]) -> list[CalibrationPulse]:
    """The most pulses that stand above one another."""
    groups = [[p for p in pulses if abs(p.box.left - pulse.box.left) <= IN_LINE_MM] for pulse in pulses]
    return max(groups, key=len, default=[])


def _seen(
    marks: Sequence[Box], rows: Sequence[TraceRow], *, left: float, right: float
) -> tuple[list[CalibrationPulse], list[CalibrationPulse]]:
    """The pulses that are seen at the left and at the right end of most rows; none where there are more elsewhere,
    which are waves."""
    inside = [mark for mark in marks if left - OUTSIDE_MM < mark.left and mark.right < right + OUTSIDE_MM]
    every = [CalibrationPulse(box=mark, score=1.0) for mark in inside]
    at_left = [p for p in every if left - OUTSIDE_MM < p.box.left and p.box.right < left + SEEN_INSIDE_MM]
    at_right = [p for p in every if right - SEEN_INSIDE_MM < p.box.left and p.box.right < right + OUTSIDE_MM]
    if len(every) > 2 * (len(at_left) + len(at_right)):
        return [], []
    groups = []
    for group, inner in ((at_left, 1), (at_right, -1)):
        # Wide ones are seen in parts, each edge as one of its own: those that lie innermost count.
        sides = [p.box.right if inner > 0 else p.box.left for p in group]
        lines = [
            [p for p, other in zip(group, sides, strict=True) if abs(other - side) <= IN_LINE_MM] for side in sides
        ]
        enough = [
            (inner * side, line)
            for side, line in zip(sides, lines, strict=True)
            if len(_owners(line, rows)) >= max(LEAST_LEFT, SEEN_SHARE * len(rows))
        ]
        places = sorted(side for side, _ in enough)
        if sum(after - before > IN_LINE_MM for before, after in pairwise(places)) >= MOST_LINES:
            enough = []
        groups.append(max(enough, key=lambda one: one[0])[1] if enough else [])
    return groups[0], groups[1]


def _owners(pulses: Sequence[CalibrationPulse], rows: Sequence[TraceRow]) -> set[int]:
    """The rows that pulses stand in."""
    return {min(range(len(rows)), key=lambda row: abs(rows[row].y_mm - pulse.box.bottom)) for pulse in pulses}


def _faint(mask: np.ndarray, rows: Sequence[TraceRow], left_mm: float) -> list[CalibrationPulse]:
    """Broken rectangles of 1 mV that stand in line near the left end of rows at 10 mm/mV: together they are pulses."""
    low, high = (max(0, round(x * PX_PER_MM)) for x in (left_mm - OUTSIDE_MM, left_mm + INSIDE_MM))
    part = np.ascontiguousarray(mask[:, low:high])
    found = [row_pulses(part, row.y_mm * PX_PER_MM, searched=1.0) for row in rows]
    group = aligned_pulses(found, low_px=0.0, high_px=float(high - low))
    wide = bool(group) and float(np.median([pulse.width_mm for pulse in group])) >= WIDE_MM
    least, least_score = LEAST_FAINT[wide]
    if len(group) < least or sum(pulse.score for pulse in group) < least_score:
        return []
    members = [(row, pulse) for row, pulses in zip(rows, found, strict=True) for pulse in pulses if pulse in group]
    return [
        CalibrationPulse(
            box=Box(
                (low + pulse.left) / PX_PER_MM,
                row.y_mm - STANDARD.height_mm,
                (low + pulse.right) / PX_PER_MM,
                row.y_mm,
            ),
            score=pulse.score,
        )
        for row, pulse in members
    ]


def _beginning(rows: Sequence[TraceRow], pulse_right_mm: float) -> float:
    """Where the traces begin that follow pulses: after a gap, or after the pulses' feet."""
    starts = []
    for row in rows:
        after = row.occupied[round((pulse_right_mm + 0.7) * PX_PER_MM) :][: round(GAP_MM * PX_PER_MM)]
        gap = np.flatnonzero(after == 0)
        if len(gap):
            begin = np.flatnonzero(after[gap[0] :])
            starts.append(pulse_right_mm + 0.7 + (gap[0] + (begin[0] if len(begin) else 0)) / PX_PER_MM)
    return float(np.median(starts)) if len(starts) > len(rows) / 2 else pulse_right_mm + FOOT_MM


def _ending(rows: Sequence[TraceRow], pulse_left_mm: float) -> float:
    """Where the traces end that are followed by pulses: before a gap, or before the pulses' feet."""
    stops = []
    for row in rows:
        before = row.occupied[: round((pulse_left_mm - 0.7) * PX_PER_MM)][::-1][: round(GAP_MM * PX_PER_MM)]
        gap = np.flatnonzero(before == 0)
        if len(gap):
            stop = np.flatnonzero(before[gap[0] :])
            stops.append(pulse_left_mm - 0.7 - (gap[0] + (stop[0] if len(stop) else 0)) / PX_PER_MM)
    return float(np.median(stops)) if len(stops) > len(rows) / 2 else pulse_left_mm - FOOT_MM
