"""What is done already: the file from which an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg_lab.gpu.options import GpuRunOptions
from vizecg_lab.gpu.plan import PlannedStep

STATE = "state.json"
SCHEMA_VERSION = 1


class Status(str, Enum):
    """``failed`` has a reason in one line; ``skipped``: there was no time left for it; ``stopped``: by a signal."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """What came of a step; ``result`` is also there where the step completed and found something wrong."""

    status: Status
    seconds: float = 0.0
    limit_s: float | None = None
    why: str | None = None
    result: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "status": self.status.value}


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Steps by name, in the order in which they were finished; kept in ``work/state.json``."""

    options: GpuRunOptions
    steps: dict[str, StepRecord]
    starts: int = 1

    def done(self, name: str) -> bool:
        return name in self.steps and self.steps[name].status is Status.DONE

    def results(self) -> dict[str, dict[str, Any]]:
        """Of the steps that left one."""
        return {name: step.result for name, step in self.steps.items() if step.result is not None}

    def having(self, name: str, record: StepRecord) -> RunState:
        """With that step, and written."""
        changed = replace(self, steps={**{k: v for k, v in self.steps.items() if k != name}, name: record})
        changed.write()
        return changed

    def write(self) -> None:
        content = {
            "schema_version": SCHEMA_VERSION,
            "options": self.options.to_dict(),
            "starts": self.starts,
            "steps": {name: step.to_dict() for name, step in self.steps.items()},
        }
        write_atomically(self.options.work / STATE, json.dumps(content, indent=1) + "\n")


def open_state(options: GpuRunOptions, *, again: Iterable[str], steps: Sequence[PlannedStep]) -> RunState:
    """A new state, or that of an earlier start without the steps ``again`` and what measures their results.

    Raises:
        UsageError: an unknown step, or the folder holds a run of other options: the message names the first.
    """
    known = [step.name for step in steps]
    for name in again:
        if name not in known:
            raise UsageError(f"--again {name}: expected one of {', '.join(known)}")
    path = options.work / STATE
    if not path.is_file():
        options.work.mkdir(parents=True, exist_ok=True)
        return RunState(options=options, steps={})
    try:
        content = json.loads(path.read_text())
        before = GpuRunOptions.from_dict(content["options"]).decisive()
        found = {
            name: StepRecord(**{**step, "status": Status(step["status"])}) for name, step in content["steps"].items()
        }
        starts = int(content["starts"]) + 1
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is damaged ({error}): delete {options.work}, or name another folder") from error
    for name, value in options.decisive().items():
        if before[name] != value:
            raise UsageError(f"{options.work} holds a run with {name} {before[name]}, now {value}: name another folder")
    anew = {*again, *(step.name for step in steps if step.needs in set(again))}
    return RunState(options=options, steps={k: v for k, v in found.items() if k not in anew}, starts=starts)
