"""Result files: what was measured, on what, by which command."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from vizecg.spec.files import write_atomically


def environment() -> dict[str, Any]:
    """The machine, as far as figures depend on it."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else ""
    return {
        "machine": platform.machine(),
        "cpu": model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
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
