"""Leads that show no heart, or nothing, are not answered about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.spec import CODE6, LEADS, InputRefusedError
from vizecg_edge.judge.proven import flat_leads, refuse_unproven, still_leads
from vizecg_edge.judge.undecided import not_seen
from vizecg_edge.leads.layout import LeadOrder, PageLayout, Piece, Timing
from vizecg_edge.leads.measure import measure
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_lab.measuring.pages import page_of

pytestmark = pytest.mark.unit

LAYOUT = PageLayout(
    arrangement="12x1",
    order=LeadOrder.STANDARD,
    timing=Timing.SIMULTANEOUS,
    pieces=tuple(
        Piece(lead=lead, row=row, column=0, left_mm=20.0, right_mm=270.0, baseline_mm=20.0 + 14 * row)
        for row, lead in enumerate(LEADS)
    ),
    block=Box(20.0, 20.0, 270.0, 174.0),
)
NOISE = np.random.default_rng(3)


def page(change: Callable[[LeadTrace], np.ndarray]) -> Leads:
    leads = page_of(synthesise(["RBBB"], seed=4), np.random.default_rng(4), strip=False, timing=Timing.SEQUENTIAL)
    return replace(leads, traces=tuple(replace(trace, mv=change(trace)) for trace in leads.traces))


def flat(trace: LeadTrace, *, sd_mv: float = 0.0) -> np.ndarray:
    return NOISE.normal(0.0, sd_mv, len(trace.mv)).astype(np.float32)


def covered(trace: LeadTrace) -> np.ndarray:
    seen = trace.mv.copy()
    seen[: len(seen) * 5 // 6] = np.nan
    return seen


def test_twelve_leads_that_beat_are_proven() -> None:
    leads = page(lambda trace: trace.mv)
    refuse_unproven(leads, LAYOUT)
    assert flat_leads(leads, LAYOUT) == ()


def test_leads_that_are_drawn_along_the_grid_are_not_covered() -> None:
    leads = page(lambda trace: covered(trace) if trace.lead in ("V1", "V2") else trace.mv)
    mask = np.zeros((600, 900), np.uint8)
    ink = PageInk(mask=mask, inside=np.ones_like(mask), page_to_cells=np.eye(3))
    with pytest.raises(InputRefusedError, match="V1, V2"):
        refuse_unproven(leads, LAYOUT, ink)
    # Every fifth column of V2 has some of its waves.
    row = next(piece for piece in LAYOUT.pieces if piece.lead == "V2")
    mask[round((row.baseline_mm - 2) * 3), ::5] = 1
    refuse_unproven(leads, LAYOUT, ink)
    assert flat_leads(leads, LAYOUT) == ("V1", "V2")


@pytest.mark.parametrize("sd_mv", [0.0, 0.01, 0.02])
def test_flat_lines_show_no_heartbeat(sd_mv: float) -> None:
    with pytest.raises(InputRefusedError, match="no heartbeat") as caught:
        refuse_unproven(page(lambda trace: flat(trace, sd_mv=sd_mv)), LAYOUT)
    assert caught.value.reason == "no_heartbeat"


@pytest.mark.parametrize("spoilt", [flat, covered])
def test_leads_that_are_flat_or_covered_are_named(spoilt: Callable[[LeadTrace], np.ndarray]) -> None:
    leads = page(lambda trace: spoilt(trace) if trace.lead in ("V1", "V2", "V3") else trace.mv)
    with pytest.raises(InputRefusedError, match="nothing is seen of V1, V2, V3") as caught:
        refuse_unproven(leads, LAYOUT)
    assert caught.value.reason == "leads_missing"


def test_one_flat_lead_leaves_undecided_what_is_read_from_it() -> None:
    leads = page(lambda trace: flat(trace) if trace.lead == "V6" else trace.mv)
    refuse_unproven(leads, LAYOUT)
    found = not_seen(CODE6, flat_leads(leads, LAYOUT))
    assert list(found) == ["RBBB", "LBBB"]
    assert found["RBBB"].message == "V6 flat or covered"
    assert found["RBBB"].code == "leads_missing"


def test_a_lead_that_falls_off_leaves_undecided_what_is_read_from_it() -> None:
    leads = page(lambda trace: trace.mv)
    measured = measure(leads)
    assert still_leads(leads, measured) == ()
    for trace in leads.traces:
        if trace.lead == "V1":
            trace.mv[len(trace.mv) // 2 :] = trace.mv[len(trace.mv) // 2]
    found = still_leads(leads, measured)
    assert found == ("V1",)
    assert list(not_seen(CODE6, found)) == [label.name for label in CODE6.labels if "V1" in label.leads]
    assert still_leads(leads, replace(measured, regular=False)) == ()
