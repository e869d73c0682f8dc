"""How a run stands, from the files in its folder alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.train.runs.folder import BEST, CONFIG, LAST, bytes_of, is_run
from vizecg.train.runs.lock import is_held
from vizecg.train.runs.logs import Column, Epoch, epochs_of, logged
from vizecg.train.runs.record import Ending, RunRecord, read_record


class State(str, Enum):
    """``running``: a process trains in it. ``finished``: all epochs are done. ``stopped``: it can be resumed.
    ``broken``: it cannot, and why is told."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A run at a glance.

    ``why`` is what stopped or broke it. ``data`` and ``records`` are what it is trained on. ``best`` has ``figure``,
    ``value`` and ``epoch``; ``seconds`` are those of all starts, both None where they are not known. ``bytes`` are
    checkpoints and logs, ``drawn_bytes`` the pictures that are kept beside them. ``commit`` is that of the last start.
    ``last_step`` ends the run; None where its epochs do.
    """

    run: str
    state: State
    why: str
    recipe: str | None
    architecture: str | None
    data: str | None
    records: int | None
    labels: tuple[str, ...]
    epochs: int | None
    last_step: int | None
    epochs_done: int
    steps: int
    best: dict[str, Any] | None
    seconds: float | None
    bytes: int
    drawn_bytes: int
    began: str | None
    commit: str | None
    dirty: bool | None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value, "labels": list(self.labels)}


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that a run's folder tells: ``config`` as ``config.json`` has it, ``record`` None for runs of before there
    were records, ``columns`` what it logged by step, ``epochs`` what it logged by epoch."""

    folder: Path
    summary: RunSummary
    config: dict[str, Any]
    record: RunRecord | None
    columns: Mapping[str, Column]
    epochs: list[Epoch]


def open_run(folder: Path) -> Run:
    """Read a run; whatever is damaged makes it a broken one.

    Raises:
        UsageError: there is no run.
    """
    if not is_run(folder):
        raise UsageError(f"{folder} holds no run: expected {CONFIG} and {LAST}, as vizecg train makes them")
    config, damage = _config(folder)
    record, columns = read_record(folder), logged(folder)
    epochs = epochs_of(columns)
    state, why = _state(folder, config, record, epochs, damage=damage)
    last = record.starts[-1] if record is not None and record.starts else None
    data = {} if record is None else record.training_data
    own, drawn = bytes_of(folder)
    summary = RunSummary(
        run=str(folder),
        state=state,
        why=why,
        recipe=None if record is None else record.asked.get("recipe"),
        architecture=config.get("architecture"),
        data=data.get("source"),
        records=data.get("records"),
        labels=_label_names(config),
        epochs=_wanted(config, record),
        last_step=config.get("steps"),
        epochs_done=len(_validated(epochs)) if record is None else record.epochs_done,
        steps=(epochs[-1].step if epochs else 0) if record is None else record.steps_done,
        best=_best(epochs) if record is None else record.best,
        seconds=None if record is None else round(record.seconds, 1),
        bytes=own,
        drawn_bytes=drawn,
        began=record.starts[0].began if record is not None and record.starts else None,
        commit=None if last is None else last.commit,
        dirty=None if last is None else last.dirty,
    )
    return Run(folder=folder, summary=summary, config=config, record=record, columns=columns, epochs=epochs)


def _config(folder: Path) -> tuple[dict[str, Any], str]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("no mapping")
        return config, ""
    except FileNotFoundError:
        return {}, "it ended before its first step"
    except (OSError, ValueError) as error:
        return {}, f"{CONFIG} cannot be read: {error}"


def _state(
    folder: Path, config: Mapping[str, Any], record: RunRecord | None, epochs: list[Epoch], *, damage: str
) -> tuple[State, str]:
    if is_held(folder):
        return State.RUNNING, ""
    start = record.starts[-1] if record is not None and record.starts else None
    why = "" if start is None else start.why
    if start is not None and start.ending is Ending.NONE:
        why = "its process ended without a word"
    if damage:
        return State.BROKEN, damage
    for name in (LAST, BEST):
        # A file that torch has written in whole ends as an archive does.
        if (folder / name).is_file() and not zipfile.is_zipfile(folder / name):
            return State.BROKEN, f"{name} is damaged"
    if not (folder / LAST).is_file():
        return State.BROKEN, f"no {LAST} was written{f': {why}' if why else ''}"
    done = len(_validated(epochs)) if record is None else record.epochs_done
    if done >= int(_wanted(config, record) or 0):
        return State.FINISHED, ""
    return State.STOPPED, why


def _wanted(config: Mapping[str, Any], record: RunRecord | None) -> int | None:
    """Epochs; those that ``steps`` take, which the configuration alone does not tell, are in the record."""
    if record is not None and config.get("steps") is not None:
        return record.epochs
    return config.get("epochs")


def _label_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    labels = config.get("labels", {})
    return tuple(str(label["name"]) for label in labels.get("labels", ())) if isinstance(labels, dict) else ()


def _validated(epochs: list[Epoch]) -> list[Epoch]:
    return [epoch for epoch in epochs if epoch.figures]


def _best(epochs: list[Epoch]) -> dict[str, Any] | None:
    """By the figure that chooses the best checkpoint (``vizecg.train.loop.monitor``)."""
    for figure in ("photo/image_auroc", "signal/auroc"):
        scored = [epoch for epoch in epochs if epoch.figures.get(figure, float("nan")) >= 0]
        if scored:
            best = max(scored, key=lambda epoch: epoch.figures[figure])
            return {"figure": figure, "value": best.figures[figure], "epoch": best.number}
    return None
