"""The figures that a run has logged, of all its starts together, and those of each epoch."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vizecg.train.runs.folder import METRICS, log_folders

Column = dict[int, float]
"""Step -> value."""
_NO_FIGURES = ("loss/", "kl/", "lr-", "epoch")


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """``number`` from 1; ``loss`` is the mean of the logged steps; ``figures`` are those of its validation."""

    number: int
    step: int
    loss: float | None
    learning_rate: float | None
    figures: Mapping[str, float]


def logged(run: Path) -> dict[str, Column]:
    """Every column of a run's logs by name; a run that was resumed has several logs.

    A run starts again at its last checkpoint, before the last step that an interrupted log holds: a later log replaces
    all of the earlier ones from its first step on.
    """
    joined: dict[str, Column] = {}
    for folder in log_folders(run):
        path = folder / METRICS
        if not path.is_file():
            continue
        with path.open(newline="") as handle:
            rows = [row for row in csv.DictReader(handle) if (row.get("step") or "").isdigit()]
        if not rows:
            continue
        begins = min(int(row["step"]) for row in rows)
        joined = {name: {s: v for s, v in column.items() if s < begins} for name, column in joined.items()}
        for row in rows:
            for name, value in row.items():
                if name not in (None, "step") and value and _is_number(value):
                    joined.setdefault(name, {})[int(row["step"])] = float(value)
    return {name: column for name, column in joined.items() if column}


def epochs_of(columns: Mapping[str, Column]) -> list[Epoch]:
    """Of ``logged``: what is known of each epoch, in order."""
    numbers = columns.get("epoch", {})
    rates = {step: value for name in columns if name.startswith("lr-") for step, value in columns[name].items()}
    steps: dict[int, list[int]] = {}
    for step, number in sorted(numbers.items()):
        steps.setdefault(int(number), []).append(step)
    epochs: list[Epoch] = []
    for number, own in steps.items():
        losses = [columns["loss/total"][step] for step in own if step in columns.get("loss/total", {})]
        figures = {
            name: column[step]
            for name, column in columns.items()
            if not name.startswith(_NO_FIGURES)
            for step in own
            if step in column
        }
        last = [rates[step] for step in sorted(rates) if step <= own[-1]]
        epochs.append(
            Epoch(
                number=number + 1,
                step=own[-1] + 1,
                loss=sum(losses) / len(losses) if losses else None,
                learning_rate=last[-1] if last else None,
                figures=figures,
            )
        )
    return epochs


def _is_number(text: str) -> bool:
    """The last line of a process that was killed may be half one."""
    try:
        float(text)
    except ValueError:
        return False
    return True
