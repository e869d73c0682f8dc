"""Pages of one record that are read together: limb leads on one, chest leads on the other, one answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, LeadGroup, PrintStyle, photograph, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import LEADS, UsageError
from vizecg_edge import Answer, Reader
from vizecg_edge.answer import BundleId, Geometry, Input, Timings
from vizecg_edge.cli import app
from vizecg_edge.leads.joined import BETWEEN_S, joined
from vizecg_edge.leads.layout import Timing
from vizecg_edge.leads.signals import Leads, LeadTrace

pytestmark = pytest.mark.unit

SLOW, FAST = synthesise(["SB"], seed=8), synthesise(["ST"], seed=8)


def page(group: LeadGroup, *, speed: float = 25.0, gain: float = 10.0, fast: bool = False) -> np.ndarray:
    layout = Layout.named("6x1", group=group, speed_mm_s=speed, gain_mm_mv=gain)
    layout = replace(layout, column_mm=240.0)
    spec = layout.sheet(px_per_mm=6.0)
    style = PrintStyle(palette="pink", trace_mm=0.35, pulse=Pulse.LEFT)
    sheet = render_sheet(FAST if fast else SLOW, style=style, layout=layout, spec=spec)
    rng = np.random.default_rng(3)
    return photograph(sheet.image, rng=rng, spec=spec, strength=0.2, width_px=(1700, 1750)).image


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


@pytest.fixture(scope="module")
def limb() -> np.ndarray:
    return page(LeadGroup.LIMB)


@pytest.fixture(scope="module")
def chest() -> np.ndarray:
    return page(LeadGroup.CHEST)


@pytest.fixture(scope="module")
def answer(reader: Reader, limb: np.ndarray, chest: np.ndarray) -> Answer:
    return reader.read_pages([limb, chest])


def test_limb_and_chest_page_are_one_record(reader: Reader, answer: Answer, limb: np.ndarray) -> None:
    assert answer.answered, answer.messages
    assert answer.decisions is not None
    sheet = render_sheet(SLOW, style=PrintStyle(palette="pink", trace_mm=0.35), layout=Layout(row_spacing_mm=32.0))
    assert answer.decisions == reader.read(sheet.image).decisions
    assert answer.measured is not None
    assert answer.measured.rate_bpm == pytest.approx(53, abs=1)
    assert not [one for one in answer.undecided.values() if one.code == "leads_missing"]
    assert answer.leads is not None
    assert [trace.lead for trace in answer.leads.traces] == list(LEADS)
    assert answer.geometry.layout == "6x1 and 6x1"
    assert (answer.geometry.speed_mm_s, answer.geometry.gain_mm_mv) == (25.0, 10.0)
    assert [(piece.name, piece.page) for piece in answer.geometry.pieces] == [
        (lead, 1 + (lead.startswith("V"))) for lead in LEADS
    ]
    sizes = [(one.height, one.width) for one in answer.input.pages]
    assert (sizes[0], len(sizes), answer.input.width) == (limb.shape[:2], 2, None)
    assert json.loads(json.dumps(answer.to_dict()))["input"]["pages"][1]["path"] == "array"
    assert "array and array" in answer.to_text()
    assert np.asarray(answer.overlay()).shape[1] == 1240


def test_no_interval_is_seen_across_pages(answer: Answer) -> None:
    assert answer.measured is not None
    assert answer.measured.rate_bpm is not None
    assert answer.measured.rate_bpm == pytest.approx(60 / np.median(answer.measured.rr_s), abs=0.1)
    gaps = np.diff(answer.measured.beat_times_s)
    assert len(answer.measured.rr_s) == len(gaps) - 1
    assert max(gaps) > BETWEEN_S
    assert max(answer.measured.rr_s) < 1.8


def test_the_order_of_pages_makes_no_difference(
    reader: Reader, answer: Answer, limb: np.ndarray, chest: np.ndarray
) -> None:
    other = reader.read_pages([chest, limb])
    assert other.decisions == answer.decisions
    assert other.probabilities == pytest.approx(answer.probabilities, abs=1e-4)


def test_pages_of_two_scales_are_read_each_at_its_own(reader: Reader, answer: Answer, chest: np.ndarray) -> None:
    other = reader.read_pages([page(LeadGroup.LIMB, gain=5.0), chest])
    assert other.answered, other.messages
    assert (other.geometry.gain_mm_mv, other.geometry.chest_gain_mm_mv) == (5.0, 10.0)
    assert other.decisions == answer.decisions


def test_pages_that_do_not_complete_one_another_are_refused(
    reader: Reader, limb: np.ndarray, chest: np.ndarray
) -> None:
    twice = reader.read_pages([limb, limb])
    assert (twice.reasons, twice.leads, twice.probabilities) == (("pages_differ",), None, None)
    assert "on more than one page: I, II, III, aVF, aVL, aVR" in twice.to_text()
    strangers = reader.read_pages([limb, page(LeadGroup.CHEST, fast=True)])
    assert strangers.reasons == ("pages_differ",)
    assert "beats a minute" in strangers.to_text()
    blank = reader.read_pages([np.full((900, 1200, 3), 255, np.uint8), chest])
    assert not blank.answered
    assert blank.reasons[0] != "pages_differ"
    assert len(blank.input.pages) == 2


def test_pages_are_two_to_four(reader: Reader, limb: np.ndarray, tmp_path: Path) -> None:
    for count in (1, 5):
        with pytest.raises(UsageError, match=f"expected 2 to 4, got {count}"):
            reader.read_pages([limb] * count)
    with pytest.raises(UsageError, match="expected a list of pages"):
        reader.read_pages("ecg.pdf")
    Image.fromarray(limb).save(tmp_path / "one.png")
    done = CliRunner().invoke(app, ["run", "--pages", str(tmp_path / "one.png")])
    assert isinstance(done.exception, UsageError)
    done = CliRunner().invoke(app, ["run", "--pages", "--camera", "0"])
    assert isinstance(done.exception, UsageError)


def test_a_file_of_two_pages_is_one_record(limb: np.ndarray, chest: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "both.tif"
    Image.fromarray(limb).save(file, save_all=True, append_images=[Image.fromarray(chest)])
    outputs = {option: tmp_path / f"{option}.png" for option in ("redrawn", "save-sheet")}
    asked = [word for option, path in outputs.items() for word in (f"--{option}", str(path))]
    signal = tmp_path / "both.csv"
    done = CliRunner().invoke(app, ["run", "--pages", str(file), "--json", "--signal", str(signal), *asked])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("{")]
    told = json.loads(line)
    assert [one["page"] for one in told["input"]["pages"]] == [1, 2]
    assert signal.read_text().splitlines()[1] == ",".join(("time_s", *LEADS))
    with Image.open(outputs["redrawn"]) as picture:
        read = np.asarray(picture).astype(int)
    red = (read[..., 0] > 120) & (read[..., 1] < 90)
    assert all(half.sum() > 1000 for half in np.array_split(red, 2))
    assert outputs["save-sheet"].is_file()


def test_leads_of_other_speeds_are_brought_to_one_sampling_rate() -> None:
    slow, fast = (
        Leads(
            traces=(
                LeadTrace(
                    lead=lead, start_s=0.0, sampling_rate=rate,
                    mv=np.sin(np.arange(round(4 * rate)) / rate).astype(np.float32),
                    confidence=np.ones(round(4 * rate), np.float32),
                ),
            ),
            sampling_rate=rate, timing=Timing.SIMULTANEOUS,
        )
        for lead, rate in (("I", 200.0), ("V1", 400.0))
    )  # fmt: skip
    both = joined([slow, fast])
    assert (both.sampling_rate, both.timing) == (400.0, Timing.SIMULTANEOUS)
    first, second = both.traces
    assert second.start_s == pytest.approx(4.0 + BETWEEN_S)
    np.testing.assert_allclose(first.mv, second.mv, atol=0.01)


def test_schema_1_has_the_keys_that_it_had() -> None:
    told = Answer(
        input=Input(path="a.jpg"), status="refused", bundle=BundleId(name="b", sha256="0", artefact="a", backend="c"),
        geometry=Geometry(), timings_ms=Timings(),
    ).to_dict(schema=1)  # fmt: skip
    assert list(told["input"]) == ["path", "sha256", "width", "height", "page", "frame", "combined"]
    assert list(told["geometry"]) == [
        "homography", "rotation_deg", "layout", "speed_mm_s", "gain_mm_mv", "speed_source", "gain_source",
    ]  # fmt: skip
    assert list(told["timings_ms"]) == ["decode", "detect", "rectify", "judge", "preprocess", "infer", "total"]
