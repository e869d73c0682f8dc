"""Pages that are spoilt or changed: what they show, which are drawn, and how an answer to them is scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vizecg.records.ptbxl import PtbxlEntry
from vizecg.records.synthetic import synthesise, true_intervals
from vizecg.spec import CODE6, LEADS, UsageError
from vizecg_lab.attacks.command import KINDS, chosen_kinds
from vizecg_lab.attacks.edges import Said
from vizecg_lab.attacks.figures import hostile_figures
from vizecg_lab.attacks.hearts import beats_of, bigeminy, fast
from vizecg_lab.attacks.kinds import Family
from vizecg_lab.attacks.patients import Patient, Patients, decided_rightly, in_turn
from vizecg_lab.attacks.plan import drawings
from vizecg_lab.attacks.score import Outcome, score
from vizecg_lab.attacks.spoilings.covered import PLACES
from vizecg_lab.attacks.spoilings.electrodes import CHEST, LIMB, chest_exchanged, limb_exchanged
from vizecg_lab.attacks.spoilings.exchanged import Rearranged
from vizecg_lab.attacks.studio import Ecg, Studio

pytestmark = pytest.mark.unit

RECORD, OTHER = (synthesise(labels, seed=4, sampling_rate=100.0) for labels in (["RBBB"], []))
RIGHT: dict[str, bool | None] = {"1dAVb": False, "RBBB": True, "LBBB": False, "SB": False, "AF": False, "ST": False}
CONTROL = Said(decisions=dict(RIGHT), doubts=("uncalibrated",), quality=0.9)


def studio(name: str = "", *, photographed: bool = False) -> Studio:
    return Studio.of(RECORD, OTHER, photographed=photographed, name=name)


def picture(kind: str, way: str, *, photographed: bool = False) -> np.ndarray:
    shown = {one.name: one for one in KINDS}[kind].picture(studio(f"{kind}/{way}", photographed=photographed), way)
    assert isinstance(shown, np.ndarray)
    return shown


def test_kinds_are_many_and_each_family_has_three_ways() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    ways = {which: sum(len(kind.ways) for kind in KINDS if kind.benign is which) for which in (False, True)}
    assert ways[False] >= 80
    assert ways[True] >= 60
    for family in Family:
        assert sum(len(kind.ways) for kind in KINDS if kind.family is family) >= 3, family


@pytest.mark.parametrize("family", Family)
def test_a_kind_is_drawn_alike_again_and_unlike_its_control(family: Family) -> None:
    kind = next(kind for kind in KINDS if kind.family is family)
    way = next(iter(kind.ways))
    first, again = (kind.picture(studio(f"{kind.name}/{way}"), way) for _ in range(2))
    if isinstance(first, bytes):
        assert first == again
        return
    assert isinstance(again, np.ndarray)
    assert np.array_equal(first, again)
    control = studio().control()
    assert first.shape != control.shape or (first != control).any()


def test_a_photograph_of_a_spoilt_page_has_the_pose_of_its_control() -> None:
    control = studio(photographed=True).control()
    covered = picture("yellow_note", "V1", photographed=True)
    assert covered.shape == control.shape
    assert 0.005 < (np.abs(covered.astype(int) - control).max(axis=2) > 30).mean() < 0.06


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["white_note", "finger", "stain"])
def test_what_covers_leads_covers_these_and_hides_their_ink(kind: str, place: str) -> None:
    leads = PLACES[place]
    page = studio().printed()
    left, top, right, bottom = page.area(*leads, strips=not leads)
    rows, columns = page.pixels((left + 8, top + 8, right - 8, bottom - 8))
    changed = (picture(kind, place) != page.image).any(axis=2)
    least = 0.25 if kind == "finger" and place == "strip" else 0.85
    assert changed[rows, columns].mean() > least
    others = [lead for lead in ("V4", "aVL") if lead not in leads]
    for lead in others:
        rows, columns = page.pixels(page.area(lead))
        assert changed[rows, columns].mean() < 0.3


def test_arm_electrodes_exchanged_turn_lead_i_over() -> None:
    plain = Ecg.of(RECORD)
    swapped = limb_exchanged(plain, "arms")
    lead = dict(zip(LEADS, swapped.signal, strict=True))
    was = dict(zip(LEADS, plain.signal, strict=True))
    np.testing.assert_allclose(lead["I"], -was["I"], atol=1e-5)
    np.testing.assert_allclose(lead["II"], was["III"], atol=1e-5)
    np.testing.assert_allclose(lead["aVR"], was["aVL"], atol=1e-5)
    np.testing.assert_allclose(lead["V1"], was["V1"], atol=1e-5)


@pytest.mark.parametrize("how", LIMB)
def test_limb_leads_hold_together_whatever_is_exchanged(how: str) -> None:
    lead = dict(zip(LEADS, limb_exchanged(Ecg.of(RECORD), how).signal, strict=True))
    np.testing.assert_allclose(lead["III"], lead["II"] - lead["I"], atol=1e-5)
    np.testing.assert_allclose(lead["aVF"], lead["II"] - lead["I"] / 2, atol=1e-5)
    if how == "right arm and right leg":
        assert np.ptp(lead["II"]) < 1e-5


def test_chest_electrodes_exchanged_move_leads_and_nothing_else() -> None:
    plain = Ecg.of(RECORD)
    swapped = chest_exchanged(plain, "V1 V6")
    assert np.array_equal(swapped.signal[6], plain.signal[11])
    assert np.array_equal(swapped.signal[:6], plain.signal[:6])
    for order in CHEST.values():
        assert sorted(order) == [1, 2, 3, 4, 5, 6]


def test_rows_exchanged_with_their_names_say_which_lead_is_where() -> None:
    layout = Rearranged(row_order=(1, 0, 2))
    boxes = layout.boxes(layout.sheet(), duration_s=10.0)
    assert [box.lead for box in boxes[:4]] == ["II", "aVL", "V2", "V5"]
    assert boxes[-1].lead == "II"
    assert boxes[-1].strip


def test_names_that_stay_stand_over_other_leads() -> None:
    """The page differs from the one whose names went along in its names alone."""
    lying, told = picture("rows_exchanged_under_names", "2 1 3"), picture("rows_exchanged_with_names", "2 1 3")
    page = studio().printed()
    different = (lying != told).any(axis=2)
    assert different.any()
    rows, columns = page.pixels(page.area("III"))
    assert not different[rows, columns].any()
    assert different.mean() < 0.002


@pytest.mark.parametrize(("bpm", "broad"), [(150.0, False), (213.0, False), (160.0, True)])
def test_fast_rhythms_have_their_rate(bpm: float, broad: bool) -> None:
    ecg = fast(np.random.default_rng(2), bpm, broad=broad, sampling_rate=500.0)
    intervals = np.diff(beats_of(ecg))
    assert 60 / np.median(intervals) == pytest.approx(bpm, rel=0.03)


def test_pairs_of_beats_come_by_turns() -> None:
    gaps = np.diff(beats_of(bigeminy(np.random.default_rng(2), 60.0, sampling_rate=500.0)))
    assert gaps.max() / gaps.min() > 1.5


def test_beats_are_found_where_they_were_drawn() -> None:
    onsets = [onset for onset in true_intervals(["RBBB"], seed=4).onsets_s if 0.2 < onset < 9.7]
    found = beats_of(Ecg.of(RECORD).at(500.0))
    assert all(min(abs(onset - beat) for beat in found) < 0.08 for onset in onsets)
    assert len(found) <= len(onsets) + 2


def test_a_whole_plan_has_every_way_of_every_record_once() -> None:
    kinds = KINDS[:5]
    plan = drawings(kinds, records=3)
    seen = {(one.kind.name, one.way, one.record) for one in plan}
    assert len(seen) == len(plan) == 3 * sum(len(kind.ways) for kind in kinds)
    assert {one.photographed for one in plan} == {False, True}


def test_a_sample_has_all_kinds_alike() -> None:
    plan = drawings(KINDS, records=20, sample=3 * len(KINDS))
    for kind in KINDS:
        own = [one for one in plan if one.kind is kind]
        assert len(own) == 3
        assert len({one.way for one in own}) == min(3, len(kind.ways))
    shown = [one.photographed for one in plan]
    assert 0.4 < sum(shown) / len(shown) < 0.6


@pytest.mark.parametrize(
    ("said", "outcome", "turned"),
    [
        (Said(reasons=("no_heartbeat",)), Outcome.REFUSED, ()),
        (CONTROL, Outcome.ALIKE, ()),
        (Said(decisions={**RIGHT, "RBBB": None}, undecided={"RBBB": "leads_missing"}), Outcome.UNDECIDED, ()),
        (Said(decisions={**RIGHT, "AF": True}, doubts=("gain_assumed",)), Outcome.WARNED, ("+AF",)),
        (Said(decisions={**RIGHT, "RBBB": False}, doubts=("uncalibrated",)), Outcome.SILENT, ("-RBBB",)),
        (Said(decisions={**RIGHT, "RBBB": False, "ST": None}), Outcome.WARNED, ("-RBBB",)),
    ],
)
def test_an_answer_is_held_against_the_control(said: Said, outcome: Outcome, turned: tuple[str, ...]) -> None:
    found = score(said, CONTROL)
    assert (found.outcome, found.turned) == (outcome, turned)


def test_another_heart_may_lose_a_diagnosis_and_gain_none() -> None:
    lost = {**RIGHT, "RBBB": False}
    gained = {**lost, "LBBB": True}
    assert score(Said(decisions=lost), CONTROL, other_heart=True).outcome is Outcome.ALIKE
    assert score(Said(decisions=gained), CONTROL, other_heart=True).turned == ("+LBBB",)
    assert score(CONTROL, CONTROL, other_heart=True).turned == ("+RBBB",)


def page(kind: str, outcome: Outcome, *, benign: bool = False, told: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "kind": kind, "family": Family.PRINT.value if benign else Family.FADED.value, "way": "1", "benign": benign,
        "photographed": False, "outcome": outcome.value, "turned": ["+AF"] if outcome is Outcome.SILENT else [],
        "told": list(told), "reasons": ["faded"] if outcome is Outcome.REFUSED else [],
    }  # fmt: skip


def test_shares_are_averaged_by_kind_and_the_worst_is_named() -> None:
    pages = [page("a", Outcome.SILENT)] + 3 * [page("a", Outcome.REFUSED)] + 12 * [page("b", Outcome.ALIKE)]
    figures = hostile_figures([*pages, page("b", Outcome.WARNED, told=("gain_assumed",))])
    spoiled = figures["spoiled"]
    assert spoiled["silent_by_kind"] == pytest.approx((0.25 + 0) / 2)
    assert spoiled["silent"]["share"] == pytest.approx(1 / 17, abs=1e-4)
    assert spoiled["changed_with_a_word"]["count"] == 1
    assert spoiled["kinds_above_bar"] == ["a"]
    assert spoiled["by_kind"]["a"]["refused_for"] == {"faded": 3}
    assert figures["bars"]["silent_by_kind"] is False
    assert figures["bars"]["benign_answered"] is None


def test_benign_pages_must_be_answered_alike_and_without_a_word() -> None:
    pages = 98 * [page("c", Outcome.ALIKE, benign=True)] + 2 * [page("c", Outcome.REFUSED, benign=True)]
    assert hostile_figures(pages)["bars"] == {
        "silent_by_kind": None, "no_kind_above": None, "benign_answered": True, "benign_changed": True,
        "benign_warned": True,
    }  # fmt: skip
    warned = hostile_figures([*pages, *3 * [page("c", Outcome.ALIKE, benign=True, told=("gain_assumed",))]])
    assert warned["bars"]["benign_warned"] is False
    opened = hostile_figures([*pages, *3 * [page("c", Outcome.UNDECIDED, benign=True, told=("near_threshold",))]])
    assert opened["bars"]["benign_warned"] is True
    assert opened["benign"]["undecided"]["count"] == 3


def test_only_records_that_are_decided_rightly_are_drawn() -> None:
    assert decided_rightly(RECORD, lambda record, photographed: CONTROL) is not None
    wrong = Said(decisions={**RIGHT, "AF": True})
    assert decided_rightly(RECORD, lambda record, photographed: wrong if photographed else CONTROL) is None
    assert decided_rightly(RECORD, lambda record, photographed: Said(reasons=("no_grid",))) is None


def test_classes_come_in_turn_and_none_comes_twice() -> None:
    """However rare they are."""
    shown = [*[()] * 40, *[("AF",)] * 6, *[("RBBB", "SB")] * 2, ("1dAVb",)]
    entries = [
        PtbxlEntry(ecg_id=k, patient_id=None, fold=9, labels=CODE6.vector(labels), filename="")
        for k, labels in enumerate(shown)
    ]
    found = in_turn(entries, 9)
    assert sorted(shown[entry.ecg_id] for entry in found[:5]) == [(), (), ("1dAVb",), ("AF",), ("RBBB", "SB")]
    assert sorted(entry.ecg_id for entry in found) == list(range(len(entries)))


def test_the_other_patient_has_other_labels() -> None:
    same = synthesise(["RBBB"], seed=5, sampling_rate=100.0)
    who = Patients(
        chosen=tuple(Patient(record=one, flat=CONTROL, photo=CONTROL) for one in (RECORD, same, OTHER)), tried=3
    )
    assert who.other(0) is OTHER
    assert who.other(2) is RECORD
    assert who.by_class(tuple(RIGHT))["RBBB"] == 2
    assert who.by_class(tuple(RIGHT))["none"] == 1


def test_kinds_are_chosen_by_name_or_family() -> None:
    assert [kind.name for kind in chosen_kinds(["finger"])] == ["finger"]
    assert {kind.family for kind in chosen_kinds(["faded ink"])} == {Family.FADED}
    with pytest.raises(UsageError, match="unknown kind 'fingers'"):
        chosen_kinds(["fingers"])
