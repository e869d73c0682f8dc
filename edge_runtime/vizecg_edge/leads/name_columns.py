"""Where traces begin and end as the names of their columns tell: pulses and grid lines may stand in line with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg_edge.leads.names import CLEAR, STROKE, SeenName, legible

COLUMN_MM = 4.0
"""Names of one column stand no further apart across."""
LEAST_IN_COLUMN = 2
EVEN_MM = 2.0
"""Columns are as far apart as each other to within so much; the first names may stand in the margin."""
LEAST_MM, MOST_MM = 3.0, 32.0
"""Ends that are off by less are left as they were found; no pulse and its feet are longer than the second."""
AFTER_MM = (-1.0, 8.0)
"""Names begin so far after their traces begin: the middle of them. Of drawn pages and of printouts of other origin."""


def ends_by_names(left_mm: float, right_mm: float, names: Sequence[SeenName]) -> tuple[float, float]:
    """The ends of the traces, one of which is moved if columns of names are clearly nearer to each other than the
    traces allow.

    Args:
        left_mm, right_mm: as the ink has them.
        names: read on the page.
    """
    columns = _columns(names) if legible(names) else []
    column_mm = _apart(columns, left_mm)
    if column_mm is None:
        return left_mm, right_mm
    count = round((right_mm - left_mm) / column_mm)
    longer = right_mm - left_mm - count * column_mm
    if count < len(columns) or not LEAST_MM < longer < MOST_MM:
        return left_mm, right_mm
    after_left = columns[-1] - left_mm - _before(columns, left_mm, column_mm) * column_mm
    after_right = after_left - longer
    low, high = AFTER_MM
    if low < after_left < high and not low < after_right < high:
        return left_mm, right_mm - longer
    if low < after_right < high and not low < after_left < high:
        return left_mm + longer, right_mm
    return left_mm, right_mm


def _before(columns: Sequence[float], left_mm: float, column_mm: float) -> int:
    """Columns before that of the last names."""
    return int((columns[-1] - left_mm - AFTER_MM[0]) // column_mm)


def _columns(names: Sequence[SeenName]) -> list[float]:
    """Where (mm) columns of names stand, from the left."""
    clear = sorted(name.x_mm for name in names if name.chance > CLEAR and name.name != STROKE)
    groups: list[list[float]] = []
    for x_mm in clear:
        if not groups or x_mm - groups[-1][-1] > COLUMN_MM:
            groups.append([])
        groups[-1].append(x_mm)
    return [float(np.median(group)) for group in groups if len(group) >= LEAST_IN_COLUMN]


def _apart(columns: Sequence[float], left_mm: float) -> float | None:
    """From column to column (mm); None where they are not even."""
    if len(columns) < 2:
        return None
    apart = np.diff(columns)
    # Of two columns the first may stand in the margin.
    rest = apart[1:] if len(apart) > 1 or columns[0] < left_mm else apart
    if not len(rest) or np.ptp(rest) > EVEN_MM:
        return None
    return float(np.mean(rest))
