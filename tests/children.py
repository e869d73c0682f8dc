"""Child processes of the tests: none may run for longer than the test that waits for it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from typing import Any

TEST_LIMIT_S = 300
"""Of a test that says no other (``timeout`` in pyproject.toml)."""
CHILD_LIMIT_S = 240
"""Less than that: the test that waits fails by itself, with what its child said, and the run goes on."""


def start_child(command: Sequence[str], *, limit_s: float = CHILD_LIMIT_S, **options: Any) -> subprocess.Popen[Any]:
    """A process that is killed when its time is up, also while the test waits for a line of its output.

    Args:
        command: program and arguments.
        limit_s: seconds it may run.
        options: of ``subprocess.Popen``.
    """
    process = subprocess.Popen(command, **options)
    threading.Thread(target=_end, args=(process, limit_s), name=f"limit of {process.pid}", daemon=True).start()
    return process


def _end(process: subprocess.Popen[Any], limit_s: float) -> None:
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
