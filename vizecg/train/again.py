"""Going on with a run without naming again what it was started with: its folder knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vizecg.data.choices import source_place
from vizecg.data.registry import NEEDS
from vizecg.spec import CheckpointError, UsageError
from vizecg.spec.checks import first_line
from vizecg.train.config import TrainConfig
from vizecg.train.runs.folder import CONFIG
from vizecg.train.runs.record import read_record


def asked_again(run: Path, given: Mapping[str, Any], *, free: Sequence[str]) -> dict[str, Any]:
    """The options by which a run finds its data: those of its record, and ``free`` ones as they are given now.

    Args:
        run: its folder.
        given: option -> value in plain types, None where it was not given now.
        free: options that may change: where data lie, not which they are.

    Raises:
        UsageError: another one was given than the run was started with; the message names both.
    """
    record = read_record(run)
    before = {} if record is None else record.asked
    asked: dict[str, Any] = {}
    for name, now in given.items():
        known = before.get(name)
        if now is None:
            asked[name] = known
        elif name in free or name not in before or now == known:
            asked[name] = now
        else:
            option = name.replace("_", "-")
            raise UsageError(f"{run} was started with --{option} {_told(known)}, now {_told(now)}: leave it out")
    if asked["data"] is None:
        raise UsageError(f"{run} does not tell what it was trained on: name it with --data")
    if asked["data"] in NEEDS and asked["root"] is None:
        raise UsageError(f"{run} does not tell where its records lie: name their folder with --root")
    return asked


def knows_recipe(run: Path) -> bool:
    """Whether its record says by which recipe it was started, so that another one is found out."""
    record = read_record(run)
    return record is not None and record.asked.get("recipe") is not None


def placed(data: str | None, root: Path | None) -> tuple[str | None, str | None]:
    """Name of a source, and the folder of its records as any process finds it."""
    if data is not None:
        data, root = source_place(data, root)
    return data, None if root is None else str(root.resolve())


def told_start(start_from: str | None) -> str | None:
    """What ``--start-from`` names, as any process finds it."""
    return start_from if start_from is None or not Path(start_from).is_file() else str(Path(start_from).resolve())


def config_of(run: Path) -> TrainConfig:
    """``config.json``.

    Raises:
        CheckpointError: it is gone or damaged.
    """
    try:
        return TrainConfig.model_validate(json.loads((run / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise CheckpointError(f"{run / CONFIG} cannot be read: {first_line(error)}") from error


def _told(value: Any) -> str:
    if value is None:
        return "left out"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
