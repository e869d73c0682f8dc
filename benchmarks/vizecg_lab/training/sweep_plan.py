"""What a sweep tries: a file of settings, and one configuration for every run of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vizecg.spec import UsageError
from vizecg.train.config import TrainConfig
from vizecg.train.settings import read_yaml, resolve


class SweepFile(BaseModel):
    """``recipe``, ``settings`` of all runs, and the ``runs``: name -> what differs; by dotted names, as of ``--set``.

    The first run is the one that the others are compared with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = "small"
    settings: dict[str, Any] = Field(default_factory=dict)
    runs: dict[str, dict[str, Any] | None] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A run of a sweep; ``config`` without the steps that fit into its time."""

    name: str
    config: TrainConfig

    def lasting(self, steps: int) -> TrainConfig:
        """The configuration of a run of so many steps, with the schedule of a run of that length."""
        return TrainConfig.model_validate({**self.config.model_dump(mode="json"), "steps": steps})


def read_plan(path: Path, *, names: tuple[str, ...] = ()) -> tuple[Candidate, ...]:
    """The runs of a file, or those of these names.

    Raises:
        UsageError: no such file, a setting that does not exist, or a name that it does not have.
    """
    try:
        plan = SweepFile.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    unknown = [name for name in names if name not in plan.runs]
    if unknown:
        raise UsageError(f"{path} has no run {unknown[0]!r}: expected some of {', '.join(plan.runs)}")
    chosen = [name for name in plan.runs if not names or name in names]
    found = []
    for name in chosen:
        options = {**plan.settings, **(plan.runs[name] or {})}
        try:
            found.append(Candidate(name=name, config=resolve(recipe=plan.recipe, options=options)))
        except UsageError as error:
            raise UsageError(f"{path}, run {name}: {error}") from error
    return tuple(found)
