"""Result files: what was measured, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vizecg.spec.files import write_atomically
from vizecg.spec.provenance import provenance


def write_result(path: Path | None, *, kind: str, figures: dict[str, Any]) -> None:
    """Write a result file, whole or not at all; nothing for None."""
    if path is None:
        return
    content = {"schema_version": 1, "kind": kind, **provenance(), **figures}
    write_atomically(path, json.dumps(content, indent=1) + "\n")
