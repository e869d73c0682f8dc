"""Rate, rhythm and intervals of pages whose hearts are known, and what they say against a network's decisions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records.synthetic import synthesise, true_intervals
from vizecg.spec import CODE6, Label, LabelSet, UsageError
from vizecg.spec.code6 import with_limits
from vizecg.spec.labels import Limits
from vizecg_edge.answer import Answer, BundleId, Geometry, Input, Undecided
from vizecg_edge.judge.evidence import contradictions
from vizecg_edge.judge.undecided import near_at_another_scale, rate_not_named
from vizecg_edge.leads.beats import find_runs
from vizecg_edge.leads.layout import Timing
from vizecg_edge.leads.measure import LONGEST_QRS_MS, measure, measure_all
from vizecg_edge.leads.measured import Interval, Measured
from vizecg_edge.leads.paper import at_speed, try_speeds
from vizecg_edge.leads.signals import Leads
from vizecg_lab.measuring.pages import page_of

pytestmark = pytest.mark.unit

ABSENT = dict.fromkeys(CODE6.names, False)
CLEAR = dict.fromkeys(CODE6.names, 3.0)
SLOW = Measured(
    rate_bpm=44.0, rate_low_bpm=43.0, rate_high_bpm=46.0, beats=7, rr_s=(1.36,) * 6, regular=True, p_share=1.0,
    sinus=True, pr=Interval(ms=250.0, uncertainty_ms=18.0, leads=12, beats=7), leads=("I", "II"),
)  # fmt: skip


def page(*labels: str, seed: int = 7, strip: bool = True, timing: Timing = Timing.SEQUENTIAL) -> Leads:
    return page_of(synthesise(labels, seed=seed), np.random.default_rng(seed), strip=strip, timing=timing)


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("labels", [(), ("1dAVb",), ("RBBB",), ("SB",), ("RBBB", "SB")])
def test_what_is_measured_is_what_was_drawn(labels: tuple[str, ...], strip: bool) -> None:
    known = true_intervals(labels, seed=7)
    found = measure(page(*labels, strip=strip))
    onsets = np.array([at for at in known.onsets_s if 0.2 < at < 9.8])
    assert found.rate_bpm == pytest.approx(60 / np.median(np.diff(onsets)), abs=tolerance("rate-bpm"))
    assert found.sinus
    assert found.p_share is not None
    assert found.p_share > 0.9
    assert found.pr.ms == pytest.approx(known.pr_ms, abs=tolerance("pr-ms"))
    if strip:  # without one, columns are laid on each other less well, which widens a broad QRS
        assert found.qrs.ms == pytest.approx(known.qrs_ms, abs=tolerance("qrs-ms"))


def test_fibrillation_is_irregular_without_p_waves() -> None:
    found = measure(page("AF"))
    assert (found.regular, found.sinus, found.pr.ms) == (False, False, None)
    assert "no P wave" in found.pr.reason
    assert found.qrs.ms is not None


def test_a_beat_where_columns_meet_is_counted_once() -> None:
    assert abs(measure(page(strip=False)).beats - measure(page()).beats) <= 1


def test_without_known_timing_columns_stand_alone() -> None:
    found = measure(page(strip=False, timing=Timing.UNKNOWN))
    assert found.rate_bpm == pytest.approx(measure(page()).rate_bpm, rel=0.05)


def test_a_strip_tells_that_columns_go_on_in_time() -> None:
    known, unknown = page(), page(timing=Timing.UNKNOWN)
    assert len(find_runs(unknown)) == 1
    assert measure(unknown).beat_times_s == measure(known).beat_times_s
    # A name that was taken for the strip's beginning is no beat where the columns beside it show none.
    strip = unknown.traces[-1]
    strip.mv[12:18] += np.float32(1.2)
    assert measure(unknown).rate_bpm == pytest.approx(measure(known).rate_bpm, abs=tolerance("rate-bpm"))
    assert measure(unknown).beats == measure(known).beats
    # Columns that begin together show the strip's beats at other times.
    first = known.traces[0].mv
    together = [trace if trace.strip else replace(trace, mv=first) for trace in known.traces]
    assert len(find_runs(replace(unknown, traces=tuple(together)))) > 1


def test_the_foot_of_a_rule_at_the_end_of_a_trace_is_no_beat() -> None:
    leads = page("SB", seed=8)
    expected = measure(leads)
    foot = leads.traces[2]
    foot.mv[:11] = -4.3
    foot.confidence[:10] = 0.3
    found = measure(leads)
    assert found.beats == expected.beats
    assert found.rate_bpm == pytest.approx(expected.rate_bpm, abs=tolerance("rate-bpm"))


def with_bump(leads: Leads, at_s: float, *, mv: float, sd_s: float, strips: bool) -> Leads:
    """A bump in what is printed at a time, in the columns alone or in the strips too."""
    traces = []
    for trace in leads.traces:
        times = trace.start_s + np.arange(len(trace.mv)) / trace.sampling_rate
        bump = mv * np.exp(-0.5 * ((times - at_s) / sd_s) ** 2) * (strips or not trace.strip)
        traces.append(replace(trace, mv=(trace.mv + bump).astype(np.float32)))
    return replace(leads, traces=tuple(traces))


def test_what_stands_between_two_beats_and_is_not_as_steep_is_none() -> None:
    leads = page("SB", seed=8)
    expected = measure(leads)
    first, second = expected.beat_times_s[3:5]
    middle = 0.5 * (first + second)
    for other in (
        with_bump(leads, middle, mv=1.5, sd_s=0.02, strips=False),
        with_bump(leads, first + 0.35 * (second - first), mv=0.5, sd_s=0.04, strips=True),
    ):
        found = measure(other)
        assert (found.beats, found.regular) == (expected.beats, True)
        assert found.rate_bpm == pytest.approx(expected.rate_bpm, abs=tolerance("rate-bpm"))
    extra = measure(with_bump(leads, middle, mv=1.5, sd_s=0.02, strips=True))
    assert (extra.beats, extra.regular) == (expected.beats + 1, False)


def test_what_the_end_of_the_page_cuts_is_no_early_beat() -> None:
    leads = page("SB", seed=10)  # whose last beat is half an interval before the end
    expected = measure(leads)
    cut = with_bump(leads, 10.0, mv=1.5, sd_s=0.03, strips=True)
    assert len(find_runs(cut)[0].times_s) == expected.beats + 1
    found = measure(cut)
    assert (found.beats, found.rate_low_bpm, found.rate_high_bpm) == (
        expected.beats, expected.rate_low_bpm, expected.rate_high_bpm,
    )  # fmt: skip


def test_beats_that_are_not_alike_give_no_rate() -> None:
    leads = page()
    rng = np.random.default_rng(3)
    noise = tuple(replace(trace, mv=np.zeros_like(trace.mv)) for trace in leads.traces)
    noise_page = replace(leads, traces=noise)
    for at in (0.5, 1.1, 2.0, 2.4, 3.5, 4.6, 5.0, 6.2, 7.1, 7.5, 8.6, 9.4):
        mv, sd_s = rng.choice([-1, 1]) * rng.uniform(0.5, 1), rng.uniform(0.01, 0.04)
        noise_page = with_bump(noise_page, at, mv=mv, sd_s=sd_s, strips=True)
    found = measure(noise_page)
    assert (found.rate_bpm, found.pr.ms, found.qrs.ms) == (None, None, None)
    assert "not alike" in found.reason


def test_durations_that_no_reader_would_give_are_left_out() -> None:
    leads = page("LBBB", "SB", seed=8)  # its QRS runs into the T wave
    told, every = measure(leads), measure_all(leads)
    assert every.qrs.ms is not None
    assert every.qrs.ms > LONGEST_QRS_MS > true_intervals(("LBBB", "SB"), seed=8).qrs_ms
    assert (told.qrs.ms, told.pr.ms) == (None, None)
    assert not told.sinus
    assert "not told from the T wave" in told.qrs.reason
    assert (told.rate_bpm, told.qt.ms) == (every.rate_bpm, every.qt.ms)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_what_shows_no_beats_gives_a_reason(value: float) -> None:
    leads = page()
    empty = tuple(replace(trace, mv=np.full_like(trace.mv, value)) for trace in leads.traces)
    for seen in (replace(leads, traces=empty), replace(leads, traces=())):
        found = measure(seen)
        assert found.rate_bpm is None
        assert found.reason
        assert all(one.ms is None and one.reason for one in (found.pr, found.qrs, found.qt))


def test_covered_stretches_change_no_rate() -> None:
    leads = page()
    covered = tuple(replace(trace, mv=trace.mv.copy()) for trace in leads.traces)
    for trace in covered:
        trace.mv[200:280] = np.nan
    assert measure(replace(leads, traces=covered)).rate_bpm == pytest.approx(measure(leads).rate_bpm, abs=2)


def test_a_speed_that_no_heart_has_is_told() -> None:
    fast = at_speed(page("SB"), 100.0)
    tried = {one.speed_mm_s: one for one in try_speeds(page("ST"))}
    assert tried[25.0].likely
    assert not tried[100.0].likely
    assert tried[25.0].beat_mm == pytest.approx(tried[25.0].rate_bpm and 1500 / tried[25.0].rate_bpm)
    assert fast.traces[0].duration_s == pytest.approx(2.5 / 4)


def test_a_certain_measurement_contradicts_and_nothing_else_does() -> None:
    found = contradictions(SLOW, ABSENT, CODE6, CLEAR)
    assert [one.label for one in found] == ["1dAVb", "SB"]
    assert "44 beats a minute" in found[1].message
    assert contradictions(SLOW, ABSENT | {"1dAVb": None, "SB": True}, CODE6, CLEAR) == ()
    for unsure in ({"sinus": False}, {"regular": False}, {"p_share": 0.8}, {"rr_s": (1.36, 1.36)}, {"sinus": None}):
        assert contradictions(replace(SLOW, **unsure), ABSENT, CODE6, CLEAR) == ()
    spread = replace(SLOW, pr=replace(SLOW.pr, uncertainty_ms=40.0))
    assert [one.label for one in contradictions(spread, ABSENT, CODE6, CLEAR)] == ["SB"]


@pytest.mark.parametrize(("rate", "label"), [(60.0, "SB"), (94.0, "ST"), (55.0, "AF"), (102.0, "AF")])
def test_a_rate_contradicts_what_is_present(rate: float, label: str) -> None:
    measured = replace(SLOW, rate_bpm=rate, pr=Interval(reason="none"))
    assert [one.label for one in contradictions(measured, ABSENT | {label: True}, CODE6, CLEAR)] == [label]


@pytest.mark.parametrize(
    ("label", "decision", "distance", "pr_ms", "rate", "expected"),
    [
        ("1dAVb", False, -0.5, 208.0, 70.0, True),
        ("1dAVb", False, -2.0, 208.0, 70.0, False),
        ("1dAVb", True, 0.5, 192.0, 70.0, True),
        ("1dAVb", True, 0.5, 208.0, 70.0, False),
        ("ST", False, -0.5, 150.0, 104.0, True),
        ("ST", True, 0.5, 150.0, 104.0, False),
    ],
)
def test_the_criterion_is_held_against_a_network_that_is_hardly_clear(
    label: str, decision: bool, distance: float, pr_ms: float, rate: float, expected: bool
) -> None:
    measured = replace(SLOW, rate_bpm=rate, pr=replace(SLOW.pr, ms=pr_ms))
    found = contradictions(measured, ABSENT | {label: decision}, CODE6, CLEAR | {label: distance})
    assert [one.label for one in found] == ([label] if expected else [])


@pytest.mark.parametrize(("qrs", "expected"), [((96.0, 18.0), True), ((96.0, 40.0), False), ((118.0, 18.0), False)])
def test_a_block_with_a_narrow_qrs_is_left_open(qrs: tuple[float, float], expected: bool) -> None:
    measured = replace(SLOW, sinus=False, regular=False, qrs=Interval(ms=qrs[0], uncertainty_ms=qrs[1]))
    found = contradictions(measured, ABSENT | {"RBBB": True}, CODE6, CLEAR)
    assert [one.message for one in found] == (['the model says "present", but QRS measures 96 ms'] if expected else [])


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ((0.8,) * 8, True),
        ((0.8, 0.8, 1.6, 0.79, 0.81, 2.4, 0.8, 0.82), True),
        ((0.8, 0.7, 0.9, 0.78, 0.95, 0.8, 0.66, 0.82), False),
        ((0.8,) * 3, False),
    ],
    ids=["like a clock", "beats not seen", "irregular", "too few"],
)
def test_beats_as_even_as_a_clocks_are_no_fibrillation(intervals: tuple[float, ...], expected: bool) -> None:
    """Flutter with a fixed block has no P waves, and is taken for AF; so is a lead that was lost for a time."""
    measured = replace(SLOW, rate_bpm=75.0, sinus=False, p_share=0.1, rr_s=intervals)
    found = contradictions(measured, ABSENT | {"AF": True}, CODE6, CLEAR)
    assert [one.label for one in found] == (["AF"] if expected else [])
    assert not found or "are alike" in found[0].message
    assert contradictions(measured, ABSENT, CODE6, CLEAR) == ()


@pytest.mark.parametrize(
    ("rate", "present", "label"),
    [
        (135.0, {}, "ST"),
        (135.0, {"AF": True}, None),
        (135.0, {"AF": None}, None),
        (101.0, {}, None),
        (48.0, {}, "SB"),
        (48.0, {"SB": True}, None),
        (70.0, {}, None),
    ],
)
def test_a_rate_that_no_rhythm_was_found_for_leaves_its_label_open(
    rate: float, present: dict[str, bool | None], label: str | None
) -> None:
    """Whatever the rhythm is: flutter has no P waves, and is not regular always."""
    measured = replace(SLOW, rate_bpm=rate, sinus=False, regular=False, p_share=0.3)
    found = rate_not_named(CODE6, measured, ABSENT | present)
    assert list(found) == ([] if label is None else [label])
    assert not found or f"{rate:.0f} beats a minute" in next(iter(found.values())).message
    assert rate_not_named(CODE6, replace(measured, rr_s=measured.rr_s[:3]), ABSENT) == {}


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (Geometry(speed_mm_s=25.0, gain_mm_mv=10.0, chest_gain_mm_mv=10.0), []),
        (Geometry(), []),
        (Geometry(speed_mm_s=25.0, gain_mm_mv=10.0, chest_gain_mm_mv=5.0), ["RBBB"]),
        (Geometry(speed_mm_s=25.0, gain_mm_mv=20.0, chest_gain_mm_mv=20.0), ["RBBB"]),
        (Geometry(speed_mm_s=12.5, gain_mm_mv=10.0, chest_gain_mm_mv=10.0), ["RBBB", "AF"]),
    ],
)
def test_pages_at_another_scale_are_decided_further_from_the_threshold(geometry: Geometry, expected: list[str]) -> None:
    distances = CLEAR | {"RBBB": -0.5, "AF": 1.5}
    found = near_at_another_scale(geometry, distances)
    assert list(found) == expected
    assert {one.code for one in found.values()} <= {"near_threshold"}


def test_limits_travel_with_labels_and_old_sets_get_those_of_today() -> None:
    told = json.loads(json.dumps(CODE6.to_dict()))
    assert [label.limits for label in LabelSet.from_dict(told).labels] == [label.limits for label in CODE6.labels]
    for label in told["labels"]:
        label.pop("limits", None)
    old = LabelSet.from_dict(told)
    assert old == CODE6
    assert with_limits(old).labels[3].limits == Limits(quantity="sinus_rate_bpm", present_below=50, absent_from=60)
    for label in told["labels"]:
        label["limits"] = {"quantity": "sinus_rate_bpm", "absent_from": 200.0}
    assert with_limits(LabelSet.from_dict(told)).labels[0].limits == Limits(quantity="sinus_rate_bpm", absent_from=200)
    own = LabelSet(name="own", labels=(Label(name="SB"),))
    assert contradictions(SLOW, {"SB": False}, own, CLEAR) == ()
    with pytest.raises(ValueError, match="expected one of sinus_rate_bpm, pr_ms, qrs_ms"):
        Limits(quantity="qt")
    with pytest.raises(ValueError, match="beyond a limit"):
        Limits(quantity="pr_ms", present_from=230, criterion=240)
    with pytest.raises(ValueError, match="contradict each other"):
        Limits(quantity="pr_ms", present_from=100, absent_below=200)


def test_an_answer_tells_what_was_measured_and_why_it_is_undecided() -> None:
    answer = Answer(
        input=Input(path="ecg.jpg"), status="answered",
        bundle=BundleId(name="b", sha256="0", artefact="a", backend="c"),
        probabilities=dict.fromkeys(CODE6.names, 0.1), thresholds=dict.fromkeys(CODE6.names, 0.5),
        decisions=ABSENT | {"SB": None}, undecided={"SB": Undecided(code="contradicted", message="the rate is 44")},
        measured=SLOW,
    )  # fmt: skip
    text = answer.to_text()
    assert "rate 44 (43-46) a minute, regular; PR 250 +-18 ms (measured)" in text
    assert "SB undecided: the rate is 44" in text
    told = json.loads(json.dumps(answer.to_dict()))
    assert told == answer.to_dict()
    assert (told["undecided"]["SB"]["code"], told["measured"]["pr"]["ms"]) == ("contradicted", 250.0)
    before = answer.to_dict(schema=1)
    newer = {"undecided", "by_rate", "rate_limits_bpm", "measured"}
    assert (before["schema_version"], set(told) - set(before)) == (1, newer)
    assert (told["bundle"]["origin"], set(told["bundle"]) - set(before["bundle"])) == ("not_checked", {"origin"})
    with pytest.raises(UsageError, match="schema 3: expected 1 or 2"):
        answer.to_dict(schema=3)
