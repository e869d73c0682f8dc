"""Everything that is seen of a page one way up, and how well a form agrees with it, in logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vizecg.spec.labels import LIMB_OF_I_II
from vizecg_edge.leads.changes import BeatChanges
from vizecg_edge.leads.ends import Ends, find_ends
from vizecg_edge.leads.forms import Form, pieces_of
from vizecg_edge.leads.heights import heights_of, turned
from vizecg_edge.leads.layout import Piece
from vizecg_edge.leads.leaning import leaning_logit
from vizecg_edge.leads.names import LEAST_READ, NameScores, SeenName, legible, unexplained, upside_down
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import TraceRow, turned_rows
from vizecg_edge.leads.stretches import NAME_MM, Signals
from vizecg_edge.rectify.traces import PX_PER_MM

LEAST_LIVELY, LEAST_COVER = 4, 0.6
LEAST_FOLLOWS, LOW_FOLLOWS, SURE_FOLLOWS = 1.3, 1.5, 2.5
"""Rows of traces are this many times steeper at the beats of the page than elsewhere; lines of text are not. Rows of
low waves, and rows of hardly any."""
MANY_STEEP, TO_END_MM, FOOT_MM, WHOLE_COVER = 8, 1.5, 2.5, 0.9
"""A row with so many high waves, which reaches from end to end to within the second, is one of traces, since no text
does; and one with a pulse whose foot is so near to its baseline; both with ink along so much of it."""
LEAST_FULL, BETWEEN = 3, 0.7
"""Rows between which others are looked at, and how much nearer to them these must be than they to each other."""
BARE_MM = 3.0
"""Where no name is seen on the page, either way up, less than ``NAME_MM`` of every trace is left out: of columns of
2.5 s at 12.5 mm/s that is a third."""
MOST_BARE = 3
"""Of what looks like names, where there are none."""
LIMB_WEIGHT, SAME_WEIGHT, PULSE_WORTH, MOST_PULSES = 2.0, 1.5, 1.2, 3
DEPENDENT = 0.7
"""Of k limb leads k - 2 follow from the others; their errors have something in common."""
BY_CHANCE = 0.8
"""The most alike of twelve leads is as much like a strip that is none of them."""
STRIP_WEIGHT, AS_STRIP = 1.2, 1.5
"""Strips repeat a lead rather better than the latter, rows of other leads rather worse: of 175 drawn pages 146 strips,
and 123 rows that a wrong form would have taken for strips."""
DROPPED, SHORT, DULL, UNEVEN, SPECK, MAYBE = 8.0, 20.0, 1.5, 4.0, 0.3, 1.0
"""What it costs to leave a row out, to take in one that is too short or a dull one, rows that are not evenly apart
(relative spread), and to leave out what may be none; a long row with low waves may as well be one."""
LEANING_WEIGHT = 0.5
"""Leads of one heart lean together."""
SAME_ROW_MM, TRIMMED_MM = 3.0, 12.0
MIRRORED = -6.5
"""How rarely a page is seen in a mirror, in logits; which way time runs says up to 3 for it."""
MOST_IDENTITIES = 3.0
"""Identities come in threes: both triples of limb leads and one strip."""


def likely(row: TraceRow) -> bool:
    """Whether a row has waves: only traces are so high, but lines of text that touch one another can be."""
    return row.steep > 0 and row.lively >= LEAST_LIVELY


def is_lively(row: TraceRow) -> bool:
    """Whether a row has waves or text."""
    return row.lively >= LEAST_LIVELY


def _is_trace(row: TraceRow, follows: float, ends: Ends) -> bool:
    if row.named or _has_pulse(row, ends) or _is_whole(row, ends):
        return True
    least = LEAST_FOLLOWS if likely(row) else LOW_FOLLOWS if is_lively(row) else SURE_FOLLOWS
    return follows > least


def _has_pulse(row: TraceRow, ends: Ends) -> bool:
    """Whether a calibration pulse stands in line with a row, all along which there is ink."""
    pulses = [pulse for pulse in ends.pulses if pulse.seen and abs(pulse.box.bottom - row.y_mm) < FOOT_MM]
    return bool(pulses) and row.cover(ends.left_mm, ends.right_mm) > WHOLE_COVER


def _is_whole(row: TraceRow, ends: Ends) -> bool:
    """Whether a row has high waves, and begins and ends where traces do."""
    off = max(abs(row.left_mm - ends.left_mm), abs(row.right_mm - ends.right_mm))
    return row.steep >= MANY_STEEP and off < TO_END_MM and row.cover(ends.left_mm, ends.right_mm) > WHOLE_COVER


def sure_rows(rows: Sequence[TraceRow]) -> list[TraceRow]:
    """The rows that have waves, or all where none has."""
    return [row for row in rows if likely(row)] or list(rows)


def _to_their_ends(rows: tuple[TraceRow, ...], plain: Sequence[TraceRow]) -> tuple[TraceRow, ...]:
    """The rows with their beginnings and ends in all ink, where these lie near: the ends of traces are the least sure
    to be taken for traces."""
    longer = []
    for row in rows:
        same = min(plain, key=lambda other: abs(other.y_mm - row.y_mm), default=row)
        if abs(same.y_mm - row.y_mm) > SAME_ROW_MM:
            same = row
        left = same.left_mm if 0 < row.left_mm - same.left_mm < TRIMMED_MM else row.left_mm
        right = same.right_mm if 0 < same.right_mm - row.right_mm < TRIMMED_MM else row.right_mm
        longer.append(replace(row, left_mm=left, right_mm=right, occupied=np.maximum(row.occupied, same.occupied)))
    return tuple(longer)


def _without_between(rows: tuple[TraceRow, ...], ends: Ends) -> tuple[TraceRow, ...]:
    """The rows without what lies between two of them nearer than any two that are as long as the traces: part of a lead
    whose baseline lies elsewhere than that of its row."""
    full = [row.y_mm for row in rows if _is_full(row, ends)]
    if len(full) < LEAST_FULL:
        return rows
    near_mm = BETWEEN * float(np.min(np.diff(full)))
    return tuple(
        row
        for row in rows
        if _is_full(row, ends)
        or not full[0] < row.y_mm < full[-1]
        or min(abs(row.y_mm - y_mm) for y_mm in full) >= near_mm
    )


def _is_full(row: TraceRow, ends: Ends) -> bool:
    """Whether a row is as long as the traces."""
    return row.named or row.cover(ends.left_mm, ends.right_mm) > LEAST_COVER


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is seen one way up.

    ``ink``: of traces; ``every``: that of pulses, too. ``quarters``: counterclockwise turns to this way up. ``sure``:
    whether each row is one of traces. ``against``: logits of what speaks against this way up. ``bare``: whether no
    names seem to be printed on the page.
    """

    ink: PageInk
    every: PageInk
    quarters: int
    rows: tuple[TraceRow, ...]
    sure: tuple[bool, ...]
    ends: Ends
    heights: np.ndarray
    changes: BeatChanges
    names: tuple[SeenName, ...] = ()
    against: float = 0.0
    bare: bool = False

    @classmethod
    def of(
        cls,
        ink: PageInk,
        rows: tuple[TraceRow, ...],
        *,
        quarters: int,
        every: PageInk,
        plain: Sequence[TraceRow],
        marks: tuple[Box, ...] | None = None,
        names: tuple[SeenName, ...] = (),
    ) -> Evidence:
        """``ink``: of traces alone; ``every``: that of pulses, too, and its ``plain`` rows; ``marks``: where pulses are
        seen, see ``find_ends``; ``names``: read."""
        rows = _to_their_ends(rows, plain)
        ends = find_ends(every, sure_rows(rows), marks, names)
        rows = _without_between(rows, ends)
        heights = heights_of(ink.mask, tuple(row.y_mm for row in rows))
        changes = BeatChanges(heights, left_mm=ends.left_mm, right_mm=ends.right_mm)
        sure = tuple(_is_trace(row, changes.follows(index), ends) for index, row in enumerate(rows))
        return cls(
            ink=ink,
            every=every,
            quarters=quarters,
            rows=rows,
            sure=sure,
            ends=ends,
            heights=heights,
            changes=changes,
            names=names,
        )

    def turned(self, marks: tuple[Box, ...] | None = None) -> Evidence:
        """The same page turned by half a turn; names are not carried over, and pulses are looked for anew, ``marks``
        being where they are seen this way up."""
        every = self.every.turned(2)
        rows = turned_rows(self.rows, self.ink)
        return Evidence(
            ink=self.ink.turned(2),
            every=every,
            quarters=(self.quarters + 2) % 4,
            rows=rows,
            sure=self.sure[::-1],
            ends=find_ends(every, sure_rows(rows), marks),
            heights=turned(self.heights),
            changes=self.changes.turned(),
        )

    def named(self, names: Sequence[SeenName], *, other: Sequence[SeenName] = ()) -> Evidence:
        """With the names that are read this way up, and the ``other``."""
        letters = [sum(name.chance > LEAST_READ and "V" in name.name for name in some) for some in (names, other)]
        bare = max(letters) <= MOST_BARE
        return replace(self, names=tuple(names), against=upside_down(other), bare=bare)

    @cached_property
    def signals(self) -> dict[bool, Signals]:
        """By whether the page is seen in a mirror."""
        name_mm = BARE_MM if self.bare else NAME_MM
        return {mirrored: Signals(self.heights[:, :: -1 if mirrored else 1], name_mm) for mirrored in (False, True)}

    @cached_property
    def full(self) -> tuple[bool, ...]:
        """Whether each row is as long as the traces."""
        return tuple(_is_full(row, self.ends) for row in self.rows)

    @cached_property
    def name_scores(self) -> NameScores:
        """Of the names that are seen."""
        return NameScores(self.names)

    @cached_property
    def legible(self) -> bool:
        """Whether so many names are clear that the page can lie no other way up."""
        return legible(self.names)

    @cached_property
    def unexplained(self) -> float:
        """What clear names cost where none can be read."""
        return unexplained(self.names)

    def score(self, form: Form, first: int, *, rows: float, mirrored: bool = False) -> float:
        """How well a form whose first row is ``first`` agrees with all of it; ``rows``: its ``rows_score``."""
        pieces = pieces_of(form, self.rows[first : first + form.rows], self.ends)
        total = rows + self.against + self.named_score(pieces, first, mirrored=mirrored)
        total += PULSE_WORTH * min(len(self.ends.pulses), MOST_PULSES)
        total += self.changes.score(pieces, first=first)
        if not self.legible:
            total += (-0.5 if mirrored else 0.5) * self.changes.forward
        if mirrored:
            width = self.heights.shape[1] / PX_PER_MM
            pieces = tuple(replace(p, left_mm=width - p.right_mm, right_mm=width - p.left_mm) for p in pieces)
            return total + _said(pieces, self.signals[True], first) + MIRRORED
        return total + _said(pieces, self.signals[False], first)

    def named_score(self, pieces: Sequence[Piece], first: int, *, mirrored: bool = False) -> float:
        """What names say of a form's pieces, whose row 0 is ``first``."""
        if mirrored:
            return self.unexplained
        taken = self.rows[first : first + 1 + max(piece.row for piece in pieces)]
        spacing = float(np.median(np.diff([row.y_mm for row in taken])))
        named = self.name_scores.of(pieces, spacing_mm=spacing)
        # Of a page without names, what looks like some is none.
        return named if self.legible else max(named, self.unexplained)

    def identities(self, pieces: Sequence[Piece], first: int) -> float:
        """See ``PageLayout``; ``first``: row that is the pieces' row 0."""
        told = []
        signals = self.signals[False]
        leads = [piece for piece in pieces if not piece.strip]
        for column in sorted({piece.column for piece in leads}):
            here = [piece for piece in leads if piece.column == column]
            limb = {piece.name: first + piece.row for piece in here if piece.lead in LIMB_OF_I_II}
            if len(limb) >= 3:
                told.append(max(0.0, signals.stretch(here[0].left_mm, here[0].right_mm).limb(limb)))
        for strip in (piece for piece in pieces if piece.strip):
            row = first + strip.row
            for one in (piece for piece in leads if piece.lead == strip.lead and not piece.inverted):
                same = signals.stretch(one.left_mm, one.right_mm).same(row, first + one.row)
                told.append(max(0.0, same, signals.began_with(row, strip.left_mm, first + one.row, one)))
        return 9.0 if not told else MOST_IDENTITIES * float(np.mean(told))

    def rows_score(self, form: Form, first: int) -> float:
        """How likely the rows that a form takes are all of the page, and no others."""
        cost, count = 0.0, form.rows
        for index, (sure, full) in enumerate(zip(self.sure, self.full, strict=True)):
            maybe = full and is_lively(self.rows[index])
            if first <= index < first + count:
                cost += (0.0 if sure else MAYBE if maybe else DULL) + (0.0 if full else SHORT)
            else:
                cost += DROPPED if sure and full else MAYBE if maybe else SPECK
        gaps = np.diff([row.y_mm for row in self.rows[first : first + count]])
        uneven = float(np.std(gaps) / np.mean(gaps)) if len(gaps) > 1 else 0.0
        return form.likely - cost - UNEVEN * uneven


def _said(pieces: Sequence[Piece], signals: Signals, first: int) -> float:
    """What the traces say: identities of the limb leads of one column, strips that repeat a lead.

    ``first``: row of the signals that is the pieces' row 0.
    """
    score = 0.0
    columns: dict[int, list[Piece]] = {}
    for piece in pieces:
        if not piece.strip:
            columns.setdefault(piece.column, []).append(piece)
    stretches = {column: signals.stretch(here[0].left_mm, here[0].right_mm) for column, here in columns.items()}
    for column, here in columns.items():
        leans = stretches[column].leanings
        score += LEANING_WEIGHT * sum(leaning_logit(piece.name, leans[first + piece.row]) for piece in here)
        limb = {piece.name: first + piece.row for piece in here if piece.lead in LIMB_OF_I_II}
        if len(limb) >= 3:
            score += LIMB_WEIGHT * (len(limb) - 2) ** DEPENDENT * stretches[column].limb(limb)
        elif not limb and len(here) >= 3:
            # Chest leads that obey the identities of limb leads are none.
            rows = [first + piece.row for piece in here]
            for names in (("I", "II", "III"), ("aVR", "aVL", "aVF")):
                told = stretches[column].limb(dict(zip(names, rows[:3], strict=True)))
                score -= 0.5 * LIMB_WEIGHT * max(0.0, told)
    for strip in (piece for piece in pieces if piece.strip):
        score += STRIP_WEIGHT * (signals.most_like(strip, columns, first) - AS_STRIP)
    return score
