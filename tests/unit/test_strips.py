"""Which lead a rhythm strip is called by: the name beside it, and what it repeats."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg_edge.leads.layout import RHYTHM, Piece
from vizecg_edge.leads.names import SeenName
from vizecg_edge.leads.stretches import Signals
from vizecg_edge.leads.strips import named_strips
from vizecg_edge.rectify.traces import PX_PER_MM

pytestmark = pytest.mark.unit

SPACING_MM, COLUMN_MM = 25.0, 60.0
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
WIDTH = round(4 * COLUMN_MM * PX_PER_MM)


def _pieces() -> list[Piece]:
    leads = [
        Piece(
            lead=lead,
            row=row,
            column=k,
            left_mm=COLUMN_MM * k,
            right_mm=COLUMN_MM * (k + 1),
            baseline_mm=SPACING_MM * row,
        )
        for k, column in enumerate(COLUMNS)
        for row, lead in enumerate(column)
    ]
    strip = Piece(lead="II", row=3, column=0, left_mm=0, right_mm=4 * COLUMN_MM, baseline_mm=3 * SPACING_MM, strip=True)
    return [*leads, strip]


def _called(beside: dict[str, float], *, repeats: str | None = None) -> str:
    heights = np.random.default_rng(3).normal(0, 2, (4, WIDTH)).astype(np.float32)
    pieces = _pieces()
    if repeats is not None:
        own = next(piece for piece in pieces if piece.lead == repeats)
        part = slice(round(own.left_mm * PX_PER_MM), round(own.right_mm * PX_PER_MM))
        heights[3, part] = heights[own.row, part]
    name = max(beside, key=lambda lead: beside[lead])
    names = [SeenName(name=name, x_mm=3.0, y_mm=3 * SPACING_MM - 5, chances=beside)]
    return named_strips(pieces, Signals(heights), names, first=0, spacing_mm=SPACING_MM)[-1].lead


def test_a_name_that_is_read_clearly_names_a_strip():
    assert _called({"II": 0.95}) == "II"
    assert _called({"V1": 0.95}) == "V1"


def test_what_a_strip_repeats_names_it():
    assert _called({"V5": 0.9}, repeats="V5") == "V5"


def test_a_name_that_may_be_misread_does_not_name_a_strip_against_its_trace():
    assert _called({"V5": 0.88}, repeats="V6") in (RHYTHM, "V6")
    assert _called({"II": 0.55, "III": 0.3}, repeats="III") in (RHYTHM, "III")
    assert _called({"III": 0.55}) == RHYTHM


@pytest.mark.parametrize("lead", ["V5", "V6"])
def test_a_name_alone_names_no_strip_of_leads_that_look_alike(lead: str):
    """V6 is read as V5 now and then, as clearly as can be."""
    assert _called({lead: 0.99}) == RHYTHM
