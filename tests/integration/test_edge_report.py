"""Overlay, report and explanation: what is drawn where, and what must not be in them."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
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
from vizecg.spec import INTENDED_USE, LABELS, Label
from vizecg.spec.preprocess import preprocess
from vizecg_edge.overlay import overlay, save_image
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.report.explain import explain
from vizecg_edge.report.html import render_html
from vizecg_edge.report.page import HEIGHT, WIDTH, draw_overlay, draw_page
from vizecg_edge.report.pen import GREEN, Pen
from vizecg_edge.report.pictures import lead_boxes, photo_picture, shade, sheet_picture
from vizecg_edge.report.reading import Reading, read
from vizecg_edge.report.write import pdf_bytes

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


def changed(reading: Reading, **answer: object) -> Reading:
    result = reading.result
    return replace(reading, result=replace(result, answer=replace(result.answer, **answer)))  # type: ignore[arg-type]


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


def test_the_outline_on_the_photograph_is_the_sheets(reading: Reading, shot: Photo) -> None:
    picture = photo_picture(reading, (shot.image.shape[1], shot.image.shape[0]))
    assert picture is not None
    assert picture.size == shot.image.shape[1::-1]
    y, x = np.nonzero((np.abs(np.asarray(picture).astype(int) - GREEN) < 8).all(axis=2))
    spec = reading.spec
    # Drawn points taken back to the true sheet lie on its edges.
    corners = np.array([[0, 0], [spec.width_mm, 0], [spec.width_mm, spec.height_mm], [0, spec.height_mm]])
    edge = np.concatenate(
        [a + (b - a) * np.linspace(0, 1, 200)[:, None] for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
    )
    seen = shot.mapping.to_photo(spec.mm_to_px(edge))
    points = np.stack([x, y], axis=1)
    assert len(points) > 1000
    apart = np.linalg.norm(points[::20, None] - seen[None], axis=2).min(axis=1) / reading.answer.quality.px_per_mm
    assert np.percentile(apart, 95) < tolerance("origin-mm")


def test_a_reduced_photograph_is_outlined_in_the_same_place(reading: Reading) -> None:
    photo = reading.result.photo
    assert photo is not None
    half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    reduced = replace(reading, result=replace(reading.result, photo=half))
    a, b = (np.asarray(photo_picture(one, (600, 470))) for one in (reading, reduced))
    greens = [(np.abs(picture.astype(int) - GREEN) < 8).all(axis=2) for picture in (a, b)]
    # Half of an odd height is rounded.
    rows = min(len(green) for green in greens)
    assert (greens[0][:rows] & greens[1][:rows]).sum() > 0.8 * greens[0].sum()


def test_pictures_have_their_size_and_nothing_is_cut_off(reading: Reading) -> None:
    page, picture = np.asarray(draw_page(reading)), np.asarray(draw_overlay(reading))
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert picture.shape[1:] == (WIDTH, 3)
    np.testing.assert_array_equal(picture[:-22], page[: len(picture) - 22])
    for image in (page, picture):
        for margin in (image[:, :20], image[:, -20:], image[-10:]):
            assert margin.min() > 230, "text or pictures run over the margin"
    np.testing.assert_array_equal(picture, overlay(reading.result, reading.spec, rule=reading.rule, explanation=None))


def test_an_undecided_finding_is_told_and_framed(reading: Reading) -> None:
    assert reading.answer.decisions is not None
    unsure = changed(reading, decisions={**reading.answer.decisions, "AF": None, "RBBB": True})
    assert unsure.title == "Found: right bundle branch block; undecided: atrial fibrillation"
    text = render_html(unsure)
    assert text.count('<tr class="undecided">') == 1
    assert "nearer to the threshold" in text
    amber = (np.asarray(draw_page(unsure)) == (200, 120, 0)).all(axis=2).sum()
    assert amber > (np.asarray(draw_page(reading)) == (200, 120, 0)).all(axis=2).sum() + 1000


def test_html_stands_alone_and_does_not_name_the_file(reading: Reading) -> None:
    text = render_html(reading)
    assert INTENDED_USE in text
    assert text.index(INTENDED_USE) < text.index("<h1>")
    assert reading.answer.bundle.sha256 in text
    for label in Label:
        assert label.description in text
    assert reading.rule is not None
    assert f"{reading.rule.threshold[0]:.1%}" in text
    assert not re.search(r"<script|javascript:|https?:|<link|@import|url\(", text, re.IGNORECASE)
    assert not re.search(r"\son\w+=", text)
    inline = r'src="data:image/jpeg;base64,([^"]+)"'
    pictures = re.findall(inline, text)
    told = re.sub(inline, "", text)
    for secret in ("Jane", "Doe", NAME, str(Path(reading.answer.input.path).parent)):
        assert secret not in told
    assert len(pictures) == 2
    for picture in pictures:
        opened = Image.open(io.BytesIO(base64.b64decode(picture)))
        opened.load()
        assert not opened.getexif()


def test_pdf_is_one_a4_page_without_names_or_dates(reading: Reading) -> None:
    data = pdf_bytes(reading)
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 1
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", data)
    assert box is not None
    assert (round(float(box[1])), round(float(box[2]))) == (595, 842)
    for secret in (b"Jane", b"CreationDate", b"ModDate", b"/Author"):
        assert secret not in data


def test_a_refusal_says_what_to_do_and_not_whose_it_is(pipeline: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.jpg"
    refused = read(pipeline, pipeline.run(path))
    assert refused.title == "Not answered"
    path.write_bytes(b"no image")
    unreadable = read(pipeline, pipeline.run(path))
    save_image(path, np.zeros((900, 1200, 3), np.uint8))
    black = read(pipeline, pipeline.run(path), explained=True)
    assert black.explanation is None, "there is nothing to explain"
    for one in (refused, unreadable, black):
        text = render_html(one) + " ".join(one.refusal + one.refusal_details)
        assert one.answer.reasons[0] in text
        assert NAME not in text
        assert one.refusal
        assert np.asarray(draw_overlay(one)).shape[1] == WIDTH
        assert pdf_bytes(one).startswith(b"%PDF-")
    assert black.refusal[0].rstrip(".") in render_html(black)


def ink_of(rows: slice, columns: slice, place: int) -> Callable[[np.ndarray], np.ndarray]:
    """A network that reacts to the ink in one part of the sheet only."""

    def logits(image: np.ndarray) -> np.ndarray:
        found = np.zeros(len(LABELS), np.float32)
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
        backend=SimpleNamespace(logits=ink_of(*part, LABELS.index("LBBB"))),
    )
    only = replace(result.answer, decisions={name: name == "LBBB" for name in LABELS})
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


def test_the_shipped_network_is_explained_by_its_traces(pipeline: Pipeline, result: Result) -> None:
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
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vizecg_edge.cli", "run", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    done = run("--image", photo, "--report", tmp_path / "r.pdf", "--overlay", tmp_path / "o.png", "--explain", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] == "answered"
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    with Image.open(tmp_path / "o.png") as picture:
        assert picture.width == WIDTH
    for wrong in (("--report", tmp_path / "r.doc"), ("--explain",), ("--report", tmp_path / "no" / "r.html")):
        done = run("--image", photo, *wrong)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.png", "r.pdf"]


def test_lines_are_broken_where_they_must_be() -> None:
    pen = Pen(image=Image.new("RGB", (10, 10)))
    rows = pen.wrap("a word and " + "f" * 64, 200)
    assert all(pen.width(row) <= 200 for row in rows)
    assert "".join(rows).replace(" ", "") == "awordand" + "f" * 64
