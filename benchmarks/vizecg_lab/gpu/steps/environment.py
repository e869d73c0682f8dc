"""The machine, and the code that is to run on it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import torch

import vizecg
from vizecg_bench.run.environment import read_environment
from vizecg_lab.gpu.request import Request

PACKAGES = ("numpy", "torch", "pytorch-lightning", "torchmetrics", "opencv", "h5py", "pydantic", "triton")


def look(request: Request) -> dict[str, Any]:
    """GPU, driver, processors, versions, commit; whether the tree is clean, where git knows."""
    found = read_environment("gpu", packages=PACKAGES)
    repository = Path(vizecg.__file__).resolve().parents[1]
    tree = {None: "no commit is known", False: "clean", True: "tracked files were changed"}[found.git_dirty]
    return {
        "gpu": _gpu(),
        "cpu": found.cpu,
        "processors": request.options.processes or 1,
        "cores": found.cores,
        "memory_mib": found.memory_mib,
        "system": found.system,
        "versions": found.versions,
        "git_commit": found.git_commit,
        "tree": tree if (repository / ".git").exists() else "no .git: neither commit nor changes are known",
    }


def _gpu() -> dict[str, Any] | None:
    if not torch.cuda.is_available():
        return None
    facts = torch.cuda.get_device_properties(0)
    return {
        "name": facts.name,
        "memory_mib": facts.total_memory // 2**20,
        "compute_capability": f"{facts.major}.{facts.minor}",
        "multiprocessors": facts.multi_processor_count,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "driver": _driver(),
    }


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
