"""Runs whose epochs do not show all records."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from training_runs import Records, differences, make_records, signal_at_step, state_of, tiny
from vizecg.train.checkpoint import read_raw

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
