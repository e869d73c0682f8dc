"""Ends of traces as the names of their columns tell."""

from __future__ import annotations

import pytest

from vizecg_edge.leads.name_columns import ends_by_names
from vizecg_edge.leads.names import SeenName

pytestmark = pytest.mark.unit

LEFT_MM, COLUMN_MM = 30.0, 62.5
RIGHT_MM = LEFT_MM + 4 * COLUMN_MM
ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))


def _names(*, first_mm: float = 3.0, apart_mm: float = COLUMN_MM, chance: float = 0.9) -> list[SeenName]:
    return [
        SeenName(
            name=name,
            x_mm=LEFT_MM + (column * apart_mm + 3.0 if column else first_mm),
            y_mm=25.0 * row,
            chances={name: chance},
        )
        for row, names in enumerate(ROWS)
        for column, name in enumerate(names)
    ]


@pytest.mark.parametrize("first_mm", [3.0, -5.0])
def test_what_stands_in_line_after_the_traces_is_left_out(first_mm: float):
    found = ends_by_names(LEFT_MM, RIGHT_MM + 15.0, _names(first_mm=first_mm))
    assert found == pytest.approx((LEFT_MM, RIGHT_MM))


@pytest.mark.parametrize("first_mm", [3.0, -5.0])
def test_what_stands_in_line_before_the_traces_is_left_out(first_mm: float):
    found = ends_by_names(LEFT_MM - 15.0, RIGHT_MM, _names(first_mm=first_mm))
    assert found == pytest.approx((LEFT_MM, RIGHT_MM))


def test_names_that_fit_move_nothing():
    assert ends_by_names(LEFT_MM, RIGHT_MM, _names()) == (LEFT_MM, RIGHT_MM)


def test_names_further_apart_than_the_columns_move_nothing():
    assert ends_by_names(LEFT_MM, RIGHT_MM, _names(apart_mm=65.0)) == (LEFT_MM, RIGHT_MM)


def test_names_that_cannot_be_read_move_nothing():
    assert ends_by_names(LEFT_MM, RIGHT_MM + 15.0, _names(chance=0.3)) == (LEFT_MM, RIGHT_MM + 15.0)
