"""Result files: what was measured, on what, by which command."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

from vizecg.spec.files import write_atomically
from vizecg_edge.doctor_device import read_device


def environment() -> dict[str, Any]:
    """The machine, as far as figures depend on it."""
    found = read_device()
    return {
        "machine": found.processor,
        "cpu": found.cpu or platform.processor(),
        "cores": found.cores,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def write_result(path: Path | None, *, kind: str, figures: dict[str, Any]) -> None:
    """Write a result file, whole or not at all; nothing for None."""
    if path is None:
        return
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    content = {"schema_version": 1, "kind": kind, "command": command, "environment": environment(), **figures}
    write_atomically(path, json.dumps(content, indent=1) + "\n")
