"""Rhythms that are none of those a network was taught are told, and what they may be taken for is undecided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthesise, twelve_leads
from vizecg.spec import CODE6, Label, LabelSet
from vizecg_edge.judge.undecided import of_other_rhythm
from vizecg_edge.leads.measure import measure
from vizecg_edge.leads.measured import Interval, Measured, OtherRhythm, Sign
from vizecg_edge.leads.other_rhythm import other_rhythms
from vizecg_lab.measuring.drawn_rhythms import FAST_BPM, faster, paced
from vizecg_lab.measuring.pages import page_of

pytestmark = pytest.mark.unit

EVERY = set(CODE6.names)
OF_RHYTHM = {"1dAVb", "SB", "AF", "ST"}
OF_BREADTH = {"1dAVb", "RBBB", "LBBB"}


def signs(record: Any, seed: int = 5) -> list[Sign]:
    return [other.sign for other in measure(page_of(record, np.random.default_rng(seed))).other]


def measured(*rr_s: float, qrs_ms: float = 90.0, pr_ms: float | None = 160.0, p_share: float = 1.0) -> Measured:
    rr = rr_s or (0.8,) * 9
    return Measured(
        rate_bpm=60 / float(np.median(rr)), rr_s=rr, regular=not rr_s, irregular_share=0.0 if not rr_s else 0.6,
        p_share=p_share, pr=Interval(ms=pr_ms, uncertainty_ms=15.0), qrs=Interval(ms=qrs_ms, uncertainty_ms=15.0),
    )  # fmt: skip


@pytest.mark.parametrize("labels", [(), ("1dAVb",), ("RBBB",), ("LBBB",), ("SB",), ("AF",), ("ST",)])
@pytest.mark.parametrize("seed", [1, 2])
def test_of_the_six_and_of_none_nothing_is_told(labels: tuple[str, ...], seed: int) -> None:
    assert signs(synthesise(labels, seed=seed)) == []


@pytest.mark.parametrize("labels", [(), ("LBBB",), ("SB",)])
def test_pacing_spikes_are_seen(labels: tuple[str, ...]) -> None:
    record = paced(synthesise(labels, seed=6, sampling_rate=100.0), np.random.default_rng(6))
    assert record is not None
    assert Sign.SPIKES in signs(record)


@pytest.mark.parametrize("seed", [4, 6])
def test_fast_regular_beats_are_none_of_a_sinus_node(seed: int) -> None:
    record = faster(synthesise(seed=seed), np.random.default_rng(seed))
    assert record is not None
    found = measure(page_of(record, np.random.default_rng(seed)))
    assert found.rate_bpm is not None
    assert found.rate_bpm > 0.95 * FAST_BPM
    assert Sign.FAST in [other.sign for other in found.other]


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        (measured(qrs_ms=165.0, pr_ms=None, p_share=0.1), Sign.WIDE),
        (measured(qrs_ms=165.0, p_share=1.0), None),
        (replace(measured(qrs_ms=210.0), rate_bpm=130.0), Sign.WIDE),
        (replace(measured(qrs_ms=198.0), rate_bpm=80.0), None),
        (replace(measured(qrs_ms=215.0), rate_bpm=80.0), Sign.WIDE),
        (replace(measured(p_share=0.2), rate_bpm=36.0), Sign.SLOW),
        (replace(measured(p_share=1.0), rate_bpm=36.0), None),
        (replace(measured(), alike=0.4), Sign.UNLIKE),
        (replace(measured(), alike=0.9), None),
        (measured(qrs_ms=100.0, pr_ms=None, p_share=0.1), None),
        (measured(qrs_ms=150.0, pr_ms=100.0), Sign.SHORT_PR),
        (measured(qrs_ms=90.0, pr_ms=100.0), None),
        (measured(0.5, 1.0, 0.5, 1.0, 0.5, 1.0, 0.5), Sign.ALTERNATING),
        (measured(0.5, 0.9, 1.0, 0.6, 0.6, 0.8, 1.0), None),
        (measured(0.5, 1.0, 0.5, 1.0), None),
    ],
)
def test_signs_are_read_from_what_was_measured(found: Measured, sign: Sign | None) -> None:
    assert [other.sign for other in other_rhythms(found, ())] == ([] if sign is None else [sign])


@pytest.mark.parametrize(
    ("sign", "rate_bpm", "expected"),
    [
        (Sign.SPIKES, 70.0, EVERY),
        (Sign.WIDE, 70.0, OF_BREADTH),
        (Sign.WIDE, 40.0, EVERY),
        (Sign.WIDE, None, EVERY),
        (Sign.FAST, 180.0, OF_RHYTHM),
        (Sign.SHORT_PR, 70.0, OF_BREADTH),
        (Sign.ALTERNATING, 80.0, OF_RHYTHM),
        (Sign.SLOW, 35.0, OF_RHYTHM),
        (Sign.UNLIKE, 80.0, EVERY),
    ],
)
def test_what_another_rhythm_may_be_taken_for_is_undecided(
    sign: Sign, rate_bpm: float | None, expected: set[str]
) -> None:
    other = OtherRhythm(sign=sign, words="seen")
    found = of_other_rhythm(CODE6, Measured(rate_bpm=rate_bpm, other=(other,)))
    assert set(found) == expected
    assert {one.code for one in found.values()} == {"other_rhythm"}
    assert {one.message for one in found.values()} == {"seen"}


def test_voltages_are_decided_whatever_the_rhythm() -> None:
    labels = LabelSet(name="own", labels=(Label(name="LVH", needs_voltage=True), Label(name="VT")))
    other = OtherRhythm(sign=Sign.SPIKES, words="seen")
    assert set(of_other_rhythm(labels, Measured(other=(other,)))) == {"VT"}


def noise(seed: int, *, hertz: float) -> Any:
    """Of 0.2 mV, slow or fast, that obeys the identities of the limb leads."""
    white = np.random.default_rng(seed).normal(0.0, 1.0, (8, 4000)).astype(np.float32)
    slow = cv2.GaussianBlur(white, (0, 0), sigmaX=400 / (2 * np.pi * hertz), sigmaY=1e-3)
    return replace(synthesise(seed=seed), signal=twelve_leads(0.2 * slow / slow.std()))


@pytest.mark.parametrize("hertz", [4.0, 30.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_has_no_beats_in_common_is_no_rhythm(seed: int, hertz: float) -> None:
    found = measure(page_of(noise(seed, hertz=hertz), np.random.default_rng(seed)))
    assert Sign.UNLIKE in [other.sign for other in found.other]
    assert set(of_other_rhythm(CODE6, found)) == EVERY


@pytest.mark.parametrize("change", [paced, faster])
def test_no_rhythm_is_drawn_where_no_beat_is_found(change: Callable[..., Any]) -> None:
    record = synthesise(seed=1)
    record.signal[:] = 0.0
    assert change(record, np.random.default_rng(1)) is None
