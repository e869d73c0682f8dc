"""What all tests share: tiers, threads of parallel workers, the end of a test that hangs, where the shared data lie."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TIERS = frozenset({"unit", "parity", "integration", "packaging", "device"})
REPOSITORY = Path(__file__).resolve().parents[1]
GRACE_S = 30
_stderr = pytest.StashKey[int]()

# Workers of pytest-xdist share the processors out: threads of each, and of its child processes, would stand in the
# others' way. Libraries read these when they are loaded, which no test module has done yet.
if "PYTEST_XDIST_WORKER" in os.environ:
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(threads, "1")


def tier_complaints(items: Sequence[pytest.Item]) -> list[str]:
    """One line for every test that does not carry exactly one tier."""
    complaints = []
    for item in items:
        tiers = sorted({marker.name for marker in item.iter_markers()} & TIERS)
        if len(tiers) != 1:
            complaints.append(f"{item.nodeid}: {' and '.join(tiers) or 'none'}")
    return complaints


# First, so that `-m unit` cannot hide a test without a tier by deselecting it.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    complaints = tier_complaints(items)
    if complaints:
        listed = "\n  ".join(complaints)
        wanted = ", ".join(sorted(TIERS))
        raise pytest.UsageError(
            f"every test carries exactly one tier ({wanted}), for example by "
            f"`pytestmark = pytest.mark.unit` at the top of its file; these do not:\n  {listed}"
        )


def pytest_configure(config: pytest.Config) -> None:
    # The terminal's: while a test runs, its output is captured.
    config.stash[_stderr] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[_stderr])


# pytest-timeout's own timer, a Python thread, tells most and comes first. Where C code hangs with Python's lock, it
# waits as all others do; faulthandler's timer needs no lock, and ends the run `GRACE_S` seconds later. In a worker of
# pytest-xdist what the first tells is lost, as all that a worker prints: there the second comes before it, and alone.
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    later = -min(1.0, settings.timeout / 2) if hasattr(item.config, "workerinput") else GRACE_S
    faulthandler.dump_traceback_later(settings.timeout + later, exit=True, file=item.config.stash[_stderr])


def pytest_timeout_cancel_timer() -> None:
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Reference data too large for the repository: $VIZECG_SHARED, or `shared` beside the checkout."""
    named = os.environ.get("VIZECG_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if named and not folder.is_dir():
        pytest.fail(f"VIZECG_SHARED names {folder}, which is no folder", pytrace=False)
    if not folder.is_dir():
        pytest.skip("no shared data: set VIZECG_SHARED to their folder, or put it beside the repository as `shared`")
    return folder
