"""``run.json``: what a run was asked for, and how far each of its starts has come."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

from vizecg.spec.checkout import git_state
from vizecg.spec.files import write_atomically
from vizecg.spec.provenance import command_line, versions
from vizecg.train.runs.folder import RECORD

SCHEMA = 1
_LIBRARIES = ("torch", "pytorch-lightning", "torchmetrics", "numpy", "opencv")


class Ending(str, Enum):
    """How a start ended; ``none``: it goes on, or its process was killed."""

    NONE = "none"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Start:
    """One process from its beginning to its end.

    ``began`` in UTC; ``seconds`` with the drawing of pictures; ``steps`` are those of the whole run when it was last
    written; ``why`` says what stopped it.
    """

    began: str
    command: str
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    processes: int
    host: str
    process: int
    seconds: float = 0.0
    steps: int = 0
    ending: Ending = Ending.NONE
    why: str = ""

    @classmethod
    def now(cls, *, processes: int) -> Start:
        code = git_state()
        return cls(
            began=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            command=command_line(),
            commit=code.commit,
            dirty=code.dirty,
            versions=versions(_LIBRARIES),
            processes=processes,
            host=platform.node(),
            process=os.getpid(),
        )


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What ``run.json`` holds.

    ``asked`` are the options by which the run finds its data again (``vizecg.verbs.train``); empty where it was started
    from Python. ``training_data`` is that of the checkpoints. ``epochs`` are wanted, ``epochs_done`` of ``steps_done``
    are kept in ``last.ckpt``. ``best`` has ``figure``, ``value`` and ``epoch``, and is None before a validation.
    ``epoch_seconds`` are those of every epoch that was trained from its first step on, with its validation.
    """

    asked: dict[str, Any] = field(default_factory=dict)
    training_data: dict[str, Any] = field(default_factory=dict)
    started_from: str | None = None
    epochs: int
    epochs_done: int = 0
    steps_done: int = 0
    best: dict[str, Any] | None = None
    epoch_seconds: dict[str, float] = field(default_factory=dict)
    starts: tuple[Start, ...] = ()

    @property
    def seconds(self) -> float:
        """Of all starts together."""
        return sum(start.seconds for start in self.starts)

    def started(self, start: Start) -> RunRecord:
        return replace(self, starts=(*self.starts, start))

    def with_last(self, **changes: Any) -> RunRecord:
        """With changes of its last start."""
        return replace(self, starts=(*self.starts[:-1], replace(self.starts[-1], **changes)))

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> RunRecord:
        """Raises ValueError, KeyError or TypeError for anything else."""
        values = dict(raw)
        if values.pop("schema") != SCHEMA:
            raise ValueError(f"schema {raw['schema']}, this version reads {SCHEMA}")
        starts = tuple(Start(**{**start, "ending": Ending(start["ending"])}) for start in values.pop("starts"))
        return cls(**values, starts=starts)


def read_record(run: Path) -> RunRecord | None:
    """The record of a run; None where there is none that can be read, as with runs of before there were records."""
    try:
        return RunRecord.from_dict(json.loads((run / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(run: Path, record: RunRecord) -> None:
    write_atomically(run / RECORD, json.dumps(record.to_dict(), indent=1) + "\n")
