"""Rows of traces as the names beside them tell."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg_edge.leads.named_rows import rows_by_names
from vizecg_edge.leads.names import SeenName
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import TraceRow
from vizecg_edge.rectify.traces import PX_PER_MM

pytestmark = pytest.mark.unit

NAMES = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
ROWS_MM = (40.0, 65.0, 90.0)
ABOVE_MM = 6.0
SIZE = round(130 * PX_PER_MM), round(280 * PX_PER_MM)
INK = PageInk(mask=np.zeros(SIZE, np.uint8), inside=np.full(SIZE, 255, np.uint8), page_to_cells=np.eye(3))


def _row(y_mm: float, *, left_mm: float = 20.0) -> TraceRow:
    occupied = np.ones(SIZE[1], np.float32)
    return TraceRow(y_mm=y_mm, strength=50, occupied=occupied, left_mm=left_mm, right_mm=270, lively=9, steep=5)


def _names(chance: float = 0.9) -> list[SeenName]:
    return [
        SeenName(name=name, x_mm=22 + 62.5 * column, y_mm=y_mm - ABOVE_MM, chances={name: chance})
        for y_mm, names in zip(ROWS_MM, NAMES, strict=True)
        for column, name in enumerate(names)
    ]


def test_a_row_without_ink_is_where_its_names_are():
    rows = rows_by_names([_row(40.0), _row(90.0)], _names(), INK)
    assert [row.y_mm for row in rows] == pytest.approx(ROWS_MM, abs=0.5)
    assert all(row.named for row in rows)


def test_waves_between_rows_are_none():
    rows = rows_by_names([_row(40.0), _row(51.0, left_mm=150.0), _row(65.0), _row(90.0)], _names(), INK)
    assert [row.y_mm for row in rows] == pytest.approx(ROWS_MM)


def test_a_row_whose_names_cannot_be_read_stays():
    names = [name for name in _names() if name.y_mm != ROWS_MM[1] - ABOVE_MM or name.x_mm < 30]
    names += [SeenName(name="V1", x_mm=22, y_mm=115 - ABOVE_MM, chances={"V1": 0.9})]
    rows = rows_by_names([_row(y_mm) for y_mm in (40.0, 65.0, 90.0, 115.0)], names, INK)
    assert [row.y_mm for row in rows] == pytest.approx([40.0, 65.0, 90.0, 115.0])


def test_a_strip_without_a_name_stays():
    rows = rows_by_names([*map(_row, ROWS_MM), _row(115.0)], _names(), INK)
    assert [row.named for row in rows] == [True, True, True, False]


def test_names_that_cannot_be_read_tell_nothing():
    rows = [_row(40.0), _row(51.0), _row(90.0)]
    assert rows_by_names(rows, _names(chance=0.3), INK) == tuple(rows)


def test_a_name_in_the_margin_is_of_the_same_row():
    names = [SeenName(name=n.name, x_mm=15, y_mm=n.y_mm + 5, chances=n.chances) if n.x_mm < 30 else n for n in _names()]
    rows = rows_by_names([_row(y_mm) for y_mm in ROWS_MM], names, INK)
    assert [row.y_mm for row in rows] == pytest.approx(ROWS_MM)


def test_a_word_below_the_last_column_is_no_row():
    word = SeenName(name="II", x_mm=22 + 62.5 * 3, y_mm=110.0, chances={"II": 0.8})
    strip = SeenName(name="II", x_mm=22, y_mm=110.0, chances={"II": 0.8})
    rows = [_row(y_mm) for y_mm in ROWS_MM]
    assert rows_by_names(rows, [*_names(), word], INK) == tuple(rows_by_names(rows, _names(), INK))
    assert len(rows_by_names(rows, [*_names(), strip], INK)) == 4


def test_part_of_a_wave_near_a_line_of_names_is_no_row():
    letters = SeenName(name="II", x_mm=22, y_mm=ROWS_MM[2] + 14 - ABOVE_MM, chances={"II": 0.8})
    rows = rows_by_names([_row(y_mm) for y_mm in ROWS_MM], [*_names(), letters], INK)
    assert [row.y_mm for row in rows] == pytest.approx(ROWS_MM)
