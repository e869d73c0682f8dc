"""Overlay, report and explanation: what is drawn where, and what must not be in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from tolerances import tolerance
from vizecg.records.synthetic import synthesise
from vizecg.render import Photo, PrintStyle, photograph, render_sheet
from vizecg.render.sheet import PrintedSheet
from vizecg.spec import CODE6
from vizecg.spec.preprocess import preprocess
from vizecg_edge.overlay import WIDTH, draw_reading, overlay, save_image
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.report.explain import explain
from vizecg_edge.report.html import render_html
from vizecg_edge.report.pdf import render_pdf
from vizecg_edge.report.pen import BLUE
from vizecg_edge.report.pictures import lead_boxes, photo_picture, shade, sheet_picture
from vizecg_edge.report.reading import Reading, read
from warm_start import run_command

pytestmark = pytest.mark.integration

NAME = "Jane Doe 1950"


@pytest.fixture(scope="module")
def drawn() -> PrintedSheet:
    return render_sheet(synthesise(["RBBB"], seed=5), style=PrintStyle(palette="pink", trace_mm=0.4))


@pytest.fixture(scope="module")
def shot(drawn: PrintedSheet) -> Photo:
    return photograph(drawn.image, rng=np.random.default_rng(5), strength=0.4, width_px=(1300, 1400))


@pytest.fixture(scope="module")
def photo(shot: Photo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / f"{NAME}.jpg"
    save_image(path, shot.image)
    return path


@pytest.fixture(scope="module")
def result(pipeline: Pipeline, photo: Path) -> Result:
    return pipeline.run(photo)


@pytest.fixture(scope="module")
def reading(pipeline: Pipeline, result: Result) -> Reading:
    return read(pipeline, result)


def test_frames_of_leads_lie_around_the_leads_that_were_drawn(reading: Reading, drawn: PrintedSheet) -> None:
    boxes = lead_boxes(reading)
    assert len(boxes) == len(drawn.boxes) == 13
    for truth in drawn.boxes:
        fitting = [
            box for name, box in boxes
            if name == truth.lead and abs(box[0] - truth.x_mm) < tolerance("origin-mm")
            and box[1] < truth.baseline_mm < box[3]
        ]  # fmt: skip
        assert len(fitting) == 1, truth


def test_the_frames_on_the_photograph_are_the_leads(reading: Reading, shot: Photo, drawn: PrintedSheet) -> None:
    picture = photo_picture(reading, (shot.image.shape[1], shot.image.shape[0]))
    assert picture is not None
    assert picture.size == shot.image.shape[1::-1]
    blue = (np.abs(np.asarray(picture).astype(int) - BLUE) < 90).all(axis=2)
    away = cv2.distanceTransform(1 - blue.astype(np.uint8), cv2.DIST_L2, 5)
    # The ends of every lead that was drawn lie on a frame's side.
    ends = [[x, box.baseline_mm] for box in drawn.boxes for x in (box.x_mm, box.x_mm + box.width_mm)]
    x, y = np.round(shot.mapping.to_photo(reading.spec.mm_to_px(np.array(ends)))).astype(int).T
    assert blue.sum() > 1000
    assert np.max(away[y, x]) / reading.answer.quality.px_per_mm < tolerance("origin-mm")


def test_a_reduced_photograph_is_outlined_in_the_same_place(reading: Reading) -> None:
    photo = reading.result.photo
    assert photo is not None
    half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    reduced = replace(reading, result=replace(reading.result, photo=half))
    a, b = (np.asarray(photo_picture(one, (600, 470))) for one in (reading, reduced))
    blues = [(np.abs(picture.astype(int) - BLUE) < 60).all(axis=2) for picture in (a, b)]
    # Half of an odd height is rounded.
    rows = min(len(blue) for blue in blues)
    assert blues[0].sum() > 100
    assert (blues[0][:rows] & blues[1][:rows]).sum() > 0.8 * blues[0].sum()


def test_the_overlay_is_that_of_a_reading_and_nothing_is_cut_off(reading: Reading) -> None:
    picture = draw_reading(reading)
    assert picture.shape[1:] == (WIDTH, 3)
    for margin in (picture[:, :20], picture[:, -20:], picture[-10:]):
        assert margin.min() > 230, "text or pictures run over the margin"
    at_once = overlay(reading.result, reading.spec)
    np.testing.assert_array_equal(picture[60:], at_once[60:], "the time of reading aside")


def test_what_could_not_be_read_has_a_page_too(pipeline: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.jpg"
    refused = read(pipeline, pipeline.run(path))
    assert refused.title == "Not answered"
    path.write_bytes(b"no image")
    unreadable = read(pipeline, pipeline.run(path))
    save_image(path, np.zeros((900, 1200, 3), np.uint8))
    black = read(pipeline, pipeline.run(path), explained=True)
    assert black.explanation is None, "there is nothing to explain"
    for one in (refused, unreadable, black):
        text = render_html(one)
        for told in (one.answer.reasons[0], *one.refusal, *one.answer.advice, f"{NAME}.jpg"):
            assert told in text
        assert draw_reading(one).shape[1] == WIDTH
        assert render_pdf(one).startswith(b"%PDF-")


def ink_of(rows: slice, columns: slice, place: int) -> Callable[[np.ndarray], np.ndarray]:
    """A network that reacts to the ink in one part of the sheet only."""

    def logits(image: np.ndarray) -> np.ndarray:
        found = np.zeros(len(CODE6), np.float32)
        found[place] = image[0, 0, rows, columns].sum()
        return found

    return logits


def test_an_explanation_finds_what_a_network_looks_at(pipeline: Pipeline, result: Result) -> None:
    manifest = pipeline.bundle.manifest
    assert result.sheet is not None
    assert result.answer.decisions is not None
    image = preprocess(result.sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
    height, width = image.shape[2] / 6, image.shape[3] / 12
    row, column = 2, 4
    part = (
        slice(int(row * height) + 2, int((row + 1) * height) - 2),
        slice(int(column * width) + 2, int((column + 1) * width) - 2),
    )
    stand_in = SimpleNamespace(
        bundle=pipeline.bundle,
        artefact=pipeline.artefact,
        backend=SimpleNamespace(logits=ink_of(*part, CODE6.names.index("LBBB"))),
    )
    only = replace(result.answer, decisions={name: name == "LBBB" for name in CODE6.names})
    found = explain(stand_in, replace(result, answer=only))  # type: ignore[arg-type]
    assert found is not None
    assert found.label == "LBBB"
    expected = np.zeros((6, 12))
    expected[row, column] = 1.0
    np.testing.assert_allclose(found.shown, expected, atol=tolerance("f32-reorder"))
    assert "no evidence for or against a diagnosis" in found.text
    sheet = np.full_like(result.sheet, 255)
    shaded = shade(sheet, found)
    inside = (slice(row * 640 // 6 + 2, (row + 1) * 640 // 6 - 2), slice(column * 96, (column + 1) * 96))
    assert (shaded[inside] != 255).any(axis=2).all()
    shaded[row * 640 // 6 : (row + 1) * 640 // 6 + 1, column * 96 : (column + 1) * 96] = 255
    np.testing.assert_array_equal(shaded, sheet)


def test_what_was_not_found_has_no_map(pipeline: Pipeline, result: Result) -> None:
    none = replace(result, answer=replace(result.answer, decisions=dict.fromkeys(CODE6.names, False)))
    assert explain(pipeline, none) is None
    told = read(pipeline, none, explained=True)
    assert "No map is drawn of what the answer depends on: nothing was found." in render_html(told)


def test_the_shipped_network_is_explained_by_its_traces(pipeline: Pipeline, result: Result) -> None:
    result = replace(result, answer=replace(result.answer, decisions={name: name == "RBBB" for name in CODE6.names}))
    found = explain(pipeline, result, rows=2, columns=3)
    assert found is not None
    assert found.change.shape == (2, 3, 6)
    assert np.abs(found.change).max() > 0.1, "covering a sixth of the sheet changes something"
    assert np.abs(found.shown).max() <= 1
    shown = read(pipeline, result)
    with_it = replace(shown, explanation=found)
    plain, shaded = (np.asarray(sheet_picture(one, 1152)) for one in (shown, with_it))
    assert (plain != shaded).any()
    assert "6 patches" in render_html(with_it)


def test_the_command_writes_them(photo: Path, tmp_path: Path) -> None:
    run = partial(run_command, "vizecg_edge.cli", "run")

    done = run("--image", photo, "--report", tmp_path / "r.pdf", "--overlay", tmp_path / "o.png", "--explain", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] == "answered"
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    with Image.open(tmp_path / "o.png") as picture:
        assert picture.width == WIDTH
    for wrong in (("--report", tmp_path / "r.doc"), ("--explain",), ("--report", photo / "no" / "r.html")):
        done = run("--image", photo, *wrong)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.png", "r.pdf"]
