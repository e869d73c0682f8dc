"""A watched folder into which anybody puts anything, and a watch that is killed: nothing is lost, nothing is twice."""

from __future__ import annotations

import csv
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from children import start_child
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.capture.shots import Shot
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.watch.begun import NAME
from vizecg_edge.watch.folder import FolderWatch

pytestmark = pytest.mark.integration


class Falling:
    """A pipeline that falls over files of some names, as an unknown fault would; what else there is, it answers."""

    def __init__(self, pipeline: Pipeline, error: type[Exception] = ZeroDivisionError) -> None:
        self.bundle, self.bundle_id, self._pipeline, self._error = pipeline.bundle, pipeline.bundle_id, pipeline, error

    def run_shot(self, shot: Shot) -> Result:
        if Path(shot.path).name.startswith("bad"):
            raise self._error("its own fault")
        return self._pipeline.run_shot(shot)


def watch(pipeline: Any, folder: Path, out: Path, said: list[str] | None = None) -> FolderWatch:
    made = FolderWatch(pipeline=pipeline, folder=folder, out=out, say=(said if said is not None else []).append)
    made.run(Interrupt(), interval_s=0.01, once=True)
    return made


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def folders(tmp_path: Path, *names: str) -> tuple[Path, Path]:
    made = tmp_path / "in", tmp_path / "out"
    for folder in made:
        folder.mkdir()
    for name in names:
        (made[0] / name).write_bytes(b"no image " + os.fsencode(name))
    return made


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, RecursionError])
def test_one_bad_file_never_ends_it(pipeline: Pipeline, tmp_path: Path, error: type[Exception]) -> None:
    given, out = folders(tmp_path, "a.png", "bad.png", "c.png")
    said: list[str] = []
    made = watch(Falling(pipeline, error), given, out, said)
    assert (made.refused, made.known) == (3, 0)
    told = json.loads((out / "bad.png.json").read_text())
    assert (told["status"], told["reasons"]) == ("refused", ["failed"])
    assert ("not enough memory" if error is MemoryError else f"{error.__name__}: its own fault") in told["messages"][0]
    assert said[1].startswith("refused (failed): bad.png: ")
    assert [row["reasons"] for row in rows(out)] == ["unreadable", "failed", "unreadable"]
    # It is known as all others are; when its answer is taken away it is read again, and has a row of its own.
    assert watch(pipeline, given, out).known == 3
    (out / "bad.png.json").unlink()
    assert (watch(pipeline, given, out).refused, len(rows(out))) == (1, 4)


def test_every_name_is_answered_and_none_obeyed(pipeline: Pipeline, tmp_path: Path) -> None:
    names = [
        "x" * 251 + ".png",
        "x" * 250 + "y.png",
        "漢" * 83 + ".png",
        "\x1b]0;title\x07.png",
        "\\x1b]0;title\\x07.png",
    ]
    given, out = folders(tmp_path, *names)
    said: list[str] = []
    assert watch(pipeline, given, out, said).refused == len(names)
    assert len(list(out.glob("*.json"))) == len(rows(out)) == len(names)
    assert all(line.isprintable() for line in said)
    assert watch(pipeline, given, out).known == len(names)


def test_planted_links_are_not_written_through(pipeline: Pipeline, tmp_path: Path) -> None:
    given, out = folders(tmp_path, "a.png", "b.png", "c.png")
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for name in ("a.png.json", "a.png.json.partial", NAME):
        (out / name).symlink_to(mine)
    os.mkfifo(out / "b.png.json")
    (out / "c.png.json").symlink_to(tmp_path / "made")
    assert watch(pipeline, given, out).refused == 3
    assert (mine.read_text(), (tmp_path / "made").exists()) == ("mine", False)
    for name in "abc":
        assert json.loads((out / f"{name}.png.json").read_text())["reasons"] == ["unreadable"]
        assert not (out / f"{name}.png.json").is_symlink()


def test_planted_answers_are_made_again(pipeline: Pipeline, tmp_path: Path) -> None:
    given, out = folders(tmp_path, "a.png")
    watch(pipeline, given, out)
    true = json.loads((out / "a.png.json").read_text())
    for planted in ("[" * 100_000, json.dumps({**true, "input": {"sha256": true["input"]["sha256"]}}), "null", "[1]"):
        (out / "a.png.json").write_text(planted)
        assert watch(pipeline, given, out).refused == 1
        assert json.loads((out / "a.png.json").read_text())["input"] == true["input"]
    assert len(rows(out)) == 1


def test_what_cannot_be_written_is_made_later(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = folders(tmp_path, "a.png", "b.png", "c.png")
    (out / "a.png.json").mkdir()
    said: list[str] = []
    made = FolderWatch(pipeline=pipeline, folder=given, out=out, say=said.append)
    real, clock = os.replace, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for _ in range(5):
        made.look(Interrupt())
    assert said == ["a.png: its answer cannot be written (No space left on device); it is made again later"]
    monkeypatch.setattr(os, "replace", real)
    clock[0] = 3600.0
    made.look(Interrupt())
    # A folder lies where one answer belongs: that alone is missing.
    assert (made.refused, len(said)) == (2, 4)
    (out / "a.png.json").rmdir()
    made.look(Interrupt())
    assert made.refused == 2, "not at every look"
    clock[0] = 7200.0
    made.look(Interrupt())
    assert (made.refused, len(rows(out))) == (3, 3)
    assert sorted(path.name for path in out.iterdir()) == ["a.png.json", "b.png.json", "c.png.json", "results.csv"]


def test_killed_at_any_moment_it_loses_and_repeats_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(60)]
    given, out = folders(tmp_path, *names)
    random.seed(7)
    killed = 0
    for _ in range(20):
        with warnings.catch_warnings():
            # This process has threads; the child uses none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            try:
                watch(pipeline, given, out)
            finally:
                os._exit(0)
        time.sleep(random.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert killed > 5
    watch(pipeline, given, out)
    assert sorted(path.name for path in out.iterdir()) == sorted(["results.csv", *(f"{name}.json" for name in names)])
    assert sorted(row["file"] for row in rows(out)) == sorted(names)
    for name in names:
        assert json.loads((out / f"{name}.json").read_text())["input"]["path"].endswith(name)


def test_the_file_it_was_killed_at_holds_up_no_other(pipeline: Pipeline, tmp_path: Path) -> None:
    given, out = folders(tmp_path, "1.png", "2.png")
    (out / NAME).write_text('{"1.png": 2}')
    said: list[str] = []
    watch(pipeline, given, out, said)
    assert [row["file"] for row in rows(out)] == ["2.png", "1.png"]
    assert said[1] == "1.png: begun 2 times before, and never ended; read last"
    assert not (out / NAME).exists()


def test_a_second_watch_says_so_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "watch", str(tmp_path), "--threads", "1"]
    first = start_child(command, stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    assert first.stderr.readline().startswith("watching ")
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 2
    assert second.stderr == (
        f"error: {tmp_path}: another vizecg-edge watch writes its answers there; end it, or name another --out\n"
    )
    first.terminate()
    first.communicate(timeout=30)
    assert first.returncode == 0
