"""The Slurm files as bash reads them, with what they start written down in place of being started."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from documents import REPOSITORY
from shown_commands import refusal
from vizecg.data.sharding import Shard

pytestmark = pytest.mark.unit

FILES = sorted((REPOSITORY / "docs" / "slurm").glob("*.sbatch"))
RECORDING = """#!/bin/sh
printf '%s' "$(basename "$0")" >> "$STARTED"
for word in "$@"; do printf ' %s' "'$word'" >> "$STARTED"; done
echo >> "$STARTED"
"""
HOSTS = """#!/bin/sh
[ "$1 $2 $3" = "show hostnames node[07-08]" ] && printf 'node07\\nnode08\\n'
"""


@pytest.fixture(autouse=True)
def _bash() -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")


def started(file: str, folder: Path, *arguments: str, **variables: str) -> list[list[str]]:
    """The commands that a job starts, as words."""
    programs, log = folder / "bin", folder / "started.txt"
    programs.mkdir(exist_ok=True)
    log.write_text("")
    for name, text in (("srun", RECORDING), ("vizecg", RECORDING), ("scontrol", HOSTS)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "STARTED": str(log), **variables}
    done = subprocess.run(
        ["bash", str(REPOSITORY / "docs" / "slurm" / file), *arguments],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [shlex.split(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_bash_reads_it_and_says_what_it_lacks(file: Path) -> None:
    assert subprocess.run(["bash", "-n", str(file)], timeout=60).returncode == 0
    bare = subprocess.run(
        ["bash", str(file)], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60
    )
    assert bare.returncode != 0
    assert "STORE" in bare.stderr or "DATA" in bare.stderr
    # What Slurm reads ends at the first line that is neither empty nor a comment.
    lines = file.read_text().splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("#SBATCH"))
    assert all(line.startswith("#") for line in lines[:last])


def test_the_tasks_of_an_array_share_the_store_out(tmp_path: Path) -> None:
    shards = []
    for task in (1, 2, 3):
        (words,) = started(
            "prepare.sbatch", tmp_path, DATA="ptbxl:PTBXL", STORE="my store", SLURM_CPUS_PER_TASK="4",
            SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_COUNT="3",
        )  # fmt: skip
        assert refusal(words) is None
        assert words[words.index("--out") + 1] == "my store"
        shards.append(Shard.parse(words[words.index("--shard") + 1]))
    assert [unit for shard in shards for unit in range(6) if shard.takes(unit)] == [0, 3, 1, 4, 2, 5]
    # One task that is run again alone.
    (words,) = started(
        "prepare.sbatch", tmp_path, DATA="synthetic", STORE="store", TASKS="8", SLURM_ARRAY_TASK_ID="2",
        SLURM_ARRAY_TASK_COUNT="1",
    )  # fmt: skip
    assert words[-1] == "2/8"


def test_every_node_starts_its_processes_of_one_run(tmp_path: Path) -> None:
    store, run = tmp_path / "store", tmp_path / "my run"
    job = {
        "STORE": str(store), "RUN": str(run), "SLURM_JOB_NODELIST": "node[07-08]", "SLURM_NNODES": "2",
        "SLURM_GPUS_ON_NODE": "4", "SLURM_JOB_ID": "123456",
    }  # fmt: skip
    merge, train = started("train.sbatch", tmp_path, "--recipe", "full", **job)
    assert merge == ["vizecg", "prepare", "--merge", "--out", str(store)]
    assert train[:2] == ["srun", "--kill-on-bad-exit=1"]
    launched = train[2:]
    options = dict(itertools.pairwise(launched))
    assert launched[0] == "torchrun"
    assert (options["--nnodes"], options["--nproc-per-node"]) == ("2", "4")
    assert (options["--rdzv-endpoint"], options["--rdzv-id"]) == ("node07:23456", "123456")
    assert options["--data"] == f"store:{store}"
    assert refusal(launched) is None
    # Requeued, with the store and a checkpoint there.
    store.mkdir()
    run.mkdir()
    (store / "store.json").touch()
    (run / "last.ckpt").touch()
    (again,) = started("train.sbatch", tmp_path, "--recipe", "full", **job)
    assert again[-5:] == ["--out", str(run), "--resume", "--recipe", "full"]
    assert refusal(again[2:]) is None
