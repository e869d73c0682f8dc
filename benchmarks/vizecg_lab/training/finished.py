"""Runs that are trained to their end, and their scores: what a later call of the same command finds, and does not make
again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource
from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.config import TrainConfig
from vizecg.train.loop import RunOptions, TrainingResult, train
from vizecg.train.runs.folder import LAST

WATCHED = 64
"""Records that are validated while it trains, which decides nothing: the last weights are taken."""
_FILE = "scores.npz"
_KEY, _TOLD = "key", "told"


def train_to_the_end(
    config: TrainConfig,
    *,
    training: RecordSource,
    validation: RecordSource,
    folder: Path,
    cache: Path,
    watched: int = WATCHED,
    **options: Any,
) -> TrainingResult:
    """Train in ``folder``, or go on with what was stopped there; ``options`` are further ones of ``RunOptions``.

    Raises:
        UsageError: it was stopped again; or as ``train``.
    """
    result = train(
        config=config,
        training=training,
        validation=validation.limited(watched),
        options=RunOptions(
            out=folder, cache=cache, accelerator="cpu", resume=(folder / LAST).is_file(), validate_every=config.epochs,
            **options,
        ),
    )  # fmt: skip
    if not result.finished:
        raise UsageError(f"stopped after {result.steps} steps: the same command goes on with {folder}")
    return result


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
