"""What all tests share: the tiers, and where the shared data lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

TIERS = frozenset({"unit", "parity", "integration", "packaging", "device"})
REPOSITORY = Path(__file__).resolve().parents[1]


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
