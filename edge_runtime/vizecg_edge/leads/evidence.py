"""Everything that is seen of a page one way up, and how well a form agrees with it, in logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vizecg_edge.leads.changes import BeatChanges
from vizecg_edge.leads.ends import Ends, find_ends
from vizecg_edge.leads.forms import Form, pieces_of
from vizecg_edge.leads.heights import heights_of, turned
from vizecg_edge.leads.identities import LIMB, limb_agreement, same
from vizecg_edge.leads.ink import PageInk
from vizecg_edge.leads.layout import Piece
from vizecg_edge.leads.names import SeenName, name_score
from vizecg_edge.leads.rows import TraceRow, turned_rows
from vizecg_edge.rectify.traces import PX_PER_MM

LEAST_LIVELY, LEAST_COVER = 4, 0.6
LEAST_FOLLOWS = 1.3
"""Rows of traces are this many times steeper at the beats of the page than elsewhere; lines of text are not."""
NAME_MM = 9.0
"""A lead's name stands above the beginning of its trace; that stretch is not compared."""
LIMB_WEIGHT, SAME_WEIGHT, PULSE_WORTH, MOST_PULSES = 2.0, 1.5, 1.2, 3
DEPENDENT = 0.7
"""Of k limb leads k - 2 follow from the others; their errors have something in common."""
BY_CHANCE = 0.8
"""The most alike of twelve leads is as much like a strip that is none of them."""
DROPPED, DULL, UNEVEN, SPECK = 5.0, 1.5, 4.0, 0.3
"""What it costs to leave a row out, to take a dull one in, rows that are not evenly apart (relative spread), and to
leave out what may be none."""
MIRRORED = -3.0


def likely(row: TraceRow) -> bool:
    """Whether a row has waves: only traces are so high, but lines of text that touch one another can be."""
    return row.steep > 0 and row.lively >= LEAST_LIVELY


def sure_rows(rows: Sequence[TraceRow]) -> list[TraceRow]:
    """The rows that have waves, or all where none has."""
    return [row for row in rows if likely(row)] or list(rows)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is seen one way up.

    ``quarters``: counterclockwise turns from the picture to this way up. ``sure``: whether each row is one of traces.
    """

    ink: PageInk
    quarters: int
    rows: tuple[TraceRow, ...]
    sure: tuple[bool, ...]
    ends: Ends
    heights: np.ndarray
    changes: BeatChanges
    names: tuple[SeenName, ...] = ()

    @classmethod
    def of(cls, ink: PageInk, rows: tuple[TraceRow, ...], *, quarters: int) -> Evidence:
        ends = find_ends(ink, sure_rows(rows))
        heights = heights_of(ink.mask, tuple(row.y_mm for row in rows))
        changes = BeatChanges(heights, left_mm=ends.left_mm, right_mm=ends.right_mm)
        sure = tuple(likely(row) and changes.follows(index) > LEAST_FOLLOWS for index, row in enumerate(rows))
        return cls(ink=ink, quarters=quarters, rows=rows, sure=sure, ends=ends, heights=heights, changes=changes)

    def turned(self) -> Evidence:
        """The same page turned by half a turn; names are not carried over, and pulses are looked for anew."""
        ink = self.ink.turned(2)
        rows = turned_rows(self.rows, self.ink)
        return Evidence(
            ink=ink,
            quarters=(self.quarters + 2) % 4,
            rows=rows,
            sure=self.sure[::-1],
            ends=find_ends(ink, sure_rows(rows)),
            heights=turned(self.heights),
            changes=self.changes.turned(),
        )

    def named(self, names: Sequence[SeenName]) -> Evidence:
        return replace(self, names=tuple(names))

    @cached_property
    def signals(self) -> dict[bool, Signals]:
        """By whether the page is seen in a mirror."""
        return {False: Signals(self.heights), True: Signals(self.heights[:, ::-1])}

    @cached_property
    def full(self) -> tuple[bool, ...]:
        """Whether each row is as long as the traces."""
        return tuple(row.cover(self.ends.left_mm, self.ends.right_mm) > LEAST_COVER for row in self.rows)

    def score(self, form: Form, first: int, *, mirrored: bool = False) -> float:
        """How well a form whose first row is ``first`` agrees with all of it."""
        taken = self.rows[first : first + form.rows]
        pieces = pieces_of(form, taken, self.ends)
        total = self.rows_score(form, first)
        total += PULSE_WORTH * min(len(self.ends.pulses), MOST_PULSES)
        total += self.changes.score([replace(piece, row=piece.row + first) for piece in pieces])
        if mirrored:
            width = self.heights.shape[1] / PX_PER_MM
            pieces = tuple(replace(p, left_mm=width - p.right_mm, right_mm=width - p.left_mm) for p in pieces)
            return total + _said(pieces, self.signals[True], first) + MIRRORED
        spacing = float(np.median(np.diff([row.y_mm for row in taken])))
        return total + _said(pieces, self.signals[False], first) + name_score(pieces, self.names, spacing_mm=spacing)

    def rows_score(self, form: Form, first: int) -> float:
        """How likely the rows that a form takes are all of the page, and no others."""
        cost, count = 0.0, form.rows
        for index, (sure, full) in enumerate(zip(self.sure, self.full, strict=True)):
            if first <= index < first + count:
                cost += (0.0 if sure else DULL) + (0.0 if full else DROPPED)
            else:
                cost += DROPPED if sure and full else SPECK
        gaps = np.diff([row.y_mm for row in self.rows[first : first + count]])
        uneven = float(np.std(gaps) / np.mean(gaps)) if len(gaps) > 1 else 0.0
        return form.likely - cost - UNEVEN * uneven


class Signals:
    """Heights (rows, w) in mm, and what stretches of them say, each reckoned once."""

    def __init__(self, heights: np.ndarray) -> None:
        self.heights = heights
        self._told: dict[tuple[object, ...], float] = {}

    def limb(self, names: Sequence[str], rows: Sequence[int], left_mm: float, right_mm: float) -> float:
        """``limb_agreement`` of some rows' stretch from ``left_mm`` to ``right_mm``."""
        key = (*names, *rows, left_mm, right_mm)
        if key not in self._told:
            parts = [self._stretch(row, left_mm, right_mm) for row in rows]
            self._told[key] = limb_agreement(dict(zip(names, parts, strict=True)))
        return self._told[key]

    def same(self, row: int, other: int, left_mm: float, right_mm: float) -> float:
        """How nearly two rows show the same in that stretch."""
        key = (row, other, left_mm, right_mm)
        if key not in self._told:
            self._told[key] = same(*(self._stretch(one, left_mm, right_mm) for one in (row, other)))
        return self._told[key]

    def level(self, row: int, left_mm: float, right_mm: float) -> float:
        """Height (mm) at which a row lies longest in that stretch."""
        return float(np.median(self._stretch(row, left_mm, right_mm)))

    def _stretch(self, row: int, left_mm: float, right_mm: float) -> np.ndarray:
        low, high = round((left_mm + NAME_MM) * PX_PER_MM), round(right_mm * PX_PER_MM) - 3
        low, high = max(0, low), min(self.heights.shape[1], high)
        return self.heights[row, low:high] if high > low + 10 else np.zeros(1, np.float32)


def _said(pieces: Sequence[Piece], signals: Signals, first: int) -> float:
    """What the traces say: identities of the limb leads of one column, strips that repeat a lead.

    ``first``: row of the signals that is the pieces' row 0.
    """
    score = 0.0
    leads = [piece for piece in pieces if not piece.strip]
    for column in range(max(piece.column for piece in leads) + 1):
        here = [piece for piece in leads if piece.column == column]
        limb = [piece for piece in here if piece.lead in LIMB]
        rows, at = [first + piece.row for piece in here], (here[0].left_mm, here[0].right_mm)
        if len(limb) >= 3:
            names, own = [piece.name for piece in limb], [first + piece.row for piece in limb]
            score += LIMB_WEIGHT * (len(limb) - 2) ** DEPENDENT * signals.limb(names, own, *at)
        elif not limb and len(here) >= 3:
            # Chest leads that obey the identities of limb leads are none.
            for names in (["I", "II", "III"], ["aVR", "aVL", "aVF"]):
                score -= 0.5 * LIMB_WEIGHT * max(0.0, signals.limb(names, rows[:3], *at))
    for strip in (piece for piece in pieces if piece.strip):
        best = max(signals.same(first + strip.row, first + p.row, p.left_mm, p.right_mm) for p in leads)
        score += SAME_WEIGHT * max(0.0, best - BY_CHANCE)
    return score
