"""Which layout a page has: every form, either way up, is held against all that is seen, and the best must be clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.leads.cut import column_mm, is_cut
from vizecg_edge.leads.evidence import Evidence
from vizecg_edge.leads.forms import Form, every_form, pieces_of
from vizecg_edge.leads.layout import RHYTHM, PageLayout, Piece, Timing
from vizecg_edge.leads.names import (
    LEAST_LEGIBLE,
    MANY_ROWS,
    between_rows,
    beyond_rows,
    contradicted,
    legible,
    mostly_beside,
    unnamed_column,
)
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import TraceRow
from vizecg_edge.leads.stretches import Signals
from vizecg_edge.leads.strips import named_strips, repeats_together, timing_of
from vizecg_edge.leads.ways import MIRRORED, NO_ROWS, Looker, ways_of
from vizecg_edge.rectify.reasons import Reason, refusal

LEAST_MARGIN, LEAST_UNNAMED = 2.0, 3.5
"""With legible names and without. Of 240 drawn pages 32 with legible names had 5.8 and more, all read rightly; of 35
without, the two that were read wrongly and had more than 3 had 3.1 and 3.4."""
LEAST_IDENTITIES = 1.0
"""Leads whose names cannot be read agree at least so well, see ``PageLayout.identities``."""
LEAST_AHEAD, LEAST_AGREED = 8.0, 3.0
"""Least margin and identities of a reading that names speak against."""
LEAST_SCORE, LEAST_NAMED, LEAST_PROVED, LEAST_ROWS = -6.0, 5.0, 0.0, -10.0
"""Of a reading without and with legible names: of 50 printouts of other origin that were read rightly none with legible
names had less than 15, of the drawn ones that were read wrongly none more than -20; crowded rows may have as little as
the third, or less where names prove the reading, but leave out no two rows, which costs more than the last."""
LEAST_SURE = 0.5
"""Of the rows of a page; nearly flat leads are seldom sure."""
MOST_AGAINST, AGAINST_SHARE, LEAST_AGREEING = 1, 0.25, 2
"""Of names that stand beside leads. Letters of a page on its head, and waves, look like some that stand beside none."""
MOST_BEYOND = 1
"""Names of strokes alone, of leads that have no row, above the first or below the last: one may be a letter of
something else. Of 2,700 drawn pages two with twelve rows were read as seven."""
LEAST_COLUMN_MM = 28.0
"""2.5 s at 12.5 mm/s are 31 mm."""
LEAST_DRIFT_MM = 1.5
FAR_BEHIND = 14.0
"""In logits: so much may be told by names and signals against the rows."""


class ReadingsDifferError(InputRefusedError):
    """Leads are printed there, but which is which can be read in two ways."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way of reading a page: a form whose first row is ``first``; ``mirrored`` left to right."""

    evidence: Evidence
    form: Form
    first: int
    mirrored: bool
    score: float

    @property
    def rows(self) -> tuple[TraceRow, ...]:
        return self.evidence.rows[self.first : self.first + self.form.rows]

    @property
    def sure(self) -> tuple[bool, ...]:
        """Whether each row is one of traces."""
        return self.evidence.sure[self.first : self.first + self.form.rows]

    @property
    def spacing_mm(self) -> float:
        """From row to row."""
        return float(np.median(np.diff([row.y_mm for row in self.rows])))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return pieces_of(self.form, self.rows, self.evidence.ends)

    @property
    def unnamed(self) -> float:
        """The score without what names say."""
        return self.score - self.evidence.named_score(self.pieces, self.first, mirrored=self.mirrored)

    def is_like(self, other: Reading) -> bool:
        """Whether both name the same leads in the same places."""
        same_way = (self.evidence.quarters, self.mirrored) == (other.evidence.quarters, other.mirrored)
        mine, theirs = ((one.form.names, one.form.strip_rows, one.first) for one in (self, other))
        return same_way and mine == theirs


@dataclass(frozen=True, kw_only=True)
class FoundLayout:
    """``ink``: of the page's traces, turned upright; ``every``: with all else; ``layout`` in its millimetres;
    ``quarters``: counterclockwise, to it."""

    ink: PageInk
    every: PageInk
    layout: PageLayout
    quarters: int


def find_layout(ink: PageInk, *, sideways: Callable[[], PageInk], look: Looker | None = None) -> FoundLayout:
    """How a page is laid out.

    Args:
        ink: of the page, traces that run across it.
        sideways: makes the ink of traces that run down it; asked where those across are none.
        look: looks at a page as a reader would; None takes ink and places for all there is.

    Raises:
        InputRefusedError: not_an_ecg, unsupported_layout, layout_uncertain, orientation_uncertain.
    """
    ways = ways_of(ink, sideways=sideways, look=look)
    places = [
        (way.rows_score(form, first), way, form, first)
        for way in ways
        for form in every_form()
        for first in range(len(way.rows) - form.rows + 1)
    ]
    sure = sum(ways[0].sure)
    if not sure:
        raise refusal(Reason.NOT_AN_ECG, NO_ROWS)
    if not places:
        raise refusal(Reason.UNSUPPORTED_LAYOUT, f"{sure} row{'s' if sure > 1 else ''} of traces")
    # What leaves out more rows than others is not looked at any further.
    enough = max(score for score, *_ in places) - FAR_BEHIND
    readings = [
        Reading(
            evidence=way,
            form=form,
            first=first,
            mirrored=mirrored,
            score=way.score(form, first, rows=rows, mirrored=mirrored),
        )
        for rows, way, form, first in places
        if rows >= enough
        for mirrored in ((False,) if way.legible else (False, True))
    ]
    best = max(readings, key=lambda reading: reading.score)
    others = [reading.score for reading in readings if not reading.is_like(best)]
    margin = best.score - max(others, default=best.score - 20.0)
    if not best.evidence.legible:
        _check_traces(best)
    elif best.score < LEAST_NAMED and not _is_proved(best):
        raise refusal(Reason.LAYOUT_UNCERTAIN, f"{sum(best.sure)} rows of traces, and no layout fits their names")
    if best.mirrored:
        raise refusal(Reason.ORIENTATION_UNCERTAIN, MIRRORED)
    if margin < (LEAST_MARGIN if best.evidence.legible else LEAST_UNNAMED):
        raise _uncertain(readings, best)
    layout = _layout(best, margin)
    layout = replace(layout, named=_checked_names(layout, best, readings))
    if column_mm(layout) < LEAST_COLUMN_MM:
        told = f"columns of {column_mm(layout):.0f} mm show no rhythm"
        raise refusal(Reason.UNSUPPORTED_LAYOUT, told)
    if is_cut(layout, best.evidence.ink, best.evidence.names, spacing_mm=best.spacing_mm):
        raise refusal(Reason.CUT_OFF)
    evidence = best.evidence
    return FoundLayout(ink=evidence.ink, every=evidence.every, layout=layout, quarters=evidence.quarters)


def _is_proved(reading: Reading) -> bool:
    """Whether a reading of little score, whose names are legible, is nevertheless one of all rows."""
    if reading.evidence.rows_score(reading.form, reading.first) < LEAST_ROWS:
        return False
    beside = mostly_beside(reading.pieces, reading.evidence.names, spacing_mm=reading.spacing_mm)
    return reading.score >= LEAST_PROVED or beside


def _check_traces(reading: Reading) -> None:
    """Refuse rows that are called leads by nothing but a form that fits them badly."""
    sure, count = sum(reading.sure), len(reading.rows)
    if sure < LEAST_SURE * count:
        raise refusal(Reason.NOT_AN_ECG, f"{sure} of {count} rows are of traces")
    agree = reading.evidence.identities(reading.pieces, reading.first) >= LEAST_IDENTITIES
    if not agree or reading.score < LEAST_SCORE:
        raise refusal(Reason.NOT_AN_ECG, "the rows do not agree with being leads of one heart")


def _checked_names(layout: PageLayout, reading: Reading, readings: Sequence[Reading]) -> int:
    """How many names stand beside their leads in the best of some readings.

    Raises:
        InputRefusedError: layout_uncertain, where many stand beside other leads or between rows, or a column has none,
            since rows or columns were not told apart, and where there is neither a name nor a strip that repeats a
            lead.
    """
    names, words = reading.evidence.names, reading.form.words
    if not legible(names):
        # Many a wave looks like strokes.
        names = tuple(name for name in names if "V" in name.name)
    against, agreeing = contradicted(layout.pieces, names, spacing_mm=reading.spacing_mm)
    many = against > MOST_AGAINST and against > AGAINST_SHARE * (against + agreeing)
    if many and (against >= agreeing or not _told_by_traces(layout, reading, readings)):
        told = f"{against} of {against + agreeing} names stand beside other leads of {words}"
        raise refusal(Reason.LAYOUT_UNCERTAIN, told)
    if legible(names) and agreeing < LEAST_AGREEING:
        raise refusal(Reason.LAYOUT_UNCERTAIN, f"names stand beside {agreeing or 'none'} of the leads of {words}")
    rows = MANY_ROWS if legible(names) else LEAST_LEGIBLE
    if unnamed_column(layout.pieces, reading.evidence.names, spacing_mm=reading.spacing_mm, least_rows=rows):
        told = f"a column of {words} has no names, and another has them"
        raise refusal(Reason.LAYOUT_UNCERTAIN, told)
    if between_rows(layout.pieces, names):
        told = f"names stand where {words} has no row"
        raise refusal(Reason.LAYOUT_UNCERTAIN, told)
    beyond = beyond_rows(layout.pieces, names, spacing_mm=reading.spacing_mm)
    if len(beyond) > MOST_BEYOND or any(not set(lead) <= {"I"} for lead in beyond):
        raise refusal(Reason.LAYOUT_UNCERTAIN, f"names of {', '.join(beyond)} stand where {words} has no row")
    if not agreeing and len(layout.strips) > 1 and all(strip.lead == RHYTHM for strip in layout.strips):
        told = f"no names are read, and the strips of {words} repeat none of its leads"
        raise refusal(Reason.LAYOUT_UNCERTAIN, told)
    return agreeing


def _told_by_traces(layout: PageLayout, best: Reading, readings: Sequence[Reading]) -> bool:
    """Whether the best reading would be so without names: some of them are misread where they stand on the traces."""
    others = [one.unnamed for one in readings if not one.is_like(best)]
    ahead = best.unnamed - max(others, default=best.unnamed - LEAST_AHEAD)
    return ahead >= LEAST_AHEAD and layout.identities >= LEAST_AGREED


def _uncertain(readings: Sequence[Reading], best: Reading) -> InputRefusedError:
    """The refusal of a page of which two readings are nearly as good as each other."""
    second = max((one for one in readings if not one.is_like(best)), key=lambda reading: reading.score)
    if second.evidence.quarters != best.evidence.quarters or second.mirrored:
        told = refusal(Reason.ORIENTATION_UNCERTAIN)
    else:
        seen = " or ".join(dict.fromkeys(one.form.words for one in (best, second)))
        told = refusal(Reason.LAYOUT_UNCERTAIN, f"{sum(best.evidence.sure)} rows of traces, {seen}")
    return ReadingsDifferError(str(told), reason=told.reason)


def _layout(reading: Reading, margin: float) -> PageLayout:
    evidence, form, first = reading.evidence, reading.form, reading.first
    ends, signals = evidence.ends, evidence.signals[False]
    rows = reading.rows
    pieces = named_strips(
        pieces_of(form, rows, ends), signals, evidence.names, first=first, spacing_mm=reading.spacing_mm
    )
    together = repeats_together(pieces, signals, first=first)
    timing = timing_of(pieces, evidence.changes.beats_mm, together=together)
    if timing is Timing.SIMULTANEOUS:
        pieces = tuple(replace(piece, time_mm=0.0) for piece in pieces)
    # Columns of one row need not lie at one height.
    pieces = tuple(replace(piece, baseline_mm=piece.baseline_mm - _drift(signals, piece, first)) for piece in pieces)
    return PageLayout(
        arrangement=form.arrangement,
        order=form.order,
        timing=timing,
        pieces=pieces,
        block=Box(ends.left_mm, rows[0].y_mm, ends.right_mm, rows[-1].y_mm),
        pulses=ends.pulses,
        margin=margin,
        identities=evidence.identities(pieces, first),
    )


def _drift(signals: Signals, piece: Piece, first: int) -> float:
    """How far (mm) a piece lies above its row: where a trace stays longest is the best mark of its baseline, unless it
    lies far from its middle."""
    level = float(signals.stretch(piece.left_mm, piece.right_mm).levels[first + piece.row])
    return float(np.sign(level)) * max(abs(level) - LEAST_DRIFT_MM, 0.0)
