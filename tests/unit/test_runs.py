"""Runs as objects: their folders read, their time reckoned, one process in each; without training."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vizecg.cli import app
from vizecg.data.progress import _lines
from vizecg.spec import CODE6, CheckpointError, UsageError
from vizecg.train.again import asked_again, config_of
from vizecg.train.config import TrainConfig
from vizecg.train.journal import journal
from vizecg.train.runs.folder import find_runs, log_folders
from vizecg.train.runs.lock import held, is_held
from vizecg.train.runs.logs import epochs_of, logged
from vizecg.train.runs.record import Ending, RunRecord, Start, read_record, write_record
from vizecg.train.runs.summary import State, open_run
from vizecg.train.time_left import TimeLeft

pytestmark = pytest.mark.unit

STEPS = 4
"""Of an epoch."""


def make_run(folder: Path, *, done: int = 2, epochs: int = 3, recorded: bool = True, **config: Any) -> Path:
    """What a run of so many epochs leaves behind, without weights."""
    folder.mkdir(parents=True)
    settings = {"architecture": "vizecgnet", "epochs": epochs, "batch_size": 8, "labels": CODE6.to_dict(), **config}
    (folder / "config.json").write_text(json.dumps(settings))
    for name in ("last.ckpt", "best.ckpt"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("weights", name)
    write_log(folder / "logs" / "start-0", range(done))
    if recorded:
        start = replace(
            Start.now(processes=1), seconds=60.0 * done, steps=STEPS * done,
            ending=Ending.FINISHED if done == epochs else Ending.STOPPED, why="" if done == epochs else "SIGTERM",
        )  # fmt: skip
        record = RunRecord(
            asked={"data": "synthetic", "root": None, "recipe": "small", "limit": 40, "cache": None},
            training_data={"source": "synthetic seed 0", "records": 40},
            epochs=epochs, epochs_done=done, steps_done=STEPS * done,
            best={"figure": "photo/image_auroc", "value": 0.5 + 0.1 * done, "epoch": done},
            epoch_seconds={str(number + 1): 50.0 for number in range(done)},
        )  # fmt: skip
        write_record(folder, record.started(start))
    return folder


def write_log(folder: Path, epochs: Any) -> None:
    folder.mkdir(parents=True)
    with (folder / "metrics.csv").open("w", newline="") as handle:
        table = csv.DictWriter(handle, ["epoch", "loss/total", "lr-AdamW", "photo/image_auroc", "step"])
        table.writeheader()
        for epoch in epochs:
            step = STEPS * (epoch + 1) - 1
            table.writerow({"lr-AdamW": 1e-3 / (epoch + 1), "step": step})
            for back in (2, 0):
                table.writerow({"epoch": epoch, "loss/total": 1.0 - 0.1 * epoch + 0.01 * back, "step": step - back})
            table.writerow({"epoch": epoch, "photo/image_auroc": 0.6 + 0.1 * epoch, "step": step})


def call(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["runs", *map(str, arguments)])


def test_a_list_tells_how_every_run_stands(tmp_path: Path) -> None:
    make_run(tmp_path / "a" / "done", done=3)
    make_run(tmp_path / "stopped", done=1)
    killed = make_run(tmp_path / "killed")
    record = read_record(killed)
    assert record is not None
    write_record(killed, record.with_last(ending=Ending.NONE, why=""))
    cut = make_run(tmp_path / "cut") / "last.ckpt"
    cut.write_bytes(cut.read_bytes()[:-10])
    (make_run(tmp_path / "lost") / "last.ckpt").unlink()
    make_run(tmp_path / "old", done=3, recorded=False)
    (tmp_path / "no run").mkdir()
    with held(tmp_path / "refused"):
        pass
    with held(make_run(tmp_path / "now")):
        answer = call("list", tmp_path, "--json")
        table = call("list", tmp_path).stdout
    assert answer.exit_code == 0, answer.output
    found = {Path(one["run"]).name: one for one in json.loads(answer.stdout)["runs"]}
    assert {name: (one["state"], one["why"]) for name, one in found.items()} == {
        "cut": ("broken", "last.ckpt is damaged"),
        "done": ("finished", ""),
        "killed": ("stopped", "its process ended without a word"),
        "refused": ("broken", "it ended before its first step"),
        "lost": ("broken", "no last.ckpt was written: SIGTERM"),
        "now": ("running", ""),
        "old": ("finished", ""),
        "stopped": ("stopped", "SIGTERM"),
    }
    done = found["done"]
    assert (done["recipe"], done["data"], done["records"]) == ("small", "synthetic seed 0", 40)
    assert (done["epochs_done"], done["epochs"], done["seconds"]) == (3, 3, 180.0)
    assert done["best"] == {"figure": "photo/image_auroc", "value": 0.8, "epoch": 3}
    assert done["labels"] == list(CODE6.names)
    # Without a record the figures come from the logs, and what nobody wrote down is not known.
    old = found["old"]
    assert (old["epochs_done"], old["best"]["epoch"], old["seconds"], old["data"]) == (3, 3, None, None)
    assert len(table.splitlines()) == 9
    assert "photo/image_auroc 0.8000 (epoch 3)" in table


def test_a_run_is_shown_whole_and_says_how_it_goes_on(tmp_path: Path) -> None:
    run = make_run(tmp_path / "my run", signal_view="mixed")
    page = call("show", run).stdout
    assert re.search(r"^signal_view +mixed *$", page, re.MULTILINE)
    for wanted in ("SIGTERM", "synthetic seed 0, 40 records", "batch_size", "0.7000", "best.ckpt", "50 s"):
        assert wanted in page
    assert page.splitlines()[-1] == f"go on: vizecg train --resume --out '{run}'"
    whole = json.loads(call("show", run, "--json").stdout)
    assert [epoch["number"] for epoch in whole["per_epoch"]] == [1, 2]
    assert whole["per_epoch"][1]["loss"] == pytest.approx(0.91)
    assert whole["config"]["batch_size"] == 8
    nothing = call("show", tmp_path)
    assert isinstance(nothing.exception, UsageError)
    assert "holds no run" in str(nothing.exception)


def test_what_runs_differ_in_stands_side_by_side(tmp_path: Path) -> None:
    one, other = make_run(tmp_path / "one", batch_size=8), make_run(tmp_path / "other", done=3, batch_size=16)
    plot = tmp_path / "curves.png"
    answer = call("compare", one, other, "--plot", plot, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["settings"] == {"batch_size": [8, 16]}
    assert found["figures"]["photo/image_auroc"] == pytest.approx([0.7, 0.8])
    assert found["figures"]["best_epoch"] == [2, 3]
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "batch_size" in call("compare", one, other).stdout
    assert "name two runs" in str(call("compare", one).exception)


def test_one_process_trains_in_a_folder(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with journal(run, first=True):
        assert is_held(run)
        with pytest.raises(UsageError, match=rf"process {os.getpid()} of .* trains in this folder"), held(run):
            pass
        # The other processes of the same run.
        with journal(run, first=False):
            pass
    assert not is_held(run)
    with held(run):
        pass


def test_an_error_is_written_down(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", done=1)
    with pytest.raises(MemoryError), journal(run, first=True) as kept:  # noqa: PT012 - it ends within
        kept.begin(resumed=True, asked={}, training_data={}, started_from=None, epochs=3, processes=1)
        kept.training(whole_epoch=True)
        kept.saved(epochs=2, steps=8, best=None, epoch_ended=True)
        raise MemoryError("no room for\na batch")
    opened = open_run(run)
    assert (opened.summary.state, opened.summary.why) == (State.STOPPED, "MemoryError: no room for")
    record = read_record(run)
    assert record is not None
    # What it was started with stays what it was.
    assert (record.asked["limit"], record.epochs_done, len(record.starts)) == (40, 2, 2)
    assert set(record.epoch_seconds) == {"1", "2"}


def test_a_resumed_run_knows_its_options(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    nothing = dict.fromkeys(("data", "root", "recipe", "limit", "cache"))
    assert asked_again(run, nothing, free=("cache",))["limit"] == 40
    assert asked_again(run, {**nothing, "limit": 40, "cache": "/elsewhere"}, free=("cache",))["cache"] == "/elsewhere"
    with pytest.raises(UsageError, match="started with --limit 40, now 50: leave it out"):
        asked_again(run, {**nothing, "limit": 50}, free=())
    with pytest.raises(UsageError, match="started with --recipe small, now full"):
        asked_again(run, {**nothing, "recipe": "full"}, free=())
    old = make_run(tmp_path / "old", recorded=False)
    with pytest.raises(UsageError, match="name it with --data"):
        asked_again(old, nothing, free=())
    with pytest.raises(UsageError, match="name their folder with --root"):
        asked_again(old, {**nothing, "data": "ptbxl"}, free=())
    (run / "config.json").write_text(json.dumps(TrainConfig(seed=7).model_dump(mode="json")))
    assert config_of(run) == TrainConfig(seed=7)
    (run / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config.json cannot be read"):
        config_of(run)


def test_logs_of_all_starts_are_one_and_end_as_they_may(tmp_path: Path) -> None:
    write_log(tmp_path / "logs_0", range(2))
    write_log(tmp_path / "logs" / "start-1", [1, 2])
    with (tmp_path / "logs" / "start-1" / "metrics.csv").open("a") as handle:
        handle.write("2,0.5,-")
    assert [folder.name for folder in log_folders(tmp_path)] == ["logs_0", "start-1"]
    epochs = epochs_of(logged(tmp_path))
    assert [(epoch.number, epoch.step) for epoch in epochs] == [(1, 4), (2, 8), (3, 12)]
    assert [epoch.learning_rate for epoch in epochs] == pytest.approx([1e-3, 5e-4, 1e-3 / 3])
    assert find_runs(tmp_path) == []


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("begin", [0, 30], ids=["from the beginning", "resumed within an epoch"])
def test_the_time_left_is_right(every: int, begin: int) -> None:
    steps, epochs, step_s, warm_s, validation_s, save_s = 100, 8, 0.5, 20.0, 35.0, 2.0
    clock = Clock()
    left = TimeLeft(steps=steps, epochs=epochs, validate_every=every, validation_batches=200, clock=clock)
    # Drawing the pictures takes its time before, which is none of the training's.
    clock.now += 3600.0
    left.begin(done=begin)
    assert left.seconds is None
    told: dict[int, tuple[float, float]] = {}
    for done in range(begin + 1, epochs * steps + 1):
        clock.now += step_s + (warm_s if done == begin + 1 else 0.0)
        left.stepped(done=done)
        if done % steps == 0:
            if done // steps % every == 0:
                left.validation_began()
                clock.now += validation_s
                left.validated()
            clock.now += save_s
        assert left.seconds is not None
        told[done] = (clock.now, left.seconds)
    end = clock.now
    for share, within in ((0.1, 0.25), (0.25, 0.05), (0.5, 0.03), (0.9, 0.03)):
        now, estimate = told[round(share * epochs * steps)]
        assert estimate == pytest.approx(end - now, rel=within), f"at {share:.0%}"
    assert told[epochs * steps][1] == 0


def test_a_resumed_preparation_reckons_with_what_it_does_itself() -> None:
    clock, said = Clock(), []
    say: Callable[[str], None] = said.append
    advance = _lines("preparing", 1000, say=say, clock=clock)
    advance(400)  # of an earlier start
    for _ in range(30):
        clock.now += 5.0
        advance(2)
    assert said == ["preparing: 424 of 1000, 24 min left", "preparing: 448 of 1000, 23 min left"]
