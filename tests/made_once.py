"""What takes long to make and is only read afterwards: made by the first process of a run that needs it, for all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name``, one for all workers of pytest-xdist; the others wait until it is there.

    Args:
        factory: names the folder of this run.
        name: of nothing else in the run.
        make: fills the folder, which is there and empty. What fails here is tried again by the next that asks.
    """
    run = factory.getbasetemp()
    # A worker's own folder lies in that of the run.
    folder = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / name
    made = folder.with_name(f"{name}.made")
    with FileLock(folder.with_name(f"{name}.lock")):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
