"""What a run is asked for, and the sizes of its steps."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError

DEVICES = ("auto", "cpu", "cuda")
LEAST_MINUTES = 1.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much each step does.

    Attributes:
        compared: pictures of each kind that both drawing paths draw.
        rate_s: seconds for which each speed of drawing is measured.
        rounds, steps: turns of the training step and of its bound, and optimiser steps of each.
        batch_size: of training, where the options name none.
        limit: records of each split; None takes all.
        bootstraps: resamples behind an interval.
        workers: processes that draw and load, where the options name none; None takes all processors.
        most_epochs: of the training.
    """

    compared: int = 200
    rate_s: float = 4.0
    rounds: int = 2
    steps: int = 48
    batch_size: int = 256
    limit: int | None = None
    bootstraps: int = 200
    workers: int | None = None
    most_epochs: int = 300


SHORT_MINUTES = 20.0
SHORT = Sizes(compared=60, rate_s=3.0, rounds=1, steps=24, bootstraps=60)
"""For a run below ``SHORT_MINUTES``. On an H200 with 16 slow processors, 200 pictures of each kind took 40 s to
compare, a round of 48 steps 30 s, and 200 resamples of all figures more than 50."""
SMALL = Sizes(
    compared=4, rate_s=0.5, rounds=1, steps=6, batch_size=2, limit=12, bootstraps=20, workers=1, most_epochs=3
)
"""For a rehearsal on two processors."""


@dataclass(frozen=True, kw_only=True)
class GpuRunOptions:
    """The options of ``gpu-run``.

    Attributes:
        out: folder of the files that are to be kept.
        work: folder of caches, checkpoints, logs and of the state from which an interrupted run goes on.
        minutes: of all steps together, from the start of the command.
        budget_mib: what code and records may weigh together, since they must be brought to the machine.
        max_file_mib: of each file in ``out``; a larger checkpoint is cut into parts.
        data, root: name and place of the records, as of ``vizecg train``.
        recipe, assignments: of the training, as of ``vizecg train``; assignments win over what the run chooses.
        batch_size: of training; None takes that of ``sizes``.
        device: auto, cpu or cuda.
        workers: processes that draw and load; None takes that of ``sizes``.
        seed: of everything random.
        sizes: of the steps.
    """

    out: Path
    work: Path
    minutes: float
    budget_mib: float
    max_file_mib: float
    data: str
    root: Path | None
    recipe: str = "small"
    assignments: tuple[str, ...] = ()
    batch_size: int | None = None
    device: str = "auto"
    workers: int | None = None
    seed: int = 0
    sizes: Sizes = field(default_factory=Sizes)

    @property
    def processes(self) -> int:
        """That draw and load; 0 where this process does it itself."""
        chosen = self.sizes.workers if self.workers is None else self.workers
        return len(os.sched_getaffinity(0)) if chosen is None else chosen

    @property
    def threads(self) -> int | None:
        """Of the computation; None leaves it to torch. On a CPU that draws as well, more would be in the way."""
        return 1 if self.device == "cpu" else None

    @property
    def training_batch(self) -> int:
        return self.batch_size or self.sizes.batch_size

    def check(self) -> None:
        """Raises UsageError for what can be known to be wrong before anything is started."""
        if self.minutes < LEAST_MINUTES:
            raise UsageError(f"--minutes {self.minutes:g}: expected at least {LEAST_MINUTES:g}")
        for name, value in (("--budget-mib", self.budget_mib), ("--max-file-mib", self.max_file_mib)):
            if value <= 0:
                raise UsageError(f"{name} {value:g}: expected more than 0")
        if self.device not in DEVICES:
            raise UsageError(f"unknown device {self.device!r}: expected one of {', '.join(DEVICES)}")
        if self.root is not None and not self.root.exists():
            raise UsageError(f"--root {self.root} does not exist")
        for folder in (self.out, self.work):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{folder} is a file, expected a folder")

    def decisive(self) -> dict[str, Any]:
        """What a run that goes on must have in common with the one that it continues."""
        kept = ("data", "root", "recipe", "assignments", "batch_size", "device", "seed", "sizes")
        content = self.to_dict()
        return {name: content[name] for name in kept}

    def to_dict(self) -> dict[str, Any]:
        """Plain types, as they come back from JSON."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return content

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> GpuRunOptions:
        """What ``to_dict`` gave."""
        given = {one.name: content[one.name] for one in fields(cls)}
        given |= {name: Path(given[name]) for name in ("out", "work", "root") if given[name] is not None}
        return cls(**{**given, "assignments": tuple(given["assignments"]), "sizes": Sizes(**given["sizes"])})
