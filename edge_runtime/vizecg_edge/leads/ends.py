"""Where the rows of a page begin and end together, and the calibration pulses that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vizecg_edge.leads.ink import PageInk
from vizecg_edge.leads.layout import CalibrationPulse
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.rows import TraceRow
from vizecg_edge.rectify.pulses import Pulse, Shape, aligned_pulses, row_pulses
from vizecg_edge.rectify.traces import PX_PER_MM

ALIKE = 0.6
"""Rows at least this long, relative to the longest, begin and end together."""
NEAR_MM = 3.0
HEIGHTS_MM = (10.0, 5.0, 20.0)
WIDTHS_MM = (2.0, 11.0)
OUTSIDE_MM, INSIDE_MM = 12.0, 18.0
"""How far beyond an end of the rows, and how far within, a pulse may stand."""
FOOT_MM = 1.4
"""The flat line after a pulse."""
WIDE_MM = 3.3
"""QRS complexes above one another look like narrow pulses; wide ones are hardly ever seen by chance."""
LEAST = {True: (2, 1.0), False: (3, 1.8)}
"""Least number of wide, and of narrow, pulses in line that count, and the least sum of their scores."""
LEAST_UNUSUAL = (3, 0.75)
"""Least number of pulses of another height than 10 mm, which are wide, and their least mean score."""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """``left_mm``, ``right_mm``: where the traces begin and end, pulses apart."""

    left_mm: float
    right_mm: float
    pulses: tuple[CalibrationPulse, ...] = ()

    @property
    def width_mm(self) -> float:
        return self.right_mm - self.left_mm


def find_ends(ink: PageInk, rows: Sequence[TraceRow]) -> Ends:
    """The common beginning and end of rows (at least one), most of which are as long as each other."""
    longest = max(row.length_mm for row in rows)
    alike = [row for row in rows if row.length_mm >= ALIKE * longest]
    left = _together([row.left_mm for row in alike], -1)
    right = _together([row.right_mm for row in alike], 1)
    on_left = _pulses(ink.mask, alike, left)
    width = ink.mask.shape[1]
    mirrored = _pulses(np.ascontiguousarray(ink.mask[:, ::-1]), alike, width / PX_PER_MM - right)
    on_right = [Pulse(left=width - 1 - p.right, right=width - 1 - p.left, score=p.score) for p in mirrored[0]]
    pulses = []
    if on_left[0]:
        left = max(left, _beginning(alike, max(p.right for p in on_left[0]) / PX_PER_MM))
        pulses += _marks(on_left[0], on_left[1], alike)
    if on_right:
        inner = min(p.left for p in on_right) / PX_PER_MM
        right = min(right, inner - FOOT_MM)
        pulses += _marks(on_right, mirrored[1], alike)
    return Ends(left_mm=left, right_mm=right, pulses=tuple(pulses))


def _together(places: list[float], outwards: int) -> float:
    """Where most of the places lie, the outermost of equal ones."""
    counts = [(sum(abs(other - place) <= NEAR_MM for other in places), outwards * place) for place in places]
    best = max(counts)[1] * outwards
    near = [place for place in places if abs(place - best) <= NEAR_MM]
    return float(np.median(near))


def _pulses(mask: np.ndarray, rows: Sequence[TraceRow], end_mm: float) -> tuple[list[Pulse], float]:
    """Pulses in line near the left end of rows, in pixels of the mask, and their height in mm; none where they are
    nothing but chance."""
    low, high = (max(0, round(x * PX_PER_MM)) for x in (end_mm - OUTSIDE_MM, end_mm + INSIDE_MM))
    part = np.ascontiguousarray(mask[:, low:high])
    best: tuple[list[Pulse], float] = ([], 0.0)
    best_score = 0.0
    for height in HEIGHTS_MM:
        if best_score:
            break
        shape = Shape(height_mm=height, widths_mm=WIDTHS_MM)
        found = [row_pulses(part, row.y_mm * PX_PER_MM, searched=1.0, shape=shape) for row in rows]
        group = aligned_pulses(found, low_px=0.0, high_px=float(high - low))
        if not group:
            continue
        wide = float(np.median([p.width_mm for p in group])) >= WIDE_MM
        least, least_score = LEAST[wide]
        if height != HEIGHTS_MM[0]:
            least, mean = LEAST_UNUSUAL
            least_score = mean * len(group) if wide else np.inf
        score = sum(p.score for p in group)
        if len(group) >= least and score >= least_score and score > best_score:
            best_score = score
            best = [Pulse(left=p.left + low, right=p.right + low, score=p.score) for p in group], height
    return best


def _beginning(rows: Sequence[TraceRow], pulse_right_mm: float) -> float:
    """Where the traces begin that follow a pulse: after a gap, or after its foot."""
    starts = []
    for row in rows:
        after = row.occupied[round((pulse_right_mm + 0.7) * PX_PER_MM) :][: round(8 * PX_PER_MM)]
        gap = np.flatnonzero(after == 0)
        if len(gap):
            begin = np.flatnonzero(after[gap[0] :])
            starts.append(pulse_right_mm + 0.7 + (gap[0] + (begin[0] if len(begin) else 0)) / PX_PER_MM)
    return float(np.median(starts)) if len(starts) > len(rows) / 2 else pulse_right_mm + FOOT_MM


def _marks(pulses: list[Pulse], height_mm: float, rows: Sequence[TraceRow]) -> list[CalibrationPulse]:
    marks = []
    for pulse, row in zip(pulses, rows, strict=False):
        box = Box(pulse.left / PX_PER_MM, row.y_mm - height_mm, pulse.right / PX_PER_MM, row.y_mm)
        marks.append(CalibrationPulse(box=box, score=pulse.score))
    return marks
