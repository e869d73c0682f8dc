"""Where rows of traces begin and end, pulses that are not seen as such in line with them."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.leads.ends import find_ends
from vizecg_edge.leads.names import SeenName
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.rows import find_rows
from vizecg_edge.rectify.traces import PX_PER_MM

pytestmark = pytest.mark.unit

LEFT_MM, PULSE_MM = 26.0, 22.0
ROWS_MM = (40.0, 65.0, 90.0)
NAMES = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))


def _ink(first_mm: float, last_mm: float) -> PageInk:
    mask = np.zeros((round(120 * PX_PER_MM), round(320 * PX_PER_MM)), np.uint8)
    for y_mm in ROWS_MM:
        y = round(y_mm * PX_PER_MM)
        mask[y : y + 2, round(first_mm * PX_PER_MM) : round(last_mm * PX_PER_MM)] = 1
    return PageInk(mask=mask, inside=np.full_like(mask, 255), page_to_cells=np.eye(3))


def _names() -> list[SeenName]:
    return [
        SeenName(name=name, x_mm=LEFT_MM + 2.5 + 62.5 * column, y_mm=y_mm - 6, chances={name: 0.9})
        for y_mm, names in zip(ROWS_MM, NAMES, strict=True)
        for column, name in enumerate(names)
    ]


@pytest.mark.parametrize(("before", "after"), [(0.0, PULSE_MM), (PULSE_MM, 0.0), (0.0, 0.0)])
def test_names_tell_on_which_side_traces_are_too_long(before: float, after: float):
    ink = _ink(LEFT_MM - before, LEFT_MM + BLOCK_MM + after)
    ends = find_ends(ink, find_rows(ink), names=_names())
    assert (ends.left_mm, ends.right_mm) == pytest.approx((LEFT_MM, LEFT_MM + BLOCK_MM), abs=1.0)
