"""Exchanged electrodes are told and leave undecided what is read from shapes; leads of two hearts are not answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise, twelve_leads
from vizecg.spec import CODE6, LEADS, InputRefusedError
from vizecg.spec.electrodes import Exchange
from vizecg_edge.judge.exchanged import exchange_doubts, of_exchanged, refuse_exchanged
from vizecg_edge.leads.layout import LeadOrder, PageLayout, Piece, Timing
from vizecg_edge.leads.measure import measure
from vizecg_edge.leads.measured import Measured
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.signals import Leads
from vizecg_lab.measuring.pages import page_of

pytestmark = pytest.mark.unit

Signs = Mapping[str, tuple[float, str]]

ARMS: Signs = {"I": (-1, "I"), "II": (1, "III"), "III": (1, "II"), "aVR": (1, "aVL"), "aVL": (1, "aVR")}
RIGHT_ARM_LEFT_LEG: Signs = {
    "I": (-1, "III"), "II": (-1, "II"), "III": (-1, "I"), "aVR": (1, "aVF"), "aVF": (1, "aVR"),
}  # fmt: skip
FIRST_CHEST: Signs = {"V1": (1, "V3"), "V3": (1, "V1")}
CHEST_TURNED: Signs = {f"V{n}": (1, f"V{7 - n}") for n in range(1, 7)}
ROWS_TURNED: Signs = {
    lead: (1, other)
    for one in (("I", "III"), ("aVR", "aVF"), ("V1", "V3"), ("V4", "V6"))
    for lead, other in (one, one[::-1])
}
IN_A_MIRROR: Signs = {lead: (-1, ROWS_TURNED.get(lead, (1, lead))[1]) for lead in LEADS}


def layout(*, named: int) -> PageLayout:
    pieces = tuple(
        Piece(lead=lead, row=row, column=0, left_mm=20.0, right_mm=270.0, baseline_mm=20.0 + 14 * row)
        for row, lead in enumerate(LEADS)
    )
    return PageLayout(
        arrangement="12x1", order=LeadOrder.STANDARD, timing=Timing.SIMULTANEOUS, pieces=pieces,
        block=Box(20.0, 20.0, 270.0, 174.0), named=named,
    )  # fmt: skip


def recorded(record: EcgRecord, signs: Signs) -> EcgRecord:
    """The record as it is where leads show others, upright or not."""
    signal = record.signal.copy()
    for lead, (sign, other) in signs.items():
        signal[LEADS.index(lead)] = sign * record.signal[LEADS.index(other)]
    return replace(record, signal=signal)


def seen(signs: Signs, *labels: str, seed: int = 7) -> Measured:
    return measure(page_of(recorded(synthesise(labels, seed=seed), signs), np.random.default_rng(seed)))


def read_as(signs: Signs, *, seed: int = 7) -> Measured:
    """The page with traces that are called otherwise than they are, or upside down."""
    own = page_of(synthesise(seed=seed), np.random.default_rng(seed))
    by_lead = {trace.lead: trace for trace in own.traces if not trace.strip}
    traces = []
    for trace in own.traces:
        sign, other = signs.get(trace.lead, (1, trace.lead))
        traces.append(replace(trace, mv=sign * (trace if trace.strip else by_lead[other]).mv))
    return measure(replace(own, traces=tuple(traces)))


@pytest.mark.parametrize("labels", [(), ("1dAVb",), ("RBBB",), ("LBBB",), ("SB",), ("AF",), ("ST",)])
@pytest.mark.parametrize("seed", [1, 2])
def test_of_leads_in_their_places_nothing_is_told(labels: tuple[str, ...], seed: int) -> None:
    found = seen({}, *labels, seed=seed)
    assert (found.exchanged, found.apart) == (None, "")
    assert exchange_doubts(found) == ()
    refuse_exchanged(found, layout(named=0))


@pytest.mark.parametrize("labels", [(), ("RBBB",), ("LBBB",)])
@pytest.mark.parametrize(
    ("signs", "exchange"),
    [
        (ARMS, Exchange.ARMS),
        (RIGHT_ARM_LEFT_LEG, Exchange.RIGHT_ARM_LEFT_LEG),
        (CHEST_TURNED, Exchange.CHEST),
    ],
)
def test_exchanged_electrodes_are_told(labels: tuple[str, ...], signs: Signs, exchange: Exchange) -> None:
    assert seen(signs, *labels).exchanged is exchange


def test_a_limb_lead_between_the_legs_is_told() -> None:
    record = synthesise((), seed=7)
    third, legs = record.signal[2], 0.02 * record.signal[1]
    changed = replace(record, signal=twelve_leads(np.stack([legs - third, legs, *record.signal[6:]])))
    found = measure(page_of(changed, np.random.default_rng(7)))
    assert found.exchanged is Exchange.ARM_RIGHT_LEG


def test_exchanged_chest_electrodes_are_told_of_a_normal_record() -> None:
    assert seen(FIRST_CHEST).exchanged is Exchange.CHEST


def test_blocks_are_undecided_and_rhythm_is_not() -> None:
    found = seen(ARMS, "LBBB")
    (doubt,) = exchange_doubts(found)
    assert doubt.code == "electrodes_reversed"
    assert "both arms" in doubt.message
    undecided = of_exchanged(CODE6, found)
    assert set(undecided) == {"RBBB", "LBBB"}
    assert {one.code for one in undecided.values()} == {"electrodes_reversed"}


@pytest.mark.parametrize(
    ("signs", "reason"),
    [
        (ROWS_TURNED, "layout_uncertain"),
        (IN_A_MIRROR, "orientation_uncertain"),
        (ARMS, "layout_uncertain"),
    ],
)
def test_pages_without_names_whose_leads_look_like_others_are_refused(signs: Signs, reason: str) -> None:
    found = seen(signs) if signs is ARMS else read_as(signs)
    with pytest.raises(InputRefusedError) as caught:
        refuse_exchanged(found, layout(named=0))
    assert caught.value.reason == reason
    refuse_exchanged(found, layout(named=12))


def page(*, strip: bool = True) -> tuple[Leads, Leads]:
    """Of two hearts."""
    first, second = (
        page_of(synthesise(labels, seed=seed), np.random.default_rng(seed), strip=strip)
        for seed, labels in ((3, ()), (4, ("ST",)))
    )
    return first, second


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_row_of_another_heart_is_refused(row: int) -> None:
    own, other = page()
    places = range(4 * row, 4 * row + 4)
    traces = tuple(other.traces[k] if k in places else trace for k, trace in enumerate(own.traces))
    found = measure(replace(own, traces=traces))
    with pytest.raises(InputRefusedError) as caught:
        refuse_exchanged(found, layout(named=12))
    assert caught.value.reason == "not_one_heart"
    assert measure(own).apart == ""


def test_a_strip_or_a_column_of_another_heart_is_refused() -> None:
    own, other = page()
    strip = tuple(other.traces[k] if trace.strip else trace for k, trace in enumerate(own.traces))
    column = tuple(
        other.traces[k] if trace.start_s == 2.5 and not trace.strip else trace for k, trace in enumerate(own.traces)
    )
    for traces in (strip, column):
        assert "strip" in measure(replace(own, traces=traces)).apart


def test_limb_leads_that_do_not_add_up_are_refused() -> None:
    own, _ = page(strip=False)
    traces = tuple(replace(trace, mv=-trace.mv) if trace.lead == "II" else trace for trace in own.traces)
    assert "add up" in measure(replace(own, traces=traces)).apart
