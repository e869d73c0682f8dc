"""Result files: what was measured, on what, by which command and code. Every tool writes and reads this one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.spec.errors import UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.provenance import provenance

RESULT_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """A result file that was read.

    ``commit`` is None where the file does not tell it, or where the code was no checkout; ``bundle_sha256`` likewise
    where nothing was measured with a bundle. ``figures`` is the whole content.
    """

    path: Path
    sha256: str
    kind: str
    command: str
    commit: str | None
    dirty: bool | None
    bundle_sha256: str | None
    figures: dict[str, Any]


def write_result(path: Path | None, *, kind: str, figures: dict[str, Any]) -> None:
    """Write a result file with its provenance, whole or not at all; nothing for None."""
    if path is None:
        return
    content = {"schema_version": RESULT_SCHEMA, "kind": kind, **provenance(), **figures}
    write_atomically(path, result_text(content))


def result_text(content: Mapping[str, Any]) -> str:
    """JSON with a line for each of its own keys: what changed is seen, and numbers without end take no line each."""
    lines = (f" {json.dumps(name)}: {json.dumps(value)}" for name, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_result(path: Path) -> Result:
    """Read a result file, of ``write_result`` or of ``vizecg-bench run``.

    Raises:
        UsageError: no such file, not JSON, or without what every result tells.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    raw = path.read_bytes()
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} is no result: expected an object, got {type(data).__name__}")
    for name, kind in (("schema_version", int), ("kind", str), ("command", str)):
        if not isinstance(data.get(name), kind) or data[name] == "":
            raise UsageError(f"{path} is no result: it has no {name}")
    commit, dirty = _code(data)
    bundle = data.get("bundle")
    return Result(
        path=path,
        sha256=sha256_bytes(raw),
        kind=data["kind"],
        command=data["command"],
        commit=commit,
        dirty=dirty,
        bundle_sha256=bundle.get("sha256") if isinstance(bundle, dict) else None,
        figures=data,
    )


def _code(data: dict[str, Any]) -> tuple[str | None, bool | None]:
    """``vizecg-bench run`` tells the code it ran with its environment."""
    source, environment = data.get("source"), data.get("environment")
    if isinstance(source, dict):
        return source.get("commit"), source.get("dirty")
    if isinstance(environment, dict):
        return environment.get("git_commit"), environment.get("git_dirty")
    return None, None
