"""Rows of traces as the names beside them tell: rows too faint to be found, and what between them is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vizecg_edge.leads.names import ABOVE, BELOW, CLEAR, STROKE, SeenName, legible
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import TraceRow, row_at

LINE_MM, COLUMN_MM, MERGED_MM = 3.5, 4.0, 6.5
"""Names lie no further apart than this down a line of them, and across a column of them; and lines of them, of one row,
some of whose names stand in the margin."""
LEAST_IN_LINE, LEAST_IN_COLUMN, MANY_IN_COLUMN = 2, 3, 5
LEAST_LINES, LEAST_SHARE = 3, 0.5
"""So many lines of names must be seen, and stand as far from rows as each other, of all of them."""
CLOSE = 0.65
"""One name alone that stands nearer than this to a line of several, in line spacings, is part of a wave."""
OFF = 0.15
"""By so much, in row spacings, that distance may differ."""
USUAL = -0.15
"""Names stand rather above their traces than below them."""
NEAR, APART, LONG = 0.55, 0.4, 0.75
"""What lies nearer than this to a row with names, in row spacings, and is shorter than the last share of the longest,
is part of its waves, or of a neighbour's; no row is added nearer to others than the first, nor than the second share
of their own usual distance."""


def rows_by_names(rows: Sequence[TraceRow], names: Sequence[SeenName], ink: PageInk) -> tuple[TraceRow, ...]:
    """The rows of a page, those with names beside them marked, with those that only names tell of, and without what
    lies between rows; as they are where names do not tell.

    Args:
        rows: found in the ink, from the top.
        names: read on the page.
        ink: of its traces.
    """
    lines = _lines(names) if legible(names) else []
    if len(lines) < LEAST_LINES or not rows:
        return tuple(rows)
    # Names that cannot be read leave lines out, letters that are none add some.
    least, usual = float(np.min(np.diff(lines))), float(np.median(np.diff(lines)))
    spacing = min(usual, _usual(rows))
    offset = _offset(lines, rows, spacing)
    if offset is None:
        return tuple(rows)
    places = [line - offset for line in lines]
    named = {min(range(len(rows)), key=lambda row: abs(rows[row].y_mm - place)) for place in places}
    named = {row for row in named if min(abs(rows[row].y_mm - place) for place in places) < 2 * OFF * spacing}
    long_mm = LONG * max(row.length_mm for row in rows)
    kept = [
        replace(row, named=index in named)
        for index, row in enumerate(rows)
        if index in named
        or row.length_mm > long_mm
        or all(abs(row.y_mm - rows[other].y_mm) > NEAR * least for other in named)
    ]
    apart_mm = max(NEAR * usual, APART * _usual(rows) if len(rows) > 1 else 0.0)
    for place in places:
        if all(abs(row.y_mm - place) > apart_mm for row in kept):
            kept.append(replace(row_at(ink, place, reach_mm=spacing / 2), named=True))
    return tuple(sorted(kept, key=lambda row: row.y_mm))


def _usual(rows: Sequence[TraceRow]) -> float:
    """From row to row (mm)."""
    return float(np.median(np.diff([row.y_mm for row in rows]))) if len(rows) > 1 else np.inf


def _lines(names: Sequence[SeenName]) -> list[float]:
    """Heights (mm) of the lines of names, from the top: of several in a line, or of one in a column of them."""
    clear = sorted((name for name in names if name.chance > CLEAR and name.name != STROKE), key=lambda name: name.y_mm)
    groups: list[list[SeenName]] = []
    for name in clear:
        if not groups or name.y_mm - groups[-1][0].y_mm > LINE_MM:
            groups.append([])
        groups[-1].append(name)
    columns = [name.x_mm for name in clear if _in_column(name, clear) >= LEAST_IN_COLUMN]
    full = [group[0].y_mm for group in groups if _is_full(group)]
    lines: list[tuple[int, float]] = []
    for group in groups:
        # A name alone above or below all others is a strip's, which stands at the left, or a word of the print.
        between = bool(full) and full[0] < group[0].y_mm < full[-1]
        count = _in_column(group[0], clear)
        many = count >= MANY_IN_COLUMN or between or group[0].x_mm - min(columns, default=np.inf) < COLUMN_MM
        alone = count >= LEAST_IN_COLUMN and many
        if not _is_full(group) and not alone:
            continue
        line = len(group), float(np.median([name.y_mm for name in group]))
        if lines and line[1] - lines[-1][1] < MERGED_MM:
            line = max(line, lines.pop())
        lines.append(line)
    usual = float(np.median(np.diff([y_mm for _, y_mm in lines]))) if len(lines) > 1 else 0.0
    several = [y_mm for count, y_mm in lines if count > 1]
    return [y_mm for count, y_mm in lines if count > 1 or all(abs(y_mm - other) >= CLOSE * usual for other in several)]


def _is_full(group: Sequence[SeenName]) -> bool:
    """Whether so many names stand in a line that it is one."""
    return len({name.name for name in group}) >= LEAST_IN_LINE


def _in_column(name: SeenName, others: Sequence[SeenName]) -> int:
    """How many names stand above and below one, itself included."""
    return sum(abs(other.x_mm - name.x_mm) < COLUMN_MM for other in others)


def _offset(lines: Sequence[float], rows: Sequence[TraceRow], spacing: float) -> float | None:
    """How far below the baselines of their rows most lines of names stand; None where they do not agree."""
    apart = np.subtract.outer(np.array(lines), np.array([row.y_mm for row in rows])) / spacing
    some = apart[(apart > -ABOVE) & (apart < BELOW)]
    best = max(
        some.tolist(),
        key=lambda one: (int((np.abs(apart - one) < OFF).any(axis=1).sum()), -abs(one - USUAL)),
        default=None,
    )
    if best is None:
        return None
    met = apart[np.abs(apart - best) < OFF]
    if len(met) < max(2, LEAST_SHARE * len(lines)):
        return None
    return float(np.median(met)) * spacing
