"""Slow and fast by limits of one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vizecg.spec import CODE6, LabelSet, UsageError
from vizecg_edge.answer import NEAR_THRESHOLD, Answer, BundleId, Input, Undecided
from vizecg_edge.judge.rate_limits import RateLimits, with_rate_limits
from vizecg_edge.leads.measured import Measured

pytestmark = pytest.mark.unit

GUIDELINE = RateLimits(slow_bpm=60, fast_bpm=100)


def sinus(rate: float) -> Measured:
    return Measured(
        rate_bpm=rate, rate_low_bpm=rate, rate_high_bpm=rate, beats=8, rr_s=(60 / rate,) * 7, regular=True, p_share=1.0,
        sinus=True,
    )  # fmt: skip


def said(measured: Measured | None, **present: float) -> Answer:
    """An answer of a network that gives these labels a probability, and the others 0.02."""
    probabilities = dict.fromkeys(CODE6.names, 0.02) | present
    return Answer(
        input=Input(path="ecg.jpg"), status="answered", measured=measured,
        bundle=BundleId(name="b", sha256="0", artefact="a", backend="c"),
        probabilities=probabilities, thresholds=dict.fromkeys(CODE6.names, 0.5),
        decisions={name: value >= 0.5 for name, value in probabilities.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "present", "slow", "fast"),
    [
        (55.0, {}, True, False),
        (66.0, {}, False, False),
        (104.0, {}, False, True),
        (70.0, {"SB": 0.6}, None, False),  # the network's own limit, 60, says it cannot be
        (45.0, {}, None, False),  # nor can a rate of 45 be no bradycardia
        (55.0, {"SB": 0.9}, True, False),
        (59.0, {}, None, False),
    ],
)
def test_the_measured_rate_decides(rate: float, present: dict[str, float], slow: bool | None, fast: bool) -> None:
    network = said(sinus(rate), **present)
    if slow is None and abs(rate - 60) > 2:
        why = {"SB": Undecided(code="contradicted", message="it measures otherwise")}
        network = replace(network, decisions={**(network.decisions or {}), "SB": None}, undecided=why)
    found = with_rate_limits(network, CODE6, GUIDELINE)
    assert found.decisions is not None
    assert (found.decisions["SB"], found.decisions["ST"]) == (slow, fast)
    assert found.probabilities == network.probabilities
    assert set(found.undecided) == {name for name, decision in found.decisions.items() if decision is None}
    assert found.rate_limits_bpm == (60, 100)
    assert ("SB" in found.by_rate) == (slow is not None)


def test_what_decided_is_told() -> None:
    found = with_rate_limits(said(sinus(55.0)), CODE6, GUIDELINE)
    assert "SB PRESENT by the measured rate: 55 beats a minute, below the limit of 60." in found.to_text()
    assert found.to_dict()["by_rate"]["ST"].endswith("below the limit of 100")
    assert found.headline == "Found: sinus bradycardia (SB)"
    assert {"by_rate", "rate_limits_bpm"} & set(found.to_dict(schema=1)) == set()
    near = with_rate_limits(said(sinus(99.0)), CODE6, GUIDELINE)
    assert near.undecided["ST"].code == "near_rate_limit"
    assert "ST undecided: 99 beats a minute are too near to the limit of 100" in near.to_text()


def test_a_threshold_that_is_near_does_not_matter_where_the_rate_is_certain() -> None:
    network = said(sinus(50.0))
    near = replace(network, decisions={**(network.decisions or {}), "SB": None}, undecided={"SB": NEAR_THRESHOLD})
    found = with_rate_limits(near, CODE6, GUIDELINE)
    assert (found.decisions or {})["SB"] is True
    assert found.undecided == {}


def test_reasons_that_concern_the_rate_stay() -> None:
    why = Undecided(code="other_rhythm", message="paced")
    network = said(sinus(55.0))
    paced = replace(network, decisions={**(network.decisions or {}), "SB": None}, undecided={"SB": why})
    found = with_rate_limits(paced, CODE6, GUIDELINE)
    assert found.undecided == {"SB": why}


@pytest.mark.parametrize(
    ("measured", "present", "slow", "fast"),
    [
        (None, {}, None, None),
        (Measured(), {}, None, None),
        # Of whatever rhythm, 80 a minute is neither.
        (Measured(rate_bpm=80.0), {}, False, False),
        # 55 a minute, and nothing is known of the rhythm: it may be sinus bradycardia, by this limit.
        (Measured(rate_bpm=55.0), {}, None, False),
        (Measured(rate_bpm=45.0), {"SB": 0.8}, True, False),
        (Measured(rate_bpm=45.0), {"AF": 0.8}, False, False),
        (Measured(rate_bpm=80.0), {"ST": 0.8}, False, None),
        (None, {"AF": 0.8}, False, False),
    ],
)
def test_without_a_certain_rate_what_it_would_decide_stays_open(
    measured: Measured | None, present: dict[str, float], slow: bool | None, fast: bool | None
) -> None:
    found = with_rate_limits(said(measured, **present), CODE6, GUIDELINE)
    assert found.decisions is not None
    assert (found.decisions["SB"], found.decisions["ST"]) == (slow, fast)
    assert found.by_rate == {}
    assert {why.code for why in found.undecided.values()} <= {"rate_not_measured"}


def test_bundles_of_before_labels_had_limits_are_decided_alike() -> None:
    bare = replace(CODE6, labels=tuple(replace(label, limits=None) for label in CODE6.labels))
    found = with_rate_limits(said(Measured(rate_bpm=120.0), AF=0.8), bare, GUIDELINE)
    assert found.undecided == {}


@pytest.mark.parametrize("text", ["60", "60,", "100,60", "60,100,120", "slow,fast", "nan,100", "5,100", "60,60"])
def test_limits_that_are_none_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"rate limits .*: expected two rates") as told:
        RateLimits.parse(text)
    assert "\n" not in str(told.value)


def test_a_network_without_labels_of_a_rate_is_told() -> None:
    RateLimits.parse("50,100").check(CODE6)
    with pytest.raises(UsageError, match="none of LVH, VEB is a label of a sinus rhythm's rate"):
        RateLimits.parse("50,100").check(LabelSet.of_names(("LVH", "VEB")))
