"""``vizecg-edge watch``: images that are put into a folder get their answers beside them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from children import start_child
from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg.spec import InputRefusedError
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.outputs import Output
from vizecg_edge.overlay import save_image
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.watch.folder import FolderWatch

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    sheet = render_sheet(synthesise(["AF"], seed=7), style=PrintStyle(palette="pink", trace_mm=0.4))
    save_image(path, photograph(sheet.image, rng=np.random.default_rng(7), strength=0.4, width_px=(1400, 1500)).image)
    return path


def watch(
    pipeline: Pipeline, folder: Path, out: Path, said: list[str] | None = None, report: Output | None = None
) -> FolderWatch:
    say = (said if said is not None else []).append
    return FolderWatch(pipeline=pipeline, folder=folder, out=out, say=say, report=report)


def test_every_new_image_is_answered_once(pipeline: Pipeline, photo: Path, tmp_path: Path) -> None:
    said: list[str] = []
    shutil.copy(photo, tmp_path / "a.jpg")
    (tmp_path / "b.png").write_bytes(b"no image")
    (tmp_path / "notes.txt").write_text("no image")
    first = watch(pipeline, tmp_path, tmp_path, said)
    first.run(Interrupt(), interval_s=0.01, once=True)
    assert (first.answered, first.refused, first.known) == (1, 1, 0)
    assert [line.split(" ")[0] for line in said] == ["a.jpg:", "refused"]
    assert any(word in said[0] for word in ("infarction", "Found", "Undecided"))
    assert said[1].startswith("refused (unreadable): b.png: ")
    assert said[1].endswith("Take the photograph again, or save it anew as JPEG or PNG.")
    answer = json.loads((tmp_path / "a.jpg.json").read_text())
    assert (answer["status"], answer["bundle"]["sha256"]) == ("answered", pipeline.bundle_id.sha256)
    assert json.loads((tmp_path / "b.png.json").read_text())["reasons"] == ["unreadable"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.jpg", "b.png", "notes.txt", "a.jpg.json", "b.png.json", "results.csv"
    }  # fmt: skip

    # A second run knows both, and reads what has changed.
    before = (tmp_path / "a.jpg.json").stat().st_mtime_ns
    shutil.copy(photo, tmp_path / "b.png")
    second = watch(pipeline, tmp_path, tmp_path)
    second.run(Interrupt(), interval_s=0.01, once=True)
    assert (second.answered, second.refused, second.known) == (1, 0, 1)
    assert (tmp_path / "a.jpg.json").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "b.png.json").read_text())["status"] == "answered"


def test_answers_of_another_bundle_or_damaged_ones_are_made_again(
    pipeline: Pipeline, photo: Path, tmp_path: Path
) -> None:
    image, out = tmp_path / "in", tmp_path / "out"
    image.mkdir()
    out.mkdir()
    shutil.copy(photo, image / "a.jpg")
    for text in ("{", "[]", '{"bundle": {"sha256": "0"}, "input": {"sha256": "0"}}'):
        (out / "a.jpg.json").write_text(text)
        again = watch(pipeline, image, out)
        again.run(Interrupt(), interval_s=0.01, once=True)
        assert (again.answered, again.known) == (1, 0)
    assert [path.name for path in image.iterdir()] == ["a.jpg"]


def test_a_file_that_still_grows_is_left_alone(pipeline: Pipeline, photo: Path, tmp_path: Path) -> None:
    data = photo.read_bytes()
    growing = tmp_path / "a.jpg"
    growing.write_bytes(data[:1000])
    watcher = watch(pipeline, tmp_path, tmp_path)
    assert watcher.look(Interrupt()) == 1
    growing.write_bytes(data[:2000])
    assert watcher.look(Interrupt()) == 1
    growing.write_bytes(data)
    assert watcher.look(Interrupt()) == 1
    assert not (tmp_path / "a.jpg.json").exists()
    assert watcher.look(Interrupt()) == 0
    assert (watcher.answered, watcher.refused) == (1, 0)
    growing.unlink()
    assert watcher.look(Interrupt()) == 0


def test_several_pages_make_a_list(pipeline: Pipeline, tmp_path: Path) -> None:
    blank = Image.new("RGB", (600, 500), "white")
    blank.save(tmp_path / "scan.tif", save_all=True, append_images=[blank])
    reports = Output(path=tmp_path, folder=True, option="--report", ending=".pdf")
    watcher = watch(pipeline, tmp_path, tmp_path, report=reports)
    watcher.run(Interrupt(), interval_s=0.01, once=True)
    # Reports that lie in the watched folder are not read as new scans.
    watcher.run(Interrupt(), interval_s=0.01, once=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "results.csv", "scan.tif", "scan.tif.json", "scan.tif_p1.pdf", "scan.tif_p2.pdf"
    ]  # fmt: skip
    answers = json.loads((tmp_path / "scan.tif.json").read_text())
    assert [(answer["input"]["page"], answer["status"]) for answer in answers] == [(1, "refused"), (2, "refused")]


def test_a_full_disk_leaves_no_half_answer(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.png").write_bytes(b"no image")
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) < 100:
            return real(handle, data)  # which file is begun
        real(handle, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        watch(pipeline, tmp_path, tmp_path).run(Interrupt(), interval_s=0.01, once=True)
    assert {path.name for path in tmp_path.iterdir()} == {"b.png", "results.csv"}
    # What the table has got already is not added again.
    monkeypatch.undo()
    watch(pipeline, tmp_path, tmp_path).run(Interrupt(), interval_s=0.01, once=True)
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 2


def test_a_folder_that_goes_away_is_one_line(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="No such file"):
        watch(pipeline, tmp_path / "gone", tmp_path).run(Interrupt(), interval_s=0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(photo: Path, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "watch", str(tmp_path), "--threads", "1", "--interval", "0.1"]
    process = start_child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("watching ")
    shutil.copy(photo, tmp_path / "a.jpg")
    until = time.monotonic() + 60
    while not (tmp_path / "a.jpg.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")
    told, counted = errors.splitlines()
    assert told.startswith("a.jpg: ")
    assert counted == "1 answered, 0 refused, 0 answered before"
    assert {path.name for path in tmp_path.iterdir()} == {"a.jpg", "a.jpg.json", "results.csv"}


def test_a_folder_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "watch", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
