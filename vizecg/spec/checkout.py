"""The git checkout that this code runs from, if it does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import vizecg

_CODE = (":(top)", ":(top,exclude)benchmarks/results")


@dataclass(frozen=True, kw_only=True)
class GitState:
    """``dirty``: tracked files were changed since ``commit``, other than published results, which a row of measurements
    renews one by one. Both are None for code that is not from a checkout."""

    commit: str | None = None
    dirty: bool | None = None


def git_state(folder: Path | None = None) -> GitState:
    """Commit of the checkout that tracks the package in ``folder`` (None: this one).

    An environment may lie within another project's checkout: only one that tracks the package's files counts.
    """
    folder = folder or Path(vizecg.__file__).resolve().parent
    try:
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "--", *_CODE))
    except (OSError, subprocess.SubprocessError):
        return GitState()
    return GitState(commit=commit, dirty=dirty)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
