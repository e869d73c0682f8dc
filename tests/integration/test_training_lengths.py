"""Runs whose epochs do not show all records, and runs that end within an epoch."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from training_runs import Records, differences, make_records, signal_at_step, state_of, tiny
from vizecg.spec import UsageError
from vizecg.train.checkpoint import load_checkpoint, read_raw
from vizecg.train.runs.summary import State, open_run
from vizecg.train.runs.tables import how_to_go_on

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return make_records(tmp_path_factory.mktemp("records"))


def stopped_and_resumed(
    records: Records, out: Path, monkeypatch: pytest.MonkeyPatch, step: int, **changes: object
) -> Path:
    with monkeypatch.context() as patch:
        signal_at_step(patch, step)
        assert not records.train(tiny(3, **changes), out).finished
    assert records.train(tiny(3, **changes), out, resume=True).finished
    return out / "last.ckpt"


@pytest.mark.parametrize("prior", ["offset", "weights"])
def test_negatives_come_by_turns(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prior: str) -> None:
    truth = np.stack([records.training.read(item).labels for item in records.training.items])
    negatives = int((~truth.any(axis=1)).sum())
    shown = len(truth) - negatives + math.ceil(negatives / 3)
    steps = shown // 8
    assert steps < len(truth) // 8
    changes = {"negatives_every": 3, "prior": prior}
    result = records.train(tiny(3, **changes), tmp_path / "whole")
    assert (result.finished, result.epochs, result.steps) == (True, 3, 3 * steps)
    last = tmp_path / "whole" / "last.ckpt"
    raw = read_raw(last)
    assert raw["hyper_parameters"]["prior"]["shown"] == pytest.approx((truth.sum(axis=0) / shown).tolist())
    # The rate has come down by the end of the shorter epochs.
    final = tiny(1).optimiser.final_learning_rate
    assert raw["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(final, rel=0.01)
    again = stopped_and_resumed(records, tmp_path / "stopped", monkeypatch, steps + 1, **changes)
    assert differences(state_of(last), state_of(again)) == []


def test_a_run_of_so_many_steps_ends_within_an_epoch(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its epochs say: 7 steps are one epoch of 5 and 2 steps of a second."""
    result = records.train(tiny(1, steps=7), tmp_path / "whole")
    assert (result.finished, result.steps, result.best_epoch is not None) == (True, 7, True)
    last = tmp_path / "whole" / "last.ckpt"
    raw = read_raw(last)
    final = tiny(1).optimiser.final_learning_rate
    assert raw["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(final, rel=0.01)
    assert load_checkpoint(tmp_path / "whole" / "best.ckpt").config.steps == 7
    opened = open_run(tmp_path / "whole")
    # Both epochs were validated, the second where the run ended.
    assert [bool(epoch.figures) for epoch in opened.epochs] == [True, True]
    assert (opened.summary.state, opened.summary.epochs, opened.summary.epochs_done) == (State.FINISHED, 2, 2)
    assert "all of its 7 steps are done" in how_to_go_on(opened.summary)
    again = stopped_and_resumed(records, tmp_path / "stopped", monkeypatch, 5, steps=7)
    assert differences(state_of(last), state_of(again)) == []
    # Nothing is left to do, and nothing is done.
    assert records.train(tiny(3, steps=7), tmp_path / "stopped", resume=True).steps == 7
    assert torch.equal(*(read_raw(path)["state_dict"]["network.image_encoder.project.bias"] for path in (last, again)))
    with pytest.raises(UsageError, match="steps = 7, now 9: resume it unchanged"):
        records.train(tiny(3, steps=9), tmp_path / "stopped", resume=True)


def test_the_time_left_is_that_of_the_steps(records: Records, tmp_path: Path) -> None:
    records.train(tiny(9, steps=7), tmp_path)
    (log,) = (tmp_path / "logs").rglob("train.log")
    assert log.read_text().splitlines()[-1].endswith(" 0 s left")
