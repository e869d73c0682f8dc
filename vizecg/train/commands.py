"""What the verbs of the ``vizecg`` command do, once their options are parsed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from vizecg.data.registry import SourceRequest, build_source
from vizecg.spec import Condition, UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.config import RECIPES

SHOWN = ("auroc", "auprc", "precision", "recall", "f1")


def run_training(
    *,
    out: Path,
    data: str,
    root: Path | None,
    recipe: str,
    epochs: int | None,
    seed: int,
    limit: int | None,
    cache: Path | None,
    workers: int,
    threads: int | None,
    accelerator: str,
    resume: bool,
    validate_every: int,
) -> None:
    """``vizecg train``"""
    from vizecg.train.loop import RunOptions, train

    if recipe not in RECIPES:
        raise UsageError(f"unknown recipe {recipe!r}: expected one of {', '.join(RECIPES)}")
    config = RECIPES[recipe](seed=seed, **({} if epochs is None else {"epochs": epochs}))
    training = build_source(data, SourceRequest(root=root, split="train", seed=seed))
    validation = build_source(data, SourceRequest(root=root, split="val", seed=seed))
    options = RunOptions(
        out=out,
        cache=cache or out / "cache",
        workers=workers,
        accelerator=accelerator,
        threads=threads,
        resume=resume,
        validate_every=validate_every,
    )
    best = train(config=config, training=training.limited(limit), validation=validation.limited(limit), options=options)
    print(f"best checkpoint: {best}")


def run_evaluation(
    *,
    checkpoint: Path | None,
    bundle: Path | None,
    data: str,
    root: Path | None,
    fold: int,
    split: str | None,
    condition: Condition,
    limit: int | None,
    out: Path | None,
    cache: Path | None,
    workers: int,
    seed: int,
) -> None:
    """``vizecg evaluate``"""
    from vizecg.train.evaluate import bundle_classifier, checkpoint_classifier, evaluate

    if (checkpoint is None) == (bundle is None):
        raise UsageError("name one of --checkpoint and --bundle")
    if checkpoint is not None:
        classifier = checkpoint_classifier(checkpoint)
    else:
        assert bundle is not None
        classifier = bundle_classifier(bundle)
    request = SourceRequest(root=root, split=split or "val", folds=(fold,) if split is None else None, seed=seed)
    source = build_source(data, request).limited(limit)
    with tempfile.TemporaryDirectory() as scratch:
        result = evaluate(
            classifier,
            source=source,
            condition=condition,
            cache=cache or Path(scratch) / "cache",
            seed=seed,
            workers=workers,
        )
    if out is not None:
        write_atomically(out, json.dumps(result, indent=1) + "\n")
    print(_table(result))


def _table(result: dict[str, Any]) -> str:
    head = f"{result['model']} on {result['data']}, {result['condition']}, n = {result['n']}"
    lines = [head, f"{'':8}{'n+':>5}  " + "".join(f"{metric:^24}" for metric in SHOWN)]
    rows = [(label, result["positives"][label], figures) for label, figures in result["classes"].items()]
    for name, positives, figures in [*rows, ("macro", "", result["macro"])]:
        cells = "".join(f"{_cell(figures[metric]):^24}" for metric in SHOWN)
        lines.append(f"{name:8}{positives:>5}  {cells}")
    harmonic = _cell(result["macro"]["f1_of_macro"])
    lines.append(f"F1 of macro precision and recall {harmonic}; ECE " + json.dumps(result["ece"]))
    return "\n".join(lines)


def _cell(interval: dict[str, float | None]) -> str:
    if interval["value"] is None:
        return "-"
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"
