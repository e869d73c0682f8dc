"""One run in two and three processes on CPUs, started by torchrun and without it, on one node and on several."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from children import CHILD_LIMIT_S
from tolerances import tolerance
from vizecg.data.source import synthetic_source
from vizecg.train.loop import RunOptions, train
from vizecg.train.settings import resolve
from warm_start import started

pytestmark = pytest.mark.integration

RECORDS = 20
"""Of training and of validation: no number of processes shares them out evenly."""
SIGNAL_ONLY = [
    "architecture=transformer", "model={patch: 20, width: 16, layers: 1, heads: 2, feed_forward: 32, dropout: 0.0}",
    "batch_size=6", "epochs=2", "optimiser.learning_rate=1e-3", "optimiser.warmup_steps=1", "ema_decay=0.9",
]  # fmt: skip
BOTH = [
    "model={image_widths: [4, 4, 8, 8], signal_widths: [4, 4, 8, 8], width: 8, heads: 2, signal_leads: joint}",
    "preprocess={height: 96, width: 192}", "conditions=[print]", "batch_size=4", "epochs=1", "ema_decay=0.9",
]  # fmt: skip
RUN = {"best.ckpt", "last.ckpt", "config.json", "run.json", "run.lock", "cache", "logs"}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "vizecg.cli"]


def arguments_of(out: Path, assignments: list[str], *more: str) -> list[str]:
    """A run that goes on knows itself what it was started with."""
    if "--resume" in more:
        return ["train", "--out", str(out), "--accelerator", "cpu", "--workers", "0", "--json", *more]
    arguments = ["train", "--data", "synthetic", "--limit", str(RECORDS), "--out", str(out), "--accelerator", "cpu"]
    return [*arguments, "--workers", "0", "--json", *(word for text in assignments for word in ("--set", text)), *more]


def run(launcher: list[str], out: Path, assignments: list[str], *more: str) -> dict[str, Any]:
    """Train on the CLI's synthetic records; the one object that all processes together print."""
    # Of the test's own processes: pytest may itself be part of something distributed.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")
    }
    done = subprocess.run(
        [sys.executable, *launcher, *arguments_of(out, assignments, *more)],
        capture_output=True,
        text=True,
        timeout=CHILD_LIMIT_S,
        env={**environment, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_several(
    out: Path, assignments: list[str], *more: str, processes: int = 2, a_node: int = 2
) -> list[tuple[int, str, str]]:
    """The same in processes that are told of each other as torchrun tells them, so many ``a_node``.

    Returns:
        Exit code, stdout and stderr of each.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {
        "WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(a_node), "GROUP_WORLD_SIZE": str(processes // a_node),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with ExitStack() as stack:
        commands = [
            stack.enter_context(
                started(
                    "vizecg.cli", *arguments_of(out, assignments, *more),
                    environment={
                        **told, "RANK": str(rank), "LOCAL_RANK": str(rank % a_node), "GROUP_RANK": str(rank // a_node)
                    },
                )
            )
            for rank in range(processes)
        ]  # fmt: skip
        return [(command.wait(), command.stdout, command.stderr) for command in commands]


def trained_by_two(out: Path, assignments: list[str], *more: str) -> dict[str, Any]:
    """The one object that both together print."""
    return of_one(run_several(out, assignments, *more))


def of_one(ended: list[tuple[int, str, str]]) -> dict[str, Any]:
    assert [code for code, _, _ in ended] == [0] * len(ended), ended
    return json.loads("".join(stdout for _, stdout, _ in ended))


def losses(out: Path, start: int = 0) -> np.ndarray:
    with (out / "logs" / f"start-{start}" / "metrics.csv").open() as handle:
        return np.array([float(row["loss/total"]) for row in csv.DictReader(handle) if row["loss/total"]])


def _without_key_bias(name: str, value: torch.Tensor) -> torch.Tensor:
    """Softmax cancels the bias of an attention's keys: its gradient is rounding error, which Adam makes steps of."""
    if not name.endswith("in_proj_bias"):
        return value
    query, _, values = value.chunk(3)
    return torch.cat([query, values])


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run in one process: this one."""
    out = tmp_path_factory.mktemp("alone")
    train(
        config=resolve(recipe="small", assignments=SIGNAL_ONLY),
        training=synthetic_source(RECORDS, seed=0),
        validation=synthetic_source(RECORDS, seed=1),
        options=RunOptions(out=out, cache=out / "cache", workers=0, accelerator="cpu"),
    )
    return out


@pytest.mark.parametrize("launcher", [TORCHRUN, ["-m", "vizecg.cli"]], ids=["torchrun", "devices"])
def test_two_processes_compute_what_one_does(alone: Path, tmp_path: Path, launcher: list[str]) -> None:
    more = () if launcher is TORCHRUN else ("--devices", "2")
    result = run(launcher, tmp_path, SIGNAL_ONLY, *more)
    assert (result["finished"], result["epochs"], result["steps"]) == (True, 2, 6)
    check_same_run(alone, tmp_path)
    # Only the first process writes: one log, no second configuration, nothing half done.
    names = {path.name for path in tmp_path.iterdir()}
    assert names == RUN
    assert len(list((tmp_path / "logs").rglob("events*"))) == 1


def test_three_processes_on_three_nodes_compute_what_one_does(alone: Path, tmp_path: Path) -> None:
    result = of_one(run_several(tmp_path, SIGNAL_ONLY, processes=3, a_node=1))
    assert (result["finished"], result["epochs"], result["steps"]) == (True, 2, 6)
    check_same_run(alone, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == RUN


def check_same_run(alone: Path, tmp_path: Path) -> None:
    """Losses, weights, averages and the best figure, but for the order in which numbers are added."""
    np.testing.assert_allclose(losses(tmp_path), losses(alone), atol=tolerance("f32-reorder"))
    one, two = (torch.load(out / "last.ckpt", weights_only=True) for out in (alone, tmp_path))
    for key in ("state_dict", "current_model_state"):
        for name, value in one[key].items():
            shown = _without_key_bias(name, value), _without_key_bias(name, two[key][name])
            np.testing.assert_allclose(shown[1], shown[0], atol=tolerance("f32-reorder"), err_msg=name)
    best = "RunCheckpoints"
    assert two["callbacks"][best]["best_score"] == pytest.approx(one["callbacks"][best]["best_score"], abs=1e-6)


def test_both_streams_run_stop_and_go_on_in_two_processes(tmp_path: Path) -> None:
    first = trained_by_two(tmp_path, BOTH, "--stop-after", "0")
    assert (first["finished"], first["steps"]) == (False, 1)
    refused = run_several(tmp_path, [], "--resume", "--limit", "7")
    assert [code for code, _, _ in refused] == [2, 2]
    assert (
        refused[0][2].splitlines()[-1] == f"error: {tmp_path} was started with --limit {RECORDS}, now 7: leave it out"
    )
    last = trained_by_two(tmp_path, [], "--resume")
    assert (last["finished"], last["epochs"], last["steps"]) == (True, 1, RECORDS // 4)
    assert {path.name for path in tmp_path.iterdir()} == RUN
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"start-0", "start-1"}


def test_a_batch_that_cannot_be_shared_out_is_one_line(tmp_path: Path) -> None:
    for code, _, stderr in run_several(tmp_path, [*SIGNAL_ONLY, "batch_size=3"]):
        assert code == 2
        assert stderr.splitlines()[-1] == "error: batch_size 3 cannot be shared out among 2 processes"
    assert not (tmp_path / "config.json").exists()
