"""The records that a run sees: how they are kept, and what is told of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.cache import InkCache, await_cache, build_cache
from vizecg.data.source import RecordSource
from vizecg.spec import Condition
from vizecg.spec.fingerprint import sha256_ids
from vizecg.train.config import TrainConfig


def open_cache(
    folder: Path,
    name: str,
    *,
    source: RecordSource,
    config: TrainConfig,
    conditions: tuple[Condition, ...] | None = None,
    workers: int,
    drawn_here: bool = True,
) -> InkCache:
    """What a run keeps of the records of one split, in a folder of its own below ``folder``.

    Args:
        folder: of all caches of a run.
        name: of the split.
        source: its records.
        config: says what is kept: pictures, or signals alone.
        conditions: of the pictures; None for those of the training, and its recorders.
        workers: processes that draw.
        drawn_here: the first process of a run draws; the others wait for what it draws.
    """
    if conditions is None:
        spec = config.cache_spec(config.conditions, recorders=config.recorders)
    else:
        # What judges is as it was recorded.
        spec = config.cache_spec(conditions)
    place = folder / (f"{name}-signals" if config.draws_anew else name)
    if not drawn_here:
        return await_cache(place, source=source, spec=spec)
    return build_cache(place, source=source, spec=spec, workers=max(1, workers))


def positive_weight(config: TrainConfig, cache: InkCache) -> list[float] | None:
    """Per class, how much more a positive counts than a negative; None where all count the same."""
    if config.class_weights == "none":
        return None
    positives = np.array(cache.labels[cache.rows]).sum(axis=0)
    ratio = (len(cache.rows) - positives) / np.maximum(positives, 1)
    return [float(value) for value in (np.sqrt(ratio) if config.class_weights == "sqrt" else ratio)]


def tell_one_sided(cache: InkCache, config: TrainConfig) -> None:
    """What no validation record has, or every one, cannot be validated."""
    present = np.array(cache.labels[cache.rows]).mean(axis=0)
    names = config.label_set().names
    told = [
        f"{which} validation record has {', '.join(found)}"
        for which, share in (("no", 0), ("every", 1))
        if (found := [name for name, one in zip(names, present, strict=True) if one == share])
    ]
    if told:
        print(f"{'; '.join(told)}: an AUROC of 0 there, and in the mean that chooses the best", file=sys.stderr)


def described(source: RecordSource, cache: InkCache) -> dict[str, Any]:
    """Which records a network has seen, in plain types: for the checkpoint and, from there, the model card."""
    seen = [cache.record_ids[row] for row in cache.rows]
    return {
        "source": source.name,
        "records": len(seen),
        "left_out": len(cache.refused),
        "records_sha256": sha256_ids(seen),
    }
