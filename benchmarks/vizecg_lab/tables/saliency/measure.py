"""Does distillation change where the model looks? Saliency inside the leads that a cardiologist would read.

Every record is drawn clean, so that the place of each lead is known. What a network puts into the regions of the
expected leads is compared with the share of the pen's ink there (what one gets by looking wherever there is ink) and
with the same network before any training: maps that stay the same with random weights say nothing about the weights
(Adebayo et al., NeurIPS 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource
from vizecg.spec import CODE6, LEADS, UsageError
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.saliency import EXPECTED, SaliencyMethod
from vizecg_lab.tables.intervals import mean_interval
from vizecg_lab.tables.saliency.looks import AREA, INK, UNTRAINED, Looks, load_model, look, positives, untrained
from vizecg_lab.tables.saliency.regions import ink_weights
from vizecg_lab.tables.saliency.report import write_saliency_report


def measure_saliency(
    checkpoints: Mapping[str, Path],
    *,
    source: RecordSource,
    limit: int,
    out: Path,
    seed: int = 0,
) -> dict[str, Any]:
    """Look into every checkpoint's image stream, and into its signal stream, and write a report.

    Args:
        checkpoints: name (such as "with distillation") -> checkpoint of a VizECGNet with an image stream. Differences
            are the first one minus each other.
        source: of labelled records, none of which the checkpoints were trained on.
        limit: positives per class, drawn at random.
        out: folder of ``report.md``, ``figures.json`` and the pictures; created when absent.
        seed: of the choice of records and of the untrained networks.

    Returns:
        What ``figures.json`` holds under ``methods`` -> class -> ``inside`` and ``distance``, each by model.

    Raises:
        UsageError: no checkpoint, not a VizECGNet with an image stream, or a class without records.
    """
    if not checkpoints:
        raise UsageError("name at least one checkpoint")
    models = [load_model(name, path) for name, path in checkpoints.items()]
    models.append(untrained(models[0], seed=seed))
    records, refused = positives(source, limit=limit, seed=seed)
    looks: dict[str, dict[str, Looks]] = {}
    for column, label in enumerate(CODE6.names):
        found = {model.name: look(model, records[label], column) for model in models}
        # Against the trained signal stream: two untrained ones agree with each other, as both look everywhere.
        found[UNTRAINED] = replace(found[UNTRAINED], teacher=found[models[0].name].teacher)
        looks[label] = found
    result = {
        "data": source.name,
        "records": {label: len(found) for label, found in records.items()},
        "refused": refused,
        "seed": seed,
        "checkpoints": {name: load_checkpoint(path).sha256 for name, path in checkpoints.items()},
        "expected": {
            label: {"leads": list(wanted.leads), "rhythm_strip": wanted.rhythm_strip, "source": wanted.source}
            for label, wanted in EXPECTED.items()
        },
        "methods": {
            method.value: {label: _figures(label, method.value, looks[label]) for label in CODE6.names}
            for method in SaliencyMethod
        },
        "spread": {label: _spread(looks[label]) for label in CODE6.names},
    }
    write_saliency_report(result, looks=looks, models=models[:-1], out=out)
    return result


def _figures(label: str, method: str, looks: Mapping[str, Looks]) -> dict[str, Any]:
    """Shares and distances of every model, and the first one's minus those of the others."""
    names = list(looks)
    first = looks[names[0]]
    ink = np.stack([view.regions.shares(ink_weights(view.ink)) for view in first.views])
    wanted = [view.regions.expected(label) for view in first.views]
    inside = {name: found.inside(label, method) for name, found in looks.items()}
    apart = {name: found.apart(found.shares[method]) for name, found in looks.items()}
    baselines = {
        INK: np.array([row[places].sum() for row, places in zip(ink, wanted, strict=True)]),
        AREA: np.array([view.regions.area[places].sum() for view, places in zip(first.views, wanted, strict=True)]),
    }
    return {
        "inside": {name: mean_interval(values) for name, values in {**inside, **baselines}.items()},
        "inside_minus_ink": {name: mean_interval(values - baselines[INK]) for name, values in inside.items()},
        "inside_first_minus": {name: mean_interval(inside[names[0]] - inside[name]) for name in names[1:]},
        "distance": {
            **{name: mean_interval(values) for name, values in apart.items()},
            INK: mean_interval(first.apart(ink)),
        },
        "distance_first_minus": {name: mean_interval(apart[names[0]] - apart[name]) for name in names[1:]},
        "empty_maps": {name: int(np.isnan(values).sum()) for name, values in inside.items()},
    }


def _spread(looks: Mapping[str, Looks]) -> dict[str, Any]:
    """Mean over the records: over the places by model and method, and over the leads by teacher."""
    first = next(iter(looks.values()))
    names = [*first.views[0].regions.names, "outside"]

    def mean(rows: np.ndarray, keys: Sequence[str]) -> dict[str, float] | None:
        known = rows[np.isfinite(rows).all(axis=1)]
        return dict(zip(keys, np.round(known.mean(axis=0), 5).tolist(), strict=True)) if len(known) else None

    return {
        name: {
            **{method: mean(rows, names) for method, rows in found.shares.items()},
            "teacher": None if found.teacher is None else mean(found.teacher, LEADS),
        }
        for name, found in looks.items()
    }
