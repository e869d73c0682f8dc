"""Names beside traces: what they say of rows that were left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vizecg_edge.leads.layout import Piece
from vizecg_edge.leads.names import SeenName, between_rows, beyond_rows, mostly_beside, unnamed_column

pytestmark = pytest.mark.unit

COLUMNS = (("aVL", "I", "aVR"), ("II", "aVF", "III"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))


def pieces(*rows_mm: float) -> tuple[Piece, ...]:
    return tuple(
        Piece(lead=lead, row=row, column=k, left_mm=20 + 60 * k, right_mm=80 + 60 * k, baseline_mm=rows_mm[row])
        for k, leads in enumerate(COLUMNS)
        for row, lead in enumerate(leads)
    )


def names(*rows_mm: float) -> list[SeenName]:
    return [
        SeenName(name=lead, x_mm=23 + 60 * k, y_mm=rows_mm[row], chances={lead: 0.9})
        for k, leads in enumerate(COLUMNS)
        for row, lead in enumerate(leads)
    ]


def test_names_of_a_row_that_was_left_out_stand_between_rows() -> None:
    """A flat third row was left out, and the strip below it, 30 mm further down, taken for it."""
    assert between_rows(pieces(50, 65, 95), names(48, 63, 78))
    assert between_rows(pieces(20, 50, 65), names(33, 48, 63))


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        ((50, 65, 80), (48, 63, 78)),
        ((50, 65, 95), (48, 63, 93)),
        # Names at even distances beside rows that are not, as one recorder prints them.
        ((50, 65, 82), (41, 63, 85)),
    ],
)
def test_names_that_stand_beside_their_rows(rows: tuple[float, ...], written: tuple[float, ...]) -> None:
    assert not between_rows(pieces(*rows), names(*written))
    assert not between_rows(pieces(*rows), [])


def test_names_of_rows_that_were_left_out_above_and_below() -> None:
    limb = tuple(replace(piece, column=0, left_mm=20.0) for piece in pieces(80, 95, 110) if piece.column < 1)

    def seen(name: str, x_mm: float, y_mm: float, chance: float = 0.9) -> SeenName:
        return SeenName(name=name, x_mm=x_mm, y_mm=y_mm, chances={name: chance})

    assert beyond_rows(limb, [seen("V1", 23, 62), seen("V2", 23, 125)], spacing_mm=15) == ("V1", "V2")
    beside = [seen("V1", 23, 80), seen("V1", 90, 62), seen("aVL", 23, 62), seen("V1", 23, 62, 0.4)]
    assert beyond_rows(limb, beside, spacing_mm=15) == (), (
        "beside a row, in no column, of a lead that is there, unclear"
    )


def test_a_column_without_names_is_none_where_rows_are_many():
    leads = (("I", "II", "III", "aVR", "aVL", "aVF"), ("V1", "V2", "V3", "V4", "V5", "V6"))
    pieces = [
        Piece(
            lead=name,
            row=row,
            column=column,
            left_mm=125.0 * column,
            right_mm=125.0 * (column + 1),
            baseline_mm=20.0 * row,
        )
        for column, names in enumerate(leads)
        for row, name in enumerate(names)
    ]
    strips = [
        Piece(lead="II", row=row, column=0, left_mm=0.0, right_mm=250.0, baseline_mm=20.0 * row, strip=True)
        for row in (6, 7)
    ]
    names = [SeenName(name=p.lead, x_mm=p.left_mm + 3, y_mm=p.baseline_mm - 5, chances={p.lead: 0.9}) for p in pieces]
    first = [name for name in names if name.x_mm < 100]
    assert unnamed_column([*pieces, *strips], first, spacing_mm=20.0)
    assert not unnamed_column([*pieces, *strips], names, spacing_mm=20.0)
    assert not unnamed_column(pieces, first, spacing_mm=20.0)


def test_names_beside_their_leads_prove_a_layout():
    there = names(48, 63, 78)
    assert mostly_beside(pieces(50, 65, 80), there, spacing_mm=15)
    assert not mostly_beside(pieces(50, 65, 80), there[:4], spacing_mm=15)
    exchanged = [replace(name, x_mm=there[(k + 3) % 12].x_mm) for k, name in enumerate(there)]
    assert not mostly_beside(pieces(50, 65, 80), exchanged, spacing_mm=15)
    elsewhere = [replace(name, x_mm=name.x_mm + 40, y_mm=name.y_mm + 90) for name in there]
    assert not mostly_beside(pieces(50, 65, 80), [*there, *elsewhere], spacing_mm=15)


def test_a_column_without_names_is_none_where_few_rows_are_asked_for():
    first = [name for name in names(48, 63, 78) if name.x_mm < 30]
    assert unnamed_column(pieces(50, 65, 80), first, spacing_mm=15, least_rows=3)
    assert not unnamed_column(pieces(50, 65, 80), first, spacing_mm=15)
    assert not unnamed_column(pieces(50, 65, 80), [], spacing_mm=15, least_rows=3)
