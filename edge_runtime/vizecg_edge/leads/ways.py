"""The ways that a page may lie: across it or down it, either way up; only one of them where its names can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vizecg_edge.leads.evidence import Evidence, is_lively, likely
from vizecg_edge.leads.named_rows import rows_by_names
from vizecg_edge.leads.names import LEAST_MIRRORED, SeenName, legible
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import TraceRow, find_rows, turned_rows
from vizecg_edge.rectify.reasons import Reason, refusal

MIRRORED = "it seems to be seen in a mirror"
NO_ROWS = "no rows of traces"
LEAST_ROWS, SHORT = 3, 0.4
"""With so many rows of traces across a page none are sought down it; rows shorter than this share are none."""
BESIDE_MM, ABOVE_MM = 18.0, 32.0
"""Around the rows, where names and pulses are looked for."""
NEXT_MM = 65.0
"""Rows of traces are nearer to the next than this; what lies further away is a header or a footer."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is seen on a page, upright as it is given: names, where ink belongs to traces (uint8 (h, w) of the page's
    ink, 1 where it may), and calibration pulses."""

    names: tuple[SeenName, ...]
    traces: np.ndarray
    pulses: tuple[Box, ...] = ()


Looker = Callable[[PageInk, Box], Look]
"""Looks at a box of a page."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A page turned so that its traces may run across it: its ink, its rows, the counterclockwise quarters to it, and
    what is seen of it as it is, and with its other side up."""

    ink: PageInk
    rows: tuple[TraceRow, ...]
    quarters: int
    seen: Look
    other: Look

    @classmethod
    def of(cls, look: Looker, ink: PageInk, rows: tuple[TraceRow, ...], quarters: int) -> _Side:
        """The page that is looked at."""
        seen, other = _looks(look, ink, _long(rows))
        if not legible(seen.names) and legible(other.names):
            return cls(ink=ink.turned(2), rows=turned_rows(rows, ink), quarters=quarters + 2, seen=other, other=other)
        return cls(ink=ink, rows=rows, quarters=quarters, seen=seen, other=other)

    @property
    def legible(self) -> bool:
        """Whether its names can be read as it is."""
        return legible(self.seen.names)

    def ways(self) -> list[Evidence]:
        """All that is seen of it either way up, or only one way where its names can be read; none without rows."""
        traces, names = self.ink.only(self.seen.traces), self.seen.names
        rows = rows_by_names(_long(find_rows(traces)), names, traces)
        if not any(row.steep or is_lively(row) for row in rows):
            return []
        evidence = Evidence.of(
            traces,
            rows,
            quarters=self.quarters % 4,
            every=self.ink,
            plain=self.rows,
            marks=self.seen.pulses,
            names=names,
        )
        if self.legible:
            return [evidence]
        turned = evidence.turned(self.other.pulses)
        return [evidence.named(names, other=self.other.names), turned.named(self.other.names, other=names)]


def ways_of(ink: PageInk, *, sideways: Callable[[], PageInk], look: Looker | None) -> list[Evidence]:
    """All that is seen of a page, each way that it may lie; at least one.

    Args:
        ink, sideways, look: see ``find_layout``.

    Raises:
        InputRefusedError: not_an_ecg, orientation_uncertain.
    """
    upright, plain, quarters = _across(ink, sideways)
    if look is None:
        rows = _long(plain)
        if not any(row.steep or is_lively(row) for row in rows):
            raise refusal(Reason.NOT_AN_ECG, NO_ROWS)
        evidence = Evidence.of(upright, rows, quarters=quarters, every=upright, plain=plain)
        return [evidence, evidence.turned()]
    sides = [_Side.of(look, upright, plain, quarters)]
    if not sides[0].legible and not quarters:
        # Headers, and QRS complexes above one another, are rows across a page that lies on its side.
        down, plain_down = _down(sideways)
        if _length(_long(plain_down)) > _length(_long(plain)):
            sides = [_Side.of(look, down, plain_down, 1), *sides]
            sides = sides[:1] if sides[0].legible else sides
    ways = [way for side in sides for way in side.ways()]
    if not ways:
        raise refusal(Reason.NOT_AN_ECG, NO_ROWS)
    if not sides[0].legible and _is_mirrored(look, sides[0].ink):
        raise refusal(Reason.ORIENTATION_UNCERTAIN, MIRRORED)
    return ways


def _is_mirrored(look: Looker, ink: PageInk) -> bool:
    """Whether names can be read in a mirror."""
    reflected = ink.mirrored()
    looks = _looks(look, reflected, _long(find_rows(reflected)))
    return any(legible(one.names, least=LEAST_MIRRORED) for one in looks)


def _looks(look: Looker, ink: PageInk, rows: Sequence[TraceRow]) -> tuple[Look, Look]:
    """The page as it is, and the other way up; the same twice where its names are legible as it is."""
    box = _around(rows, ink)
    seen = look(ink, box)
    if legible(seen.names):
        return seen, seen
    _, _, width, height = ink.box
    over = Box(width - box.right, height - box.bottom, width - box.left, height - box.top)
    return seen, look(ink.turned(2), over)


def _down(sideways: Callable[[], PageInk]) -> tuple[PageInk, tuple[TraceRow, ...]]:
    """The page turned by a quarter, and its rows."""
    ink = sideways().turned(1)
    return ink, find_rows(ink)


def _around(rows: Sequence[TraceRow], ink: PageInk) -> Box:
    """The rows of traces and what may stand beside them."""
    those = _block([row for row in rows if is_lively(row)] or list(rows))
    if not those:
        return ink.box
    left, right = min(row.left_mm for row in those), max(row.right_mm for row in those)
    top, bottom = min(row.y_mm for row in those), max(row.y_mm for row in those)
    return Box(
        max(ink.box.left, left - BESIDE_MM),
        max(ink.box.top, top - ABOVE_MM),
        min(ink.box.right, right + BESIDE_MM),
        min(ink.box.bottom, bottom + ABOVE_MM),
    )


def _block(rows: Sequence[TraceRow]) -> list[TraceRow]:
    """The longest of the groups of rows (together) that lie apart, from the top."""
    groups: list[list[TraceRow]] = []
    for row in rows:
        if not groups or row.y_mm - groups[-1][-1].y_mm > NEXT_MM:
            groups.append([])
        groups[-1].append(row)
    return max(groups, key=lambda group: sum(row.length_mm for row in group), default=[])


def _across(ink: PageInk, sideways: Callable[[], PageInk]) -> tuple[PageInk, tuple[TraceRow, ...], int]:
    """The page turned so that its traces run across it, its rows, and by how many quarters it was turned."""
    rows = find_rows(ink)
    across = _long(rows)
    if sum(likely(row) for row in across) < LEAST_ROWS:
        down, rows_down = _down(sideways)
        if _length(_long(rows_down)) > _length(across):
            return down, rows_down, 1
    return ink, rows, 0


def _long(rows: tuple[TraceRow, ...]) -> tuple[TraceRow, ...]:
    longest = max((row.length_mm for row in rows), default=0.0)
    return tuple(row for row in rows if row.length_mm > SHORT * longest)


def _length(rows: Sequence[TraceRow]) -> float:
    return sum(row.length_mm for row in rows if likely(row))
