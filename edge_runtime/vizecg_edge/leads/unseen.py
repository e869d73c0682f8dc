"""Stretches of leads that a page does not show: covered by a finger, a note or tape, torn off, erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import PAPER_SPEED_MM_S
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.flat import COLOURED, FlatPicture, apart
from vizecg_edge.leads.layout import Piece
from vizecg_edge.leads.trace import PieceTrace
from vizecg_edge.rectify.ruler import RulerKind
from vizecg_edge.rectify.traces import PX_PER_MM

EVERY = 4
"""Of a trace's points, those that are looked at: three a millimetre."""
BESIDE_PX = 2
"""What was followed is a trace where the page's trace ink lies this near, above or below: letters, and edges of what
covers the paper, are none of it."""
SPECK_MM = 1.5
"""So little that is seen in between is none of a trace."""
LEAST_MM = 6.0
LEAST_BARE_MM, BARE, LEAST_MISSING = 14.0, 0.6, 8
"""White paper or tape shows no grid: so many of the lines that should cross the stretch are missing. And of a lead,
whatever seems to be seen on it, such as writing, so many one after the other: of those pages 6 at most."""
LEAST_CROSSING, CLEAR_PAPER = 4, 0.7
"""Fewer lines tell nothing, nor those beside which the paper is darker than this share of what it usually is."""
FAINT, LEAST_LINES, LEAST_LINE = 0.3, 0.7, 0.03
"""A line is missing with less than this share of the usual line's ink. The grid tells where so many lines of the page
are there, and as dark as this."""
LONG_MM, LONG_STRIP_MM, HIDDEN_BEAT_MM = 35.0, 50.0, 20.0
"""Longer stretches are not proven whatever lies there, at 25 mm/s or less, and on faster paper so much longer ones;
such that hide a beat, from the last on. Level traces on a line of the grid are not seen over 20 mm, between two
beats."""
LEAST_UNREAD = 0.3
"""Where more than the rest of it was followed, a level trace lies there that is not told from a line of the grid."""
MOSTLY, INKED, AROUND_MM = 0.8, 0.1, 6.0
"""And their waves are seen beside the line: ink in more columns than the second, within the third of the baseline."""
QRS_S = 0.05
ABOVE_MM, NEAR_MM, LINE_MM, OWN = 7.0, 1.5, 0.5, 0.4
"""A line is looked at between the first two above and below the trace, within the third to its left and right, but no
further than the fourth of the distance of rows."""
OFF_MM = (-2.0, -1.5, 1.5, 2.0)
ASIDE_MM = 10.0
"""How far beside the stretch the paper is looked at."""
INSIDE = 0.95


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """A stretch of a piece, the ``number``-th of the page, no point of which is seen. ``unread``: share where nothing
    was followed. ``inked``: share that has ink of traces near by. ``hides_beat``: whether a QRS was not followed."""

    number: int
    piece: Piece
    left_mm: float
    right_mm: float
    unread: float
    inked: float
    hides_beat: bool

    @property
    def length_mm(self) -> float:
        return self.right_mm - self.left_mm


def unseen_pieces(
    found: FoundPage, traces: Sequence[PieceTrace], *, beats_s: Sequence[float], speed_mm_s: float
) -> tuple[Piece, ...]:
    """The pieces of which a stretch is not seen that may matter.

    Args:
        found: the page.
        traces: of its pieces.
        beats_s: the beats of the page.
        speed_mm_s: of the paper.
    """
    ink = cv2.dilate(found.ink.mask, np.ones((2 * BESIDE_PX + 1, 1), np.uint8))
    beats_mm = np.array(beats_s, np.float64) * speed_mm_s
    stretches = [
        one
        for number, trace in enumerate(traces)
        for one in _stretches(number, trace, ink, found.ink.inside, beats_mm, QRS_S * speed_mm_s)
    ]
    flat = found.flat
    unseen = [one for one in stretches if _is_long(one, speed_mm_s) or (flat is not None and _is_coloured(one, flat))]
    bare = [one for one in stretches if one.length_mm >= LEAST_BARE_MM and one not in unseen]
    pieces = [one.piece for one in unseen]
    if flat is not None and found.ruler.kind is RulerKind.GRID:
        pieces += _without_lines(bare, traces, flat)
    return tuple(dict.fromkeys(pieces))


def _stretches(
    number: int, trace: PieceTrace, ink: np.ndarray, inside: np.ndarray, beats_mm: np.ndarray, qrs_mm: float
) -> list[_Stretch]:
    """The stretches of a trace where nothing was followed, or what is no trace."""
    x, y, piece = trace.x_mm[::EVERY], trace.y_mm[::EVERY], trace.piece
    if len(x) < 2:
        return []
    read = np.asarray(np.isfinite(y))
    y = np.where(read, y, piece.baseline_mm)
    rows, columns = ((at * PX_PER_MM).astype(int) for at in (y, x))
    rows, columns = (np.clip(at, 0, most - 1) for at, most in zip((rows, columns), ink.shape, strict=True))
    seen = (read & (ink[rows, columns] > 0)).astype(np.uint8)
    step = float(x[1] - x[0])
    least = max(1, round(SPECK_MM / step))
    seen = cv2.morphologyEx(seen[None], cv2.MORPH_OPEN, np.ones((1, least), np.uint8))[0]
    edges = np.flatnonzero(np.diff(np.concatenate([[1], seen, [1]]).astype(int)))
    top, bottom = (max(0, round((piece.baseline_mm + off) * PX_PER_MM)) for off in (-AROUND_MM, AROUND_MM))
    near = np.asarray(ink[top:bottom, columns].any(axis=0))
    found = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        left, right = float(x[first]), float(x[last - 1])
        if right - left < LEAST_MM:
            continue
        where = slice(first, last)
        shown = float((inside[rows[where], columns[where]] > 0).mean())
        at = beats_mm - piece.time_mm + piece.left_mm
        at = at[(at > left) & (at < right)]
        unread: list[np.ndarray] = [~read[np.abs(x - beat) < qrs_mm] for beat in at]
        stretch = _Stretch(
            number=number,
            piece=piece,
            left_mm=left,
            right_mm=right,
            unread=float(1 - read[where].mean()),
            inked=float(np.mean(near[where])),
            hides_beat=any(len(one) > 0 and float(np.mean(one)) > 0.5 for one in unread),
        )
        # The end of a strip that lies outside the picture is in the leads above it.
        if not piece.strip or shown >= INSIDE:
            found.append(stretch)
    return found


def _is_long(stretch: _Stretch, speed_mm_s: float) -> bool:
    if stretch.inked > INKED:
        return False
    longest_mm = LONG_STRIP_MM if stretch.piece.strip else LONG_MM
    bare = stretch.unread >= LEAST_UNREAD
    if bare and stretch.length_mm >= longest_mm * max(1.0, speed_mm_s / PAPER_SPEED_MM_S):
        return True
    hidden = stretch.hides_beat and stretch.unread >= MOSTLY
    return hidden and stretch.length_mm >= HIDDEN_BEAT_MM


def _is_coloured(stretch: _Stretch, flat: FlatPicture) -> bool:
    """Whether the paper has another colour there than on either side."""
    left, right, baseline = stretch.left_mm, stretch.right_mm, stretch.piece.baseline_mm
    here = flat.paper_along(left + 1, right - 1, baseline)
    sides = (left - ASIDE_MM - 1, left - 1), (right + 1, right + ASIDE_MM + 1)
    beside = [paper for first, last in sides if (paper := flat.paper_along(first, last, baseline)) is not None]
    if here is None:
        return False
    off = [apart(here, paper) for paper in beside]
    return bool(off) and min(off) >= COLOURED


def _without_lines(bare: Sequence[_Stretch], traces: Sequence[PieceTrace], flat: FlatPicture) -> list[Piece]:
    """The pieces that the lines of the grid do not cross there, or hardly anywhere, where they cross the others."""
    rows = np.unique([round(trace.piece.baseline_mm, 1) for trace in traces])
    # Between crowded rows the neighbours' waves hide the lines.
    above_mm = min(ABOVE_MM, OWN * float(np.diff(rows).min())) if len(rows) > 1 else ABOVE_MM
    lines = [_lines(trace, flat, above_mm) for trace in traces]
    every = np.concatenate([darkness[np.isfinite(darkness)] for _, darkness in lines])
    usual = float(np.median(every)) if len(every) else 0.0
    if usual < LEAST_LINE or (every >= FAINT * usual).mean() < LEAST_LINES:
        return []
    found = []
    for one in bare:
        at, darkness = lines[one.number]
        crossing = darkness[(at > one.left_mm + LINE_MM) & (at < one.right_mm - LINE_MM)]
        crossing = crossing[np.isfinite(crossing)]
        if len(crossing) >= LEAST_CROSSING and (crossing < FAINT * usual).mean() >= BARE:
            found.append(one.piece)
    for trace, (_, darkness) in zip(traces, lines, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[1], ~(darkness < FAINT * usual), [1]]).astype(int)))
        missing = int((edges[1::2] - edges[::2]).max(initial=0))
        if missing >= LEAST_MISSING and not trace.piece.strip:
            found.append(trace.piece)
    return found


def _lines(trace: PieceTrace, flat: FlatPicture, above_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Where lines of the grid cross a piece, page millimetres, and by which share each is darker than what is beside
    it; NaN where that is not seen."""
    # Of a page that was turned by a quarter, cells are counted down it.
    axis = int(np.abs(flat.page_to_cells[:2, 0]).argmax())
    scale, start = flat.page_to_cells[axis, 0], flat.page_to_cells[axis, 2]
    ends = scale * trace.x_mm[[0, -1]] + start
    x = (np.arange(np.ceil(ends.min()), np.floor(ends.max()) + 1) - start) / scale
    known = np.isfinite(trace.y_mm)
    y = np.interp(x, trace.x_mm[known], trace.y_mm[known]) if known.any() else np.full(len(x), trace.piece.baseline_mm)
    k = flat.px_per_mm
    steps = np.arange(NEAR_MM, max(above_mm, NEAR_MM + 2 / k), 2 / k)
    rows = np.round((y[:, None] + np.concatenate([-steps, steps]) - flat.box.top) * k).astype(int)
    rows = np.clip(rows, 0, flat.pixels.shape[0] - 1)
    offs = np.concatenate([np.arange(-LINE_MM, LINE_MM + 1e-9, 1 / k), OFF_MM])
    columns = np.round((x + offs[:, None] - flat.box.left) * k).astype(int)
    columns = np.clip(columns, 0, flat.pixels.shape[1] - 1)
    # (offs, lines, rows): of coloured lines one channel is dark, of black ones all are.
    bright = flat.pixels[rows, columns[:, :, None]].min(axis=3)
    on = np.median(bright[: -len(OFF_MM)].min(axis=0), axis=1)
    beside = np.median(bright[-len(OFF_MM) :], axis=2).min(axis=0)
    # Where a wave runs beside a line, nothing is told of the line.
    clear = beside >= CLEAR_PAPER * float(np.median(beside)) if len(beside) else np.zeros(0, bool)
    return x, np.where(clear, 1 - on / np.maximum(beside, 1.0), np.nan)
