"""Scores of runs that are finished: what a later call of the same command finds, and does not make again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically

_FILE = "scores.npz"
_KEY, _TOLD = "key", "told"


def read_finished(folder: Path, key: str) -> dict[str, Any] | None:
    """What ``write_finished`` put into a run's folder: its arrays by name, and ``told``; None where nothing lies there.

    Raises:
        UsageError: it is of a run of another key.
    """
    path = folder / _FILE
    if not path.is_file():
        return None
    with np.load(path) as data:
        check_key(str(data[_KEY]), key, folder)
        arrays = {name: data[name] for name in data.files if name not in (_KEY, _TOLD)}
        return {**arrays, _TOLD: json.loads(str(data[_TOLD]))}


def write_finished(folder: Path, key: str, *, told: dict[str, Any], **arrays: np.ndarray) -> dict[str, Any]:
    """Write a run's arrays, and what is told of it in plain types; whole, or not at all. Returns both."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{_KEY: key, _TOLD: json.dumps(told)}, **arrays)
    write_atomically(folder / _FILE, buffer.getvalue())
    return {**arrays, _TOLD: told}


def check_key(found: str, wanted: str, folder: Path) -> None:
    """Raise UsageError where a folder holds another run than the one that is wanted."""
    if found != wanted:
        raise UsageError(f"{folder} holds a run of other settings or records: name another --out or delete it")
