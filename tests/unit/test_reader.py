"""The promised face of the edge: what it names, what it gives, and that the process stays as it was."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import warnings
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import vizecg_edge
from edge_bundles import artefact, make_bundle
from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg.spec import CODE6, BundleError, RuleSource, UsageError
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import MANIFEST
from vizecg_edge import Answer, Reader
from vizecg_edge.judge.doubts import NEAR_LIMIT, doubts_of
from vizecg_edge.leads.layout import LeadOrder, PageLayout, Timing
from vizecg_edge.leads.measured import Measured
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.scales import PageScales, Scale, ScaleSource
from vizecg_edge.rectify.ruler import Ruler

pytestmark = pytest.mark.unit

USUAL = Scale(speed_mm_s=25.0, limb_mm_mv=10.0, chest_mm_mv=10.0)
PAGE = PageLayout(
    arrangement="3x4", order=LeadOrder.STANDARD, timing=Timing.SEQUENTIAL, pieces=(), block=Box(0.0, 0.0, 250.0, 90.0)
)


def scales(speed: ScaleSource = ScaleSource.PULSE, gain: ScaleSource = ScaleSource.PULSE) -> PageScales:
    return PageScales(candidates=(USUAL,), speed_source=speed, limb_source=gain, chest_source=gain)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    sheet = render_sheet(synthesise(["AF"], seed=12), style=PrintStyle(palette="pink", trace_mm=0.4))
    return photograph(sheet.image, rng=np.random.default_rng(12), strength=0.4, width_px=(1200, 1240)).image


def bundle_folder(path: Path, *, gate: QualityGate | None = None, source: RuleSource = RuleSource.ARTEFACT) -> Path:
    """A tiny bundle; ``gate`` None has the limits that no bundle has fitted."""
    bundle = make_bundle(path, artefact(rule_source=source))
    if gate is not None:
        (path / MANIFEST).write_text(replace(bundle.manifest, gate=gate).to_json())
    return path


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(bundle_folder(tmp_path_factory.mktemp("bundles") / "tiny"))


@pytest.fixture(scope="module")
def answer(reader: Reader, photo: np.ndarray) -> Answer:
    found = reader.read(photo)
    assert found.answered, found.messages
    return found


def test_the_import_is_light_and_names_what_is_promised(tmp_path: Path) -> None:
    code = (
        "import sys, vizecg_edge\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'PIL', 'typer', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert set(vizecg_edge.__all__) <= set(dir(vizecg_edge))\n"
        "from vizecg_edge import *\n"
        "assert Reader.__module__.startswith('vizecg_edge') and issubclass(BundleError, VizecgError)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(getattr(vizecg_edge, name).__doc__ for name in vizecg_edge.__all__)
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        _ = vizecg_edge.reed
    assert (Path(vizecg_edge.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"backend": "fast"}, "backend: expected one of auto, onnx, "),
        ({"backend": None}, "backend: expected one of"),
        ({"threads": 0}, "threads: expected a whole number from 1 on, or None, got 0"),
        ({"threads": "2"}, "threads: expected a whole number"),
        ({"threads": True}, "threads: expected a whole number"),
        ({"bundle": 3}, "bundle: expected the path of a folder or None, got int"),
    ],
)
def test_wrong_options_are_told_before_anything_is_loaded(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reader(**options)
    assert told in str(caught.value)


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not a bundle"):
        Reader(str(tmp_path))


def test_an_answer_is_the_json_object_and_cannot_be_changed(answer: Answer) -> None:
    told = json.loads(json.dumps(answer.to_dict()))
    assert told["schema_version"] == 2
    assert list(told["thresholds"]) == list(told["probabilities"]) == list(told["decisions"]) == list(CODE6.names)
    assert (told["doubts"], told["advice"], told["messages"], told["reasons"]) == ([], [], [], [])
    assert told["bundle"]["calibrated"] is True
    assert told["input"]["path"] == "array"
    with pytest.raises(FrozenInstanceError):
        answer.status = "refused"  # type: ignore[misc]
    answer.to_dict()["probabilities"].clear()
    assert answer.probabilities


def test_equal_pictures_get_equal_answers_whatever_holds_them(
    reader: Reader, answer: Answer, photo: np.ndarray, tmp_path: Path
) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    found = reader.read(tmp_path / "photo.png")
    assert found == answer
    assert (found.input.path, found.input.sha256) != (answer.input.path, answer.input.sha256)
    assert found.timings_ms != answer.timings_ms
    assert reader.read(photo[:, ::-1]) != answer
    assert list(reader.read_all(photo)) == [answer]


def test_pages_are_answered_one_by_one(reader: Reader, answer: Answer, photo: np.ndarray, tmp_path: Path) -> None:
    page, blank = Image.fromarray(photo), Image.new("RGB", (600, 500), "white")
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[blank])
    pages = list(reader.read_all(tmp_path / "pages.tif"))
    assert [(one.input.page, one.answered) for one in pages] == [(1, True), (2, False)]
    assert pages[0].probabilities == answer.probabilities
    assert reader.read((tmp_path / "pages.tif").read_bytes()) == pages[0]


def test_a_refusal_is_an_answer_and_says_what_to_do(reader: Reader, tmp_path: Path) -> None:
    blank = reader.read(np.full((500, 600, 3), 255, np.uint8))
    assert (blank.answered, blank.reasons) == (False, ("no_grid",))
    assert blank.advice == ("Photograph the printout from above, flat and filling the picture.",)
    assert (blank.probabilities, blank.thresholds, blank.doubts, blank.quality.least) == (None, None, (), None)
    absent = reader.read(tmp_path / "absent.jpg")
    assert (absent.reasons, len(absent.advice)) == (("file_not_found",), 1)
    assert absent.to_dict()["messages"] == [f"{tmp_path / 'absent.jpg'}: no such file"]
    with pytest.raises(UsageError, match="got int"):
        reader.read(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="got int"):
        reader.read_all(5)  # type: ignore[arg-type]


def test_a_quality_that_is_too_low_is_shown(tmp_path: Path, photo: np.ndarray) -> None:
    strict = QualityGate(sharpness=(0.3, 5.0), least_score=0.99)
    refused = Reader(bundle_folder(tmp_path / "strict", gate=strict)).read(photo)
    assert refused.reasons == ("low_quality",)
    assert refused.quality.score is not None
    assert 0 < refused.quality.score < 0.99
    assert refused.quality.least == 0.99


def test_an_uncalibrated_bundle_is_a_doubt_of_every_answer(tmp_path: Path, photo: np.ndarray) -> None:
    found = Reader(bundle_folder(tmp_path / "none", source=RuleSource.NONE)).read(photo)
    assert found.answered
    assert found.bundle.calibrated is False
    assert [doubt.code for doubt in found.doubts] == ["uncalibrated"]
    assert found.to_dict()["doubts"] == [{"code": "uncalibrated", "message": found.doubts[0].message}]


@pytest.mark.parametrize(
    ("calibrated", "known", "score", "codes"),
    [
        (True, scales(), 0.5 * NEAR_LIMIT, []),
        (True, scales(), 0.5 * NEAR_LIMIT - 0.01, ["quality_near_limit"]),
        (
            False,
            scales(ScaleSource.ASSUMED, ScaleSource.ASSUMED),
            0.5,
            ["uncalibrated", "speed_assumed", "gain_assumed", "quality_near_limit"],
        ),
        (True, scales(gain=ScaleSource.ASSUMED), 1.0, ["gain_assumed"]),
    ],
)
def test_doubts(calibrated: bool, known: PageScales, score: float, codes: list[str]) -> None:
    gate = QualityGate(least_score=0.5)
    found = doubts_of(
        calibrated=calibrated,
        scales=known,
        layout=PAGE,
        ruler=Ruler(),
        printed_rate_bpm=62.0,
        measured=Measured(rate_bpm=64.0),
        score=score,
        gate=gate,
    )
    assert [doubt.code for doubt in found] == codes
    assert all("\n" not in doubt.message for doubt in found)


@pytest.mark.parametrize(
    ("chest_mm_mv", "likelihood", "codes"),
    [(10.0, 0.999, []), (10.0, 0.99, ["gain_assumed"]), (5.0, 0.999, ["gain_assumed"])],
)
def test_a_chest_gain_that_the_traces_make_sure_is_no_doubt(
    chest_mm_mv: float, likelihood: float, codes: list[str]
) -> None:
    """Pulses at the ends of rows are those of the limb leads."""
    known = replace(
        scales(),
        candidates=(Scale(speed_mm_s=25.0, limb_mm_mv=10.0, chest_mm_mv=chest_mm_mv, likelihood=likelihood),),
        limb_source=ScaleSource.PULSE,
        chest_source=ScaleSource.ASSUMED,
    )
    found = doubts_of(
        calibrated=True, scales=known, layout=PAGE, ruler=Ruler(), printed_rate_bpm=None, measured=Measured(),
        score=1.0, gate=QualityGate(least_score=0.5),
    )  # fmt: skip
    assert [doubt.code for doubt in found] == codes


@pytest.mark.parametrize(("named", "codes"), [(None, []), (0, ["leads_unnamed"]), (2, ["leads_unnamed"]), (3, [])])
def test_leads_whose_names_are_not_read_are_doubted(named: int | None, codes: list[str]) -> None:
    found = doubts_of(
        calibrated=True,
        scales=scales(),
        layout=replace(PAGE, named=named),
        ruler=Ruler(),
        printed_rate_bpm=None,
        measured=Measured(),
        score=1.0,
        gate=QualityGate(least_score=0.5),
    )
    assert [doubt.code for doubt in found] == codes


def test_an_answer_is_drawn_from_small_pictures_of_its_own(
    reader: Reader, photo: np.ndarray, answer: Answer, tmp_path: Path
) -> None:
    given = photo.copy()
    found = reader.read(given)
    before = found.overlay()
    given[:] = 0
    assert (before.mode, before.width) == ("RGB", 1240)
    assert found.overlay().tobytes() == before.tobytes()
    found.report(tmp_path / "ecg.html")
    found.report(str(tmp_path / "ecg.pdf"))
    assert (tmp_path / "ecg.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "ecg.pdf").read_bytes().startswith(b"%PDF-")
    for wrong in (tmp_path / "ecg.txt", tmp_path / "none" / "ecg.pdf", tmp_path):
        with pytest.raises(UsageError):
            found.report(wrong)
    assert reader.read(np.full((500, 600, 3), 255, np.uint8)).overlay().width == 1240
    assert "array(" not in repr(found)


def test_pictures_do_not_leave_with_a_pickled_answer(answer: Answer) -> None:
    data = pickle.dumps(answer)
    assert len(data) < 10_000
    again = pickle.loads(data)
    assert again == answer
    assert again.to_dict() == answer.to_dict()
    with pytest.raises(UsageError, match="holds no pictures"):
        again.overlay()


def test_reading_leaves_the_process_as_it_was(tmp_path: Path, photo: np.ndarray) -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        before = cv2.getNumThreads(), dict(os.environ), list(warnings.filters)
        for number in (None, 1):
            reader = Reader(bundle_folder(tmp_path / f"tiny{number}"), threads=number)
            assert reader.read(photo).answered
            assert (cv2.getNumThreads(), dict(os.environ), list(warnings.filters)) == before
    finally:
        cv2.setNumThreads(threads)
