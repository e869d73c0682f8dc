"""Going on from ``last.ckpt``: only the run that it belongs to may, and from the very step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.spec import CheckpointError, UsageError
from vizecg.train.checkpoint import load_checkpoint, read_raw
from vizecg.train.config import TrainConfig
from vizecg.train.runs.folder import BEST, LAST
from vizecg.train.sampler import Position


@dataclass(frozen=True, kw_only=True)
class ResumePoint:
    """Where a run stands, and what it was trained on and started from."""

    path: Path
    position: Position
    training_data: dict[str, Any] | None
    started_from: str | None


def resume_point(out: Path, config: TrainConfig) -> ResumePoint:
    """What ``last.ckpt`` says, if it belongs to this configuration; more epochs than it was for are allowed.

    Raises:
        UsageError: there is none, or it is of another configuration: the message names the first difference.
        CheckpointError: it is damaged; the message says what else there is.
    """
    last = check_resumable(out)
    try:
        checkpoint = load_checkpoint(last)
        raw = read_raw(last)
        point = ResumePoint(
            path=last,
            position=position_of(raw),
            training_data=checkpoint.training_data,
            started_from=raw["hyper_parameters"].get("started_from"),
        )
    except (CheckpointError, KeyError, TypeError) as error:
        message = str(error) if isinstance(error, CheckpointError) else f"{last} holds no state of a run"
        raise CheckpointError(f"{message}; {_what_else(out)}") from error
    _check_same(checkpoint.config, config, last)
    return point


def check_resumable(out: Path) -> Path:
    """``last.ckpt``; UsageError where there is none."""
    last = out / LAST
    if not last.is_file():
        raise UsageError(f"{last} does not exist: there is nothing to resume")
    return last


def position_of(raw: Mapping[str, Any]) -> Position:
    """The epoch and the batch after those that a checkpoint has seen."""
    loops = raw["loops"]["fit_loop"]
    epochs, batches = loops["epoch_progress"]["current"], loops["epoch_loop.batch_progress"]
    done = int(epochs["processed"])
    if done == epochs["ready"]:
        return Position(epoch=done)
    if batches["is_last_batch"]:
        return Position(epoch=done + 1)
    return Position(epoch=done, batch=int(batches["current"]["processed"]))


def check_same_data(point: ResumePoint, training_data: Mapping[str, Any]) -> None:
    """Raise UsageError if the run was trained on other records so far."""
    if point.training_data is None:
        return
    for key in ("records", "records_sha256"):
        before, now = point.training_data.get(key), training_data[key]
        if before != now:
            raise UsageError(f"{point.path} was trained on other records: training_data.{key} {before}, now {now}")


def _what_else(out: Path) -> str:
    best = out / BEST
    try:
        read = load_checkpoint(best)
        epoch = position_of(read_raw(best)).epoch
    except (UsageError, CheckpointError, KeyError, TypeError):
        return "no other checkpoint of this run can be read"
    return f"{read.path} is whole, of epoch {epoch}: copy it to {out / LAST} and resume from there"


def _check_same(before: TrainConfig, now: TrainConfig, path: Path) -> None:
    if now.epochs < before.epochs:
        raise UsageError(
            f"{path} was made with epochs = {before.epochs}, now {now.epochs}: a run can only be prolonged"
        )
    found, wanted = dict(_flat(before)), dict(_flat(now))
    for key in dict.fromkeys([*wanted, *found]):
        # The precision that a run computes in is the one recorded; by which way it came to it is all the same.
        if key not in ("epochs", "emulate_bf16") and found.get(key) != wanted.get(key):
            raise UsageError(
                f"{path} was made with {key} = {found.get(key)}, now {wanted.get(key)}: resume it unchanged"
            )


def _flat(config: TrainConfig) -> Iterator[tuple[str, Any]]:
    for key, value in config.model_dump(mode="json").items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", below) for inner, below in value.items())
        else:
            yield key, value
