"""How readings of pages are scored, and which pages are drawn for it."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.spec import LEADS, UsageError
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_lab.leads.design import covering, design, pairs_of
from vizecg_lab.leads.drawn_figures import drawn_figures
from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.layouts import NAMES as NAMES_OF_LAYOUTS
from vizecg_lab.leads.layouts import layout_figures
from vizecg_lab.leads.log import DoneLog
from vizecg_lab.leads.measured import measured_figures
from vizecg_lab.leads.pages import FACTORS, draw_page, layout_of
from vizecg_lab.leads.reading import Reading
from vizecg_lab.leads.score import Fault, Outcome, score, totals
from vizecg_lab.leads.signals import match_leads
from vizecg_lab.leads.strata import choose
from vizecg_lab.leads.truth import PHOTOS, WILD, PlacedLead, PrintedPage, read_truth

pytestmark = pytest.mark.unit

NAMES = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",))


def placed(names: Any = NAMES, *, shift: float = 0.0, turned: bool = False) -> tuple[PlacedLead, ...]:
    pieces = []
    for row, leads in enumerate(names):
        edges = np.linspace(100, 1100, len(leads) + 1) + shift
        for k, lead in enumerate(leads):
            start, end = (float(edges[k]), 100.0 + 100 * row), (float(edges[k + 1]), 104.0 + 100 * row)
            start, end = (end, start) if turned else (start, end)
            pieces.append(PlacedLead(lead=lead, start=start, end=end, row=row, strip=len(leads) == 1))
    return tuple(pieces)


def page(**changes: Any) -> PrintedPage:
    given = {
        "image": "a.png", "readable": True, "arrangement": "3x4", "timing": "sequential", "placed": placed(),
        "square_px": (20.0, 20.0), "speed_mm_s": 25.0, "gain_mm_mv": 10.0, "rate_bpm": 60.0, "strips": ("II",),
    }  # fmt: skip
    return PrintedPage(**{**given, **changes})


def reading(**changes: Any) -> Reading:
    given = {
        "answered": True, "layout": "3x4+R", "placed": placed(), "square_px": (20.2, 19.8), "speed_mm_s": 25.0,
        "gain_mm_mv": 10.0, "rate_bpm": 61.0,
    }  # fmt: skip
    return Reading(**{**given, **changes})


def test_a_right_reading_is_right() -> None:
    found = score(reading(), page())
    assert (found.outcome, found.places_right, found.layout_right, found.rate_right) == (
        Outcome.RIGHT,
        True,
        True,
        True,
    )
    assert found.scale_error == (0.01, -0.01)
    # Columns of another length shift the edges, not the leads.
    assert score(reading(placed=placed(shift=30.0)), page()).outcome is Outcome.RIGHT
    assert score(reading(placed=placed(shift=30.0)), page()).edge_mm == pytest.approx(7.5, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"placed": placed((("II", "aVR", "V1", "V4"), ("I", "aVL", "V2", "V5"), NAMES[2], NAMES[3]))}, Fault.LEADS),
        ({"placed": placed(turned=True)}, Fault.ORIENTATION),
        ({"placed": (*placed(), PlacedLead(lead="V1", start=(100, 900), end=(1100, 900), row=4))}, Fault.ELSEWHERE),
        ({"placed": (*placed(), placed()[-1])}, Fault.ELSEWHERE),
        ({"square_px": (20.0, 22.0)}, Fault.SCALE),
        ({"speed_mm_s": 50.0}, Fault.SPEED),
        ({"gain_mm_mv": 5.0}, Fault.GAIN),
        ({"chest_gain_mm_mv": 5.0}, Fault.GAIN),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], fault: Fault) -> None:
    found = score(reading(**changes), page())
    assert found.outcome is Outcome.SILENT
    assert fault.value in found.faults


def test_a_word_must_be_about_what_is_wrong() -> None:
    assert score(reading(gain_mm_mv=5.0, warnings=("gain_assumed",)), page()).outcome is Outcome.WARNED
    assert score(reading(gain_mm_mv=5.0, warnings=("speed_assumed",)), page()).outcome is Outcome.SILENT
    swapped = placed((("II", "aVR", "V1", "V4"), ("I", "aVL", "V2", "V5"), NAMES[2], NAMES[3]))
    assert score(reading(placed=swapped, warnings=("gain_assumed",)), page()).outcome is Outcome.SILENT
    assert score(reading(placed=swapped, warnings=("leads_uncertain",)), page()).outcome is Outcome.WARNED


def test_a_rate_is_that_of_the_beats_on_the_page() -> None:
    found = score(reading(rate_bpm=59.0), page(rate_bpm=55.0, counted_bpm=58.6))
    assert (found.rate_error, found.rate_right, found.as_printed) == (0.4, True, False)
    counted = totals([found, score(reading(rate_bpm=59.0), page(rate_bpm=58.0))])
    assert (counted["rates"], counted["rates_right"], counted["rates_as_printed"]) == (2, 2, 1)


def test_of_several_scales_that_were_tried_one_must_be_right() -> None:
    tried = ((25.0, 10.0, 10.0), (50.0, 10.0, 10.0))
    for speed, best in ((50.0, tried), (25.0, tried), (50.0, tried[::-1])):
        found = score(reading(tried=best, speed_mm_s=best[0][0]), page(speed_mm_s=speed))
        assert (found.outcome, found.scale_open) == (Outcome.RIGHT, True)
    missed = score(reading(tried=tried, warnings=("speed_assumed",)), page(speed_mm_s=12.5))
    assert (missed.outcome, missed.scale_open) == (Outcome.WARNED, False)
    assert score(reading(tried=tried), page(chest_gain_mm_mv=5.0)).outcome is Outcome.SILENT
    assert not score(reading(tried=tried[:1]), page()).scale_open


def test_what_is_not_stated_cannot_be_read_wrongly() -> None:
    assert score(reading(speed_mm_s=50.0), page(speed_mm_s=None)).outcome is Outcome.RIGHT


def test_missing_strips_and_strips_without_a_name_are_no_wrong_leads() -> None:
    found = score(reading(placed=placed(NAMES[:3]), layout="3x4"), page())
    assert (found.outcome, found.places_right, found.layout_right) == (Outcome.PARTLY, False, False)
    found = score(reading(placed=placed((*NAMES[:3], ("rhythm",)))), page())
    assert (found.outcome, found.places_right, found.unnamed) == (Outcome.RIGHT, False, 1)


def test_refusals_are_never_wrong_and_their_reason_may_be() -> None:
    refused = {"answered": False, "placed": (), "layout": None, "reasons": ("layout_uncertain",)}
    one = score(reading(**refused, message="seen: 3x4+R"), page())
    other = score(reading(**refused, message="seen: 6x2+R"), page())
    unreadable = score(reading(**refused, message=""), page(readable=False))
    assert [found.outcome for found in (one, other, unreadable)] == [Outcome.REFUSED] * 3
    assert [found.reason_right for found in (one, other, unreadable)] == [True, False, True]
    answered = score(reading(), page(readable=False))
    assert answered.outcome is Outcome.SILENT
    counted = totals([one, other, unreadable, answered])
    assert (counted["refused"], counted["wrong without a word"], counted["refused_for"]) == (
        3, 1, {"layout_uncertain": 3},
    )  # fmt: skip


def test_the_tables_tell_of_every_lead() -> None:
    wild, photos = read_truth(WILD), read_truth(PHOTOS)
    assert (len(wild), len(photos), sum(not one.readable for one in wild.values())) == (54, 38, 3)
    for one in (*wild.values(), *photos.values()):
        if not one.placed:
            assert one.ecg_id is not None or not one.readable
            continue
        rows, _, columns = one.arrangement.partition("x")
        block = [piece for piece in one.placed if not piece.strip]
        assert len(block) == int(rows) * int(columns) == len({piece.lead for piece in block}), one.image
        assert tuple(piece.lead for piece in one.placed if piece.strip) == one.strips, one.image
        assert score(reading(placed=one.placed, layout=one.name, square_px=one.square_px), one).places_right, one.image


def test_a_covering_design_has_every_pair() -> None:
    rows = covering(FACTORS, seed=3)
    names = list(FACTORS)
    wanted = {(a, x, b, y) for a, b in combinations(names, 2) for x in FACTORS[a] for y in FACTORS[b]}
    assert set().union(*(pairs_of(row, names) for row in rows)) == wanted
    assert len(rows) < 1.3 * len(FACTORS["layout"]) * len(FACTORS["pulse"])
    # More pages are the same ones, and others.
    assert design(FACTORS, count=20, seed=1) == design(FACTORS, count=120, seed=1)[:20]


def test_drawn_pages_tell_what_is_on_them() -> None:
    record = synthesise(["SB"], seed=1)
    row = {
        "layout": "R+3x4", "speed": "25", "gain": "10/5", "timing": "sequential", "order": "cabrera", "names": "above",
        "pulse": "left first", "condition": "clean",
    }  # fmt: skip
    drawn = draw_page(row, record, number=4)
    assert (drawn.page.name, drawn.page.gain_mm_mv, drawn.page.chest_gain_mm_mv) == ("3x4+R", 10.0, 5.0)
    assert {piece.lead for piece in drawn.page.placed} == set(LEADS)
    assert drawn.page.placed[0].strip
    assert drawn.page.rows == 4
    assert [piece.lead for piece in drawn.page.placed if piece.inverted] == ["aVR"]
    same = draw_page(row, record, number=4)
    assert np.array_equal(drawn.image, same.image)


def test_every_combination_fits_a_record() -> None:
    row = {"layout": "", "speed": "", "gain": "10", "timing": "", "order": "standard"}
    for name in FACTORS["layout"]:
        for speed in FACTORS["speed"]:
            for timing in FACTORS["timing"]:
                given = {**row, "layout": name, "speed": speed, "timing": timing}
                layout = layout_of(given, np.random.default_rng(1))
                boxes = layout.boxes(layout.sheet(), duration_s=10.0)
                assert layout.timing.value == timing or layout.columns == 1
                assert all(box.width_mm == pytest.approx(layout.block_mm, abs=0.2) for box in boxes if box.strip)


def test_signals_are_held_against_the_recording() -> None:
    record = synthesise(["SB"], seed=2)
    row = {
        "layout": "3x4+R", "speed": "25", "gain": "10", "timing": "sequential", "order": "standard", "names": "above",
        "pulse": "none", "condition": "clean",
    }  # fmt: skip
    drawn = draw_page(row, record, number=1)
    rate = float(record.sampling_rate)
    traces = []
    for box in drawn.boxes:
        first, last = round(box.start_s * rate), round(box.end_s * rate)
        mv = record.lead(box.lead)[first:last].astype(np.float32) + np.float32(0.01)
        traces.append(
            LeadTrace(
                lead=box.lead, start_s=box.start_s, sampling_rate=rate, mv=mv, confidence=np.ones_like(mv),
                strip=box.strip,
            )
        )  # fmt: skip
    traces[1].mv[: len(traces[1].mv) // 2] = np.nan
    matches = match_leads(Leads(traces=tuple(traces), sampling_rate=rate), record, drawn.boxes)
    assert matches[0].snr_db > 40
    assert matches[0].snr_db > matches[0].raw_snr_db
    assert matches[1].given == pytest.approx(0.5, abs=0.01)
    assert matches[1].snr_db < 10
    assert all(match.given == 0 for match in match_leads(None, record, drawn.boxes))


def test_what_is_done_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    log = DoneLog(path, about={"seed": 1})
    log.add("0", outcome="right")
    path.write_text(path.read_text() + '{"key": "1", "outc')  # stopped within a line
    again = DoneLog(path, about={"seed": 1})
    assert list(again.done) == ["0"]
    again.add("1", outcome="refused")
    assert list(DoneLog(path, about={"seed": 1}).done) == ["0", "1"]
    with pytest.raises(UsageError, match="another measurement"):
        DoneLog(path, about={"seed": 2})
    path.write_text(json.dumps({"key": "0"}) + "\n")
    with pytest.raises(UsageError):
        DoneLog(path, about={"seed": 1})


def test_chosen_records_stand_for_their_fold() -> None:
    labels = np.zeros((200, 6), int)
    labels[:4, 0] = labels[4:24, 3] = labels[2:3, 3] = 1
    entries = [SimpleNamespace(record_id=str(k), labels=row) for k, row in enumerate(labels)]
    few, more = choose(entries, 20, fold=9), choose(entries, 60, fold=9)
    assert (len(few.entries), len(more.entries)) == (20, 60)
    # The rare class is all there, and what is chosen stands for all.
    assert {entry.record_id for entry in more.entries} >= {"0", "1", "2", "3"}
    assert few.weights.sum() == pytest.approx(200)
    assert more.weights.sum() == pytest.approx(200)
    assert {entry.record_id for entry in few.entries} <= {entry.record_id for entry in more.entries}
    assert len(choose(entries, 999, fold=9).entries) == 200
    with pytest.raises(UsageError):
        choose([], 5, fold=9)


def test_layouts_are_compared_with_the_same_records_reference() -> None:
    def answer(probability: float, decision: bool | None) -> dict[str, Any]:
        return {"reasons": (), "layout": "3x4", "probabilities": [probability, 0.2], "decisions": [decision, False],
                "rate": 60.0}  # fmt: skip

    refused = {"reasons": ("low_quality",), "layout": None, "probabilities": None, "decisions": None, "rate": None}
    answers = [
        {name: answer(0.1 + 0.2 * k, k > 1) for name in NAMES_OF_LAYOUTS}
        | {"6x2": answer(0.15 + 0.2 * k, k > 0), "4x3": refused}
        for k in range(4)
    ]
    labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    figures = layout_figures(answers, labels, np.ones(4), names=("a", "b"), thresholds=(0.4, 0.4))["layouts"]
    assert figures["6x2"]["median_largest_difference"] == pytest.approx(0.05)
    assert (figures["6x2"]["decisions_changed"]["count"], figures["6x2"]["decisions_changed"]["of"]) == (1, 8)
    assert figures["6x2"]["macro"]["auroc"]["value"] == pytest.approx(0.75)
    assert figures["6x2"]["macro_minus_reference"]["auroc"]["value"] == 0.0
    assert (figures["4x3"]["answered"]["count"], figures["4x3"]["refused_for"]) == (0, {"low_quality": 4})
    assert figures["4x3"]["macro"] is None


def test_what_is_measured_on_pages_is_held_against_what_is_known() -> None:
    def one(rate: float | None, pr: list[float] | None, **changes: Any) -> dict[str, Any]:
        known = {"rate": 60.0, "pr": 160.0, "qrs": 90.0}
        return {"record": "a", "page": "12x1 photo", "reasons": [], "known": known, "rate": rate, "pr": pr,
                "qrs": [95.0, 16.0]} | changes  # fmt: skip

    done = [
        {"source": "fold", "pages": [one(61.5, None), one(64.0, None), one(None, None, reasons=["no_grid"])]},
        {"source": "fold", "pages": []},
        {"source": "synthetic", "pages": [one(60.0, [150.0, 18.0]), one(60.0, [None, None])]},
    ]
    figures = measured_figures(done)
    own = figures["pages"]["12x1 photo"]
    assert figures["left_out_since_the_detectors_disagree"] == 1
    assert (own["answered"]["count"], own["answered"]["of"], own["refused_for"]) == (4, 5, {"no_grid": 1})
    assert (own["rate_within"]["count"], own["rate_within"]["of"], len(own["wrong"])) == (3, 4, 1)
    assert own["synthetic"]["pr_ms"]["none_given_share"] == 0.5
    assert own["synthetic"]["qrs_ms"]["median_absolute_difference"] == 5.0


def test_shares_have_limits() -> None:
    assert exact(0, 4000)["high"] == pytest.approx(0.00092, abs=1e-5)
    assert exact(0, 0)["share"] is None
    row = {name: values[0] for name, values in FACTORS.items()}
    pages = [
        {
            "key": str(k), "row": row, "record": "1", "outcome": outcome.value, "places_right": True, "unnamed": 0,
            "layout_right": True, "timing_right": True, "edge_mm": 0.5, "faults": faults, "reasons": (), "signals": [],
            "rate": 60.0, "reference_rate": 61.0, "milliseconds": {"total": 100.0},
        }
        for k, (outcome, faults) in enumerate([(Outcome.RIGHT, {}), (Outcome.SILENT, {Fault.SPEED.value: "50 for 25"})])
    ]  # fmt: skip
    figures = drawn_figures(pages)
    assert figures["all"]["right"]["share"] == 0.5
    assert figures["all"]["scale_wrong_without_a_word"]["count"] == 1
    assert figures["all"]["rate"]["within_2"]["share"] == 1.0
    assert [one["page"] for one in figures["silent"]] == ["1"]
