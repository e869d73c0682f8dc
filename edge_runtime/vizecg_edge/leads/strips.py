"""Which lead a rhythm strip shows, and whether the columns of a page follow each other in time or begin together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from vizecg.spec import LEADS
from vizecg_edge.leads.evidence import BY_CHANCE, SAME_WEIGHT
from vizecg_edge.leads.layout import RHYTHM, Piece, Timing
from vizecg_edge.leads.names import CLEAR, SeenName, chances_beside, name_offset_mm
from vizecg_edge.leads.stretches import Signals

LIKELY = {"II": 1.0, "V1": 0.5, "V5": 0.0, "III": -0.5}
RARE = -1.0
"""Logits of the leads that strips show, before anything is seen of one."""
LEAST_LEAD, LEAST_UNREAD = 2.0, 2.5
"""By so much the best lead must be ahead of the next one, or the strip is called rhythm and nothing more; the latter
where no clear name stands beside it and it is not ``USUAL``. Of 80 strips of drawn pages one was misnamed with the
former alone, one of II."""
SURE_NAME, LEAST_DOUBTED = 0.7, 3.5
"""And by so much where the name beside it is read with a smaller chance than the first: of 720 drawn pages the two
whose strips were misnamed in silence had 0.55 and 0.58, and were 3.1 and 2.7 ahead."""
USUAL = "II"
LEAST_CHANCE = 0.01
STROKES, STROKE_CHANCE, DIGIT_CHANCE = ("II", "III"), 0.08, 0.04
"""The third stroke is missed, or a line taken for it, this often, and a digit taken for another where a chest lead's
name is read: of 360 drawn pages two had a strip II called III, or the other way round, both by names of less than 0.6,
and one V6 called V5."""
LEAST_STROKE, SURE = 4.0, 0.8
"""So far ahead is one of ``STROKES`` of another where one is read there whose chance is less than ``SURE``."""
ALIKE, LEAST_ALIKE, LEAST_CHEST = frozenset({"V4", "V5", "V6"}), 2.5, 4.5
"""Leads that look alike, and whose names do, want more of the trace however sure the name is: the first of any other,
and II and III of one another. Of 2,700 drawn pages six had a strip that was misnamed in silence: V6 called V5, three
times by 2.3 to 4.0, and III called II, once by 2.2."""
CLEARLY = 0.7
"""By so much, a strip, columns must be repeated better one way than the other for it to tell their timing."""
TOGETHER_MM = 0.9
"""Beats in the same place of two columns lie no further apart."""
EVEN = 0.08
"""Intervals across the end of a column that differ no more than this from the others are one rhythm's."""
LEAST_BEATS, LEAST_SHARE = 2, 0.75


def named_strips(
    pieces: Sequence[Piece], signals: Signals, names: Sequence[SeenName], *, first: int, spacing_mm: float
) -> tuple[Piece, ...]:
    """The pieces with every strip called by the lead that it shows.

    Args:
        pieces: of a page, row by row.
        signals: of its rows.
        names: read on it.
        first: row of the signals that is the pieces' row 0.
        spacing_mm: from row to row.
    """
    leads = [piece for piece in pieces if not piece.strip]
    strips = {index: piece for index, piece in enumerate(pieces) if piece.strip}
    together = repeats_together(pieces, signals, first=first)
    usual_mm = name_offset_mm(leads, names, spacing_mm=spacing_mm)
    beside = {
        index: chances_beside(strip, names, spacing_mm=spacing_mm, usual_mm=usual_mm) for index, strip in strips.items()
    }
    told = {
        index: _logits(
            strip,
            leads,
            beside[index],
            partial(_alike, strip, signals=signals, first=first, together=together),
        )
        for index, strip in strips.items()
    }
    called: dict[int, str] = {}
    # The clearest first: no page has two strips of one lead.
    for index in sorted(told, key=lambda index: -_ahead(told[index])):
        left = {lead: logit for lead, logit in told[index].items() if lead not in called.values()}
        best = max(left, key=lambda lead: left[lead])
        called[index] = best if _ahead(left) >= _least(left, beside[index]) else RHYTHM
    return tuple(replace(piece, lead=called[index]) if index in called else piece for index, piece in enumerate(pieces))


def _least(logits: Mapping[str, float], beside: Mapping[str, float]) -> float:
    """How far ahead the best lead of a strip must be, given the names beside it."""
    best, second = sorted(logits, key=lambda lead: -logits[lead])[:2]
    name, chance = max(beside.items(), key=lambda one: one[1], default=("", 0.0))
    if best in ALIKE:
        return LEAST_CHEST
    if {name, best, second} <= set(STROKES):
        return LEAST_STROKE if chance < SURE else LEAST_ALIKE
    if CLEAR < chance < SURE_NAME:
        return LEAST_DOUBTED
    return LEAST_LEAD if best == USUAL or chance > CLEAR else LEAST_UNREAD


def repeats_together(pieces: Sequence[Piece], signals: Signals, *, first: int) -> bool | None:
    """Whether the strips show the leads as columns that begin together do; None where they do not tell."""
    leads = [piece for piece in pieces if not piece.strip and piece.column and not piece.inverted]
    strips = [piece for piece in pieces if piece.strip]
    if not leads or not strips:
        return None
    along = sum(max(_along(strip, piece, signals, first) for piece in leads) for strip in strips)
    begun = sum(max(_begun(strip, piece, signals, first) for piece in leads) for strip in strips)
    ahead = (begun - along) / len(strips)
    return None if abs(ahead) < CLEARLY else ahead > 0


def _logits(
    strip: Piece, leads: Sequence[Piece], beside: Mapping[str, float], alike: Callable[[Piece], float]
) -> dict[str, float]:
    """How likely a strip shows each lead, given the chances of the name beside it and what it has in common with each
    piece."""
    logits = {lead: LIKELY.get(lead, RARE) for lead in LEADS}
    for lead in logits:
        if beside:
            logits[lead] += float(np.log((beside.get(lead, 0.0) + _misread(lead, beside)) * len(LEADS)))
        logits[lead] += max((alike(other) for other in leads if other.lead == lead), default=0.0)
    return logits


def _misread(lead: str, beside: Mapping[str, float]) -> float:
    """How often the name that seems to stand beside a strip is read there though it is that of another lead."""
    name = max(beside, key=lambda one: beside[one])
    if name in STROKES and lead in STROKES:
        return STROKE_CHANCE
    return DIGIT_CHANCE if name in LEADS[6:] and lead in LEADS[6:] else LEAST_CHANCE


def _ahead(logits: Mapping[str, float]) -> float:
    """By how much the best is ahead of the next one."""
    best, second = sorted(logits.values())[-1:-3:-1]
    return best - second


def _alike(strip: Piece, piece: Piece, signals: Signals, first: int, together: bool | None) -> float:
    """How much the strip shows what a lead shows, in logits: above or below it at the same time, or, where columns
    begin ``together``, from its own beginning on."""
    if piece.inverted:
        return 0.0
    told = 0.0 if together else _along(strip, piece, signals, first)
    if together is not False:
        told = max(told, _begun(strip, piece, signals, first))
    return 2 * SAME_WEIGHT * max(0.0, told - BY_CHANCE)


def _along(strip: Piece, piece: Piece, signals: Signals, first: int) -> float:
    return signals.stretch(piece.left_mm, piece.right_mm).same(first + strip.row, first + piece.row)


def _begun(strip: Piece, piece: Piece, signals: Signals, first: int) -> float:
    return signals.began_with(first + strip.row, strip.left_mm, first + piece.row, piece)


def timing_of(pieces: Sequence[Piece], beats_mm: np.ndarray, *, together: bool | None = None) -> Timing:
    """Whether columns go on in time, told by where the beats lie.

    Columns that begin together have their beats in the same places; where they go on, intervals across their borders
    are those of the rhythm.

    Args:
        pieces: of a page.
        beats_mm: (n,) where the rows have their beats, mm.
        together: what the strips say of it, see ``repeats_together``.
    """
    if together is not None:
        return Timing.SIMULTANEOUS if together else Timing.SEQUENTIAL
    columns = sorted({(piece.left_mm, piece.right_mm) for piece in pieces if not piece.strip})
    if len(columns) < 2:
        return Timing.SEQUENTIAL
    inside = [beats_mm[(beats_mm > left + 1) & (beats_mm < right - 1)] for left, right in columns]
    offsets = [beats - left for beats, (left, _) in zip(inside, columns, strict=True)]
    met, of = 0, 0
    for other in offsets[1:]:
        for offset in offsets[0]:
            of += 1
            met += bool(len(other) and np.abs(other - offset).min() <= TOGETHER_MM)
    together = of >= LEAST_BEATS * (len(columns) - 1) and met >= LEAST_SHARE * of
    within = np.concatenate([np.diff(beats) for beats in inside])
    across = np.array([after[0] - before[-1] for before, after in pairwise(inside) if len(before) and len(after)])
    usual = float(np.median(within)) if len(within) else 0.0
    goes_on = len(across) > 0 and usual > 0 and float(np.mean(np.abs(across / usual - 1) < EVEN)) >= LEAST_SHARE
    if goes_on:
        return Timing.SEQUENTIAL
    return Timing.SIMULTANEOUS if together else Timing.UNKNOWN
