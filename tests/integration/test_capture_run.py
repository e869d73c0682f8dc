"""``vizecg-edge run`` on files, folders and pages, and what goes wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from capture_runs import answers, as_process, make_scene, run
from vizecg.spec import UsageError
from vizecg_edge.overlay import save_image
from vizecg_edge.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_pipeline")]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return make_scene()


@pytest.fixture(scope="module")
def photo(scene: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    save_image(path, scene)
    return path


def test_a_folder_is_read_in_natural_order_and_bad_files_stop_nothing(photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(photo, folder / "page10.jpg")
    (folder / "page2.png").write_bytes(b"")
    (folder / "page1.tif").write_bytes(photo.read_bytes()[:5000])
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.jpg").write_bytes(b"")
    done = run(folder, "--json")
    assert done.exit_code == 0
    found = answers(done)
    names = [Path(answer["input"]["path"]).name for answer in found]
    assert names == ["page1.tif", "page2.png", "page10.jpg"]
    assert [answer["status"] for answer in found] == ["refused", "refused", "answered"]
    assert "1 other files in the folders were skipped" in done.stderr
    assert done.stderr.count("\n") == 3


def test_nothing_to_read_is_a_usage_error(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path).exception, UsageError)
    assert isinstance(run().exception, UsageError)
    assert isinstance(run(tmp_path, "--camera", "0").exception, UsageError)
    assert isinstance(run(tmp_path, "--combine", "mean").exception, UsageError)


def test_large_photographs_are_read_smaller_with_the_same_answer(
    scene: np.ndarray, photo: Path, tmp_path: Path, pipeline: Pipeline
) -> None:
    height, width = scene.shape[:2]
    save_image(tmp_path / "large.jpg", cv2.resize(scene, (4000, round(4000 * height / width))))
    plain, reduced = pipeline.run(photo), pipeline.run(tmp_path / "large.jpg")
    assert plain.logits is not None
    assert reduced.logits is not None, reduced.answer.messages
    assert reduced.photo is not None
    assert reduced.photo.shape[1] == 2000
    np.testing.assert_allclose(reduced.logits, plain.logits, atol=0.8)
    assert reduced.answer.decisions == plain.answer.decisions
    # Size, scale and homography are those of the whole picture.
    assert reduced.answer.input.width == 4000
    assert reduced.answer.quality.px_per_mm == pytest.approx(plain.answer.quality.px_per_mm * 4000 / width, rel=0.02)
    corner = np.array([[[0.0, 0.0]]])
    seen, wide = (
        cv2.perspectiveTransform(corner, np.linalg.inv(np.array(result.answer.geometry.homography)))
        for result in (plain, reduced)
    )
    np.testing.assert_allclose(wide, seen * 4000 / width, atol=30)


def test_a_sheet_that_is_small_in_the_picture_is_read_with_every_pixel(
    scene: np.ndarray, tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vizecg_edge.capture.picture.ENOUGH_SIDE_PX", 1000)
    save_image(tmp_path / "photo.jpg", cv2.resize(scene, (2600, round(2600 * scene.shape[0] / scene.shape[1]))))
    result = pipeline.run(tmp_path / "photo.jpg")
    assert result.photo is not None
    assert (result.answer.status, result.photo.shape[1]) == ("answered", 2600)


def test_every_page_of_a_scan_is_answered(scene: np.ndarray, tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full_like(scene, 255)), Image.fromarray(scene)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    done = run(tmp_path / "scan.tif", "--json", "--save-sheet", tmp_path / "sheet.png")
    found = answers(done)
    assert [(answer["input"]["page"], answer["status"]) for answer in found] == [(1, "refused"), (2, "answered")]
    assert {path.name for path in tmp_path.iterdir()} == {"scan.tif", "sheet_p2.png"}


def test_pages_of_a_pdf_are_answered_and_locked_or_damaged_ones_refused(
    scene: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pip install '.[pdf]' brings the reader of PDFs")
    Image.fromarray(scene).save(tmp_path / "a4.pdf", resolution=scene.shape[1] / 11.7)
    (answer,) = answers(run(tmp_path / "a4.pdf", "--json"))
    assert (answer["status"], answer["input"]["page"]) == ("answered", 1)
    assert answer["input"]["width"] == pytest.approx(3510, abs=5), "11.7 inches at 300 dpi"
    # At 18 dpi the page is 2 m wide.
    Image.fromarray(scene).save(tmp_path / "huge.pdf", resolution=18)
    (answer,) = answers(run(tmp_path / "huge.pdf", "--json"))
    assert answer["input"]["width"] * answer["input"]["height"] <= 24.1e6
    document = pdfium.PdfDocument.new()
    for _ in range(2):
        document.new_page(842, 595)
    document.save(tmp_path / "blank.pdf")
    assert [answer["status"] for answer in answers(run(tmp_path / "blank.pdf", "--json"))] == ["refused"] * 2
    data = (tmp_path / "a4.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: len(data) // 40])
    (tmp_path / "locked.pdf").write_bytes(LOCKED_PDF)
    for name, words in {"cut.pdf": "damaged PDF", "locked.pdf": "password"}.items():
        done = run(tmp_path / name, "--json")
        assert (done.exit_code, answers(done)[0]["reasons"]) == (7, ["unreadable"])
        assert words in done.stderr
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    done = run(tmp_path / "a4.pdf", "--json")
    assert (done.exit_code, answers(done)[0]["reasons"]) == (3, ["missing_tool"])
    assert "[pdf]'" in done.stderr


LOCKED_PDF = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 842 595]>> endobj
4 0 obj <</Filter/Standard/V 1/R 2/P -4/O<00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff>\
/U<ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100>>> endobj
trailer <</Root 1 0 R/Size 5/Encrypt 4 0 R/ID[<00><00>]>>
%%EOF
"""


def test_ctrl_c_in_a_list_of_files_ends_after_the_one_in_hand(photo: Path) -> None:
    process = as_process("run", *[photo] * 200, "--json", "--threads", "1")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    for line in (first, *output.splitlines()):
        assert json.loads(line)["status"] == "answered"
    assert "of 200 files were not read" in errors
    assert "Traceback" not in errors


def test_a_full_disk_leaves_nothing_and_exits_6(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def full(handle: int, data: bytes) -> int:
        real(handle, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    done = run(photo, "--json", "--overlay", tmp_path)
    assert isinstance(done.exception, OSError)  # which every command line tool turns into one line and code 6
    assert not list(tmp_path.iterdir())


def test_a_full_stdout_exits_6_in_one_line(photo: Path) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "run", str(photo), "--json", "--threads", "1"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (6, "error: [Errno 28] No space left on device\n")


def test_pictures_never_replace_photographs_nor_each_other(scene: np.ndarray, photo: Path, tmp_path: Path) -> None:
    save_image(tmp_path / "photo.png", scene)
    before = (tmp_path / "photo.png").read_bytes()
    assert isinstance(run(tmp_path / "photo.png", "--overlay", tmp_path / "photo.png").exception, UsageError)
    for _ in range(2):
        assert run(tmp_path / "photo.png", "--overlay", tmp_path).exit_code == 0
        assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "photo-2.png"}
    assert (tmp_path / "photo.png").read_bytes() == before
    # Its own picture is no other image of the folder; read by name, it is not written over.
    assert len(answers(run(tmp_path, "--json"))) == 1
    assert isinstance(run(tmp_path / "photo-2.png", "--overlay", tmp_path / "photo-2.png").exception, UsageError)
    out = tmp_path / "new" / "out"
    assert run(tmp_path / "photo.png", photo, "--overlay", f"{out}/", "--report", tmp_path / "reports").exit_code == 0
    assert {path.name for path in out.iterdir()} == {"photo.png", "photo-2.png"}
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"photo.html", "photo-2.html"}
