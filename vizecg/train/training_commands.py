"""What ``vizecg train`` does, once its options are parsed."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vizecg.data.registry import SourceRequest, build_source
from vizecg.spec import UsageError
from vizecg.train.settings import resolve, to_yaml

if TYPE_CHECKING:
    from vizecg.train.loop import TrainingResult


def run_training(
    *,
    out: Path | None,
    data: str,
    root: Path | None,
    recipe: str,
    config_file: Path | None,
    assignments: Sequence[str],
    options: Mapping[str, Any],
    print_config: bool,
    limit: int | None,
    cache: Path | None,
    as_json: bool,
    **run: Any,
) -> None:
    """Configure, train, and say what came of it.

    Args:
        options: dotted path of a setting -> value, None where the option was not given.
        run: the fields of ``RunOptions`` but its folders.
    """
    given = {path: value for path, value in options.items() if value is not None}
    config = resolve(recipe=recipe, file=config_file, assignments=assignments, options=given)
    if print_config:
        print(to_yaml(config), end="")
        return
    if out is None:
        raise UsageError("name the folder of the run with --out")
    from vizecg.train.loop import RunOptions, train

    # What it has to say about itself; its warnings stay.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    training = build_source(data, SourceRequest(root=root, split="train", seed=config.seed))
    validation = build_source(data, SourceRequest(root=root, split="val", seed=config.seed))
    result = train(
        config=config,
        training=training.limited(limit),
        validation=validation.limited(limit),
        options=RunOptions(out=out, cache=cache or out / "cache", **run),
    )
    if result.first:
        _tell(result, out, as_json=as_json)
    if result.stopped:
        # As a process that the signal ended.
        sys.exit(128 + result.stopped)


def _tell(result: TrainingResult, out: Path, *, as_json: bool) -> None:
    if not result.finished:
        print(
            f"stopped after {result.steps} steps; {out / 'last.ckpt'} is written: "
            "go on with the same command and --resume",
            file=sys.stderr,
        )
    if as_json:
        found = {
            "best_checkpoint": None if result.best is None else str(result.best),
            "figure": result.figure,
            "value": result.value,
            "best_epoch": result.best_epoch,
            "epochs": result.epochs,
            "steps": result.steps,
            "seconds": result.seconds,
            "finished": result.finished,
        }
        print(json.dumps(found))
    elif result.best is None:
        print(f"no checkpoint was validated yet; {result.epochs} epochs, {result.seconds:.0f} s")
    else:
        print(
            f"best checkpoint: {result.best} ({result.figure} {result.value:.4f}, epoch {result.best_epoch});"
            f" {result.epochs} epochs, {result.seconds:.0f} s"
        )
