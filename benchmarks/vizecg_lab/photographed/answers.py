"""What a device says of photographs with known labels, as ``vizecg-edge run --json`` tells it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records.sheets import LABELS_FILE
from vizecg.spec import UsageError


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The photographs of a folder, by file name without its ending: labels int64 (n, labels) and patients."""

    names: tuple[str, ...]
    photos: tuple[str, ...]
    labels: np.ndarray
    patients: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One system's, in the order of the truth.

    Attributes:
        name: what it is called in tables.
        probabilities: float64 (n, labels); NaN where a photograph was refused.
        decisions: float64 (n, labels): 1 present, 0 absent, NaN undecided or refused.
        rates_bpm: float64 (n,) as measured; NaN where it was not.
        reasons: why photographs were refused, None where they were answered.
    """

    name: str
    probabilities: np.ndarray
    decisions: np.ndarray
    rates_bpm: np.ndarray
    reasons: tuple[str | None, ...]

    @property
    def answered(self) -> np.ndarray:
        """bool (n,)"""
        return np.isfinite(self.probabilities).all(axis=1)

    @property
    def present(self) -> np.ndarray:
        """int64 (n, labels): what is said to be there; what is undecided or refused counts as not said."""
        return (self.decisions == 1).astype(np.int64)


def read_truth(folder: Path, *, names: tuple[str, ...]) -> Truth:
    """``labels.csv`` of a folder of photographs.

    Raises:
        UsageError: there is none, or it lacks a column.
    """
    path = folder / LABELS_FILE
    if not path.is_file():
        raise UsageError(f"{path} does not exist: expected a folder that `vizecg_lab photographs` made")
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    missing = [column for column in ("photo", *names, "patient_id") if not rows or column not in rows[0]]
    if missing:
        raise UsageError(f"{path} has no column {missing[0]}")
    return Truth(
        names=names,
        photos=tuple(Path(row["photo"]).stem for row in rows),
        labels=np.array([[int(row[name]) for name in names] for row in rows], np.int64),
        patients=tuple(row["patient_id"] for row in rows),
    )


def read_answers(path: Path, truth: Truth) -> Answers:
    """The lines of ``vizecg-edge run --json`` on the photographs of ``truth``.

    Raises:
        UsageError: it is no such file, or does not answer to all of them.
    """
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        found = {Path(line["input"]["path"]).stem: line for line in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} holds no answers of `vizecg-edge run --json`: {error}") from error
    lacking = [photo for photo in truth.photos if photo not in found]
    if lacking:
        raise UsageError(f"{path} says nothing of {lacking[0]} and {len(lacking) - 1} more of {len(truth.photos)}")
    told = [found[photo] for photo in truth.photos]
    return Answers(
        name=path.stem,
        probabilities=np.array([_row(line.get("probabilities"), truth.names) for line in told]),
        decisions=np.array([_row(line.get("decisions"), truth.names) for line in told]),
        rates_bpm=np.array([_number((line.get("measured") or {}).get("rate_bpm")) for line in told]),
        reasons=tuple(None if line["status"] == "answered" else ",".join(line["reasons"]) for line in told),
    )


def _row(values: dict[str, Any] | None, names: tuple[str, ...]) -> list[float]:
    return [_number((values or {}).get(name)) for name in names]


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
