"""Where a bundle came from: versions, commit."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import vizecg

PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "opencv-python")


def toolchain() -> dict[str, str]:
    """Versions of what made the bundle."""
    versions = {"python": platform.python_version(), "machine": platform.machine(), "vizecg": vizecg.__version__}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the source tree; nulls where the code does not run from a git checkout."""
    folder = Path(vizecg.__file__).resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
