"""Work in shares, as the jobs of an array do it, merged: the same as one process does, to the byte and to the digit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training_runs import untrained_checkpoint
from vizecg.cli import app
from vizecg.data.sharding import Shard
from vizecg.spec import StoreError, UsageError

pytestmark = pytest.mark.integration

N = 42
"""Records: in every combination of labels."""
STORE = ("--data", "synthetic", "--limit", str(N), "--shard-records", "8", "--workers", "1")


def call(*arguments: str | Path) -> str:
    answer = CliRunner().invoke(app, [str(word) for word in arguments])
    if answer.exception is not None:
        raise answer.exception
    return answer.stdout


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_shard_is_a_share_of_the_work() -> None:
    shares = [[unit for unit in range(10) if Shard.parse(text).takes(unit)] for text in ("1/3", "2/3", "3/3")]
    assert shares == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]
    for wrong in ("0/3", "4/3", "3", "a/b", "1/0"):
        with pytest.raises(UsageError, match=r"expected K/N"):
            Shard.parse(wrong)


def test_a_store_of_three_shares_is_that_of_one_process(tmp_path: Path) -> None:
    whole, shared = tmp_path / "whole", tmp_path / "shared"
    call("prepare", *STORE, "--out", whole)
    # In any order, and one of them twice.
    for number in (3, 1, 1):
        told = json.loads(call("prepare", *STORE, "--out", shared, "--shard", f"{number}/3", "--json"))
    assert (told["shard"], told["missing"]) == ("1/3", ["2/3"])
    with pytest.raises(UsageError, match="shard 2/3 of the store"):
        call("prepare", "--merge", "--out", shared)
    with pytest.raises(UsageError, match="being built in 3 shares, not in 4"):
        call("prepare", *STORE, "--out", shared, "--shard", "2/4")
    with pytest.raises(UsageError, match=r"sampling_rate 400.0, now 250.0"):
        call("prepare", *STORE, "--out", shared, "--shard", "2/3", "--sampling-rate", "250")
    with pytest.raises(UsageError, match="unfinished store"):
        call("prepare", "--verify", "--out", shared)
    assert "all are there: vizecg prepare --merge" in call("prepare", *STORE, "--out", shared, "--shard", "2/3")
    call("prepare", "--merge", "--verify", "--out", shared)
    assert content(shared) == content(whole)
    # What is finished stays so, whoever asks.
    call("prepare", "--merge", "--out", shared)
    call("prepare", *STORE, "--out", shared, "--shard", "1/3")
    assert content(shared) == content(whole)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network: what it answers is nonsense, and shared out like anything else."""
    return untrained_checkpoint(tmp_path_factory.mktemp("checkpoint") / "untrained.ckpt")


def test_an_evaluation_of_three_shares_is_that_of_one_process(checkpoint: Path, tmp_path: Path) -> None:
    command = (
        "evaluate", "--checkpoint", checkpoint, "--data", "synthetic", "--limit", str(N), "--workers", "1",
        "--split", "test", "--fit", "val", "--condition", "clean",
    )  # fmt: skip
    parts = tmp_path / "parts"
    call(*command, "--figures", tmp_path / "whole.json")
    for number in (2, 1):
        assert "when all are" in call(*command, "--parts", parts, "--shard", f"{number}/3")
    merge = (*command, "--parts", parts, "--merge", "--figures", tmp_path / "merged.json")
    with pytest.raises(UsageError, match="lacks shard 3/3 of clean"):
        call(*merge)
    call(*command, "--parts", parts, "--shard", "3/3")
    # What is there is not made again.
    before = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    call(*command, "--parts", parts, "--shard", "3/3")
    assert {path: path.stat().st_mtime_ns for path in parts.iterdir()} == before
    call(*merge)
    whole, merged = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("whole", "merged"))
    for figures in (whole, merged):
        del figures["command"]
    assert merged == whole
    with pytest.raises(UsageError, match=r"clean.1-of-3.npz was made with seed = 0, now 1: use the same options"):
        call(*merge, "--seed", "1")
    with pytest.raises(UsageError, match="--parts goes with --shard or --merge"):
        call(*command, "--shard", "1/3")
    damaged = parts / "clean-val.2-of-3.npz"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(StoreError, match="is damaged: delete it"):
        call(*merge)


@pytest.mark.parametrize("verb", [("render", "--px-per-mm", "2"), ("photograph", "--width", "400", "--truth")])
def test_pictures_of_three_shares_are_those_of_one_process(verb: tuple[str, ...], tmp_path: Path) -> None:
    command = (*verb, "--data", "synthetic", "--seed", "4", "-n", "4")
    whole, shared = tmp_path / "whole", tmp_path / "shared"
    told = call(*command, "--out", whole, "--json")
    for number in (3, 1):
        call(*command, "--out", shared, "--shard", f"{number}/3")
    with pytest.raises(UsageError, match="lacks shard 2/3"):
        call(*command, "--out", shared, "--merge")
    call(*command, "--out", shared, "--shard", "2/3")
    with pytest.raises(UsageError, match=r"2-of-3.jsonl was begun with data = synthetic seed 4, now synthetic seed 5"):
        call(*command, "--out", shared, "--shard", "2/3", "--seed", "5")
    # The last one of its share, and its line half written: as a process leaves it that is killed.
    ledger = shared / "pictures.1-of-3.jsonl"
    ledger.write_text(ledger.read_text()[:-20])
    with pytest.raises(UsageError, match="lacks shard 1/3"):
        call(*command, "--out", shared, "--merge")
    assert len(call(*command, "--out", shared, "--shard", "1/3", "--json").splitlines()) == 1
    assert call(*command, "--out", shared, "--merge", "--json").replace(str(shared), str(whole)) == told
    pictures = {name: data for name, data in content(shared).items() if not name.startswith("pictures.")}
    assert pictures == content(whole)
