"""The native ExecuTorch runner and a program for it, built once for all tests that use them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from children import CHILD_LIMIT_S
from made_once import made_once

RUNNER_SHAPE = (1, 1, 96, 192)
NOT_HERE = 3
"""Exit code of build.sh where a tool is missing."""


@pytest.fixture(scope="session")
def native_runner(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """The built binary."""
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler: apt-get install g++")

    def build(folder: Path) -> None:
        out = folder / "build"
        script = repository / "edge_runtime" / "runner" / "build.sh"
        command = ["sh", str(script), "--python", sys.executable, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S)
        if done.returncode == NOT_HERE:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{out}/vizecg-runner\n"

    return made_once(tmp_path_factory, "runner", build) / "build" / "vizecg-runner"


@pytest.fixture(scope="session")
def int8_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 program of a small network, attention and head with dynamic ranges: it has operators of every kind."""
    pytest.importorskip("executorch", reason="the extra `executorch` is not installed")
    from small_networks import small_deployed, small_images
    from vizecg_export.job import Job
    from vizecg_export.recipes.executorch import ExecuTorchRecipe
    from vizecg_export.targets import Precision, Scope

    def export(folder: Path) -> None:
        job = Job(
            network=small_deployed(),
            input_shape=RUNNER_SHAPE,
            folder=folder,
            precision=Precision.INT8,
            scope=Scope.TRUNK,
            images=small_images(4),
            calibrator="minmax",
        )
        ExecuTorchRecipe().make(job)

    (program,) = made_once(tmp_path_factory, "program", export).glob("*.pte")
    return program
