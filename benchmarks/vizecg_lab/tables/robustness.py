"""Which print condition costs how much: several models side by side, on the same records under every condition.

The figures are those of ``vizecg evaluate --all-conditions``; here models are compared and drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vizecg.data.source import RecordSource
from vizecg.scoring.metrics import nested
from vizecg.spec import CODE6, Condition, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.results import write_result
from vizecg.train.evaluation.measure import Fit, Measured, measure, paired
from vizecg.train.evaluation.measure import result as evaluation_result
from vizecg.train.evaluation.predict import Classifier, Predictions, predict
from vizecg_bench.report.plots.colours import colours_of
from vizecg_bench.report.text import markdown_table
from vizecg_lab.tables.intervals import shown
from vizecg_lab.tables.plots import grouped_bars

BOOTSTRAPS = 300


def measure_robustness(
    classifiers: Mapping[str, Classifier],
    *,
    source: RecordSource,
    conditions: Sequence[Condition] = tuple(Condition),
    out: Path,
    cache: Path,
    limit: int | None = None,
    workers: int = 2,
    seed: int = 0,
    fit: Fit = Fit.NONE,
    bootstraps: int = BOOTSTRAPS,
) -> dict[str, Any]:
    """AUROC and F1 of every model under every condition, and what each condition costs; and write a report.

    Args:
        classifiers: name -> ``checkpoint_classifier`` or ``bundle_classifier``. Differences between models are the
            first one minus each other.
        source: of labelled records.
        conditions: the first, clean by default, is what the others are compared with.
        out: folder of ``report.md``, ``figures.json``, ``auroc.png`` and ``cost.png``; created when absent.
        cache: folder of drawn sheets, one per condition and input size; used again.
        limit: first records of the source; all for None.
        workers: processes that draw.
        seed: of the drawing and of the resampling.
        fit: ``cross`` fits thresholds across patients; a checkpoint's own are 0.5.
        bootstraps: resamples of the records.

    Returns:
        ``models``: per model as ``vizecg.train.evaluation.measure.result``; ``first_minus``: other model -> condition
        -> figures, with paired intervals.

    Raises:
        UsageError: no model or condition, a model that sees no pictures, or a cache of other records.
    """
    if not classifiers or not conditions:
        raise UsageError("name at least one model and one condition")
    for name, classifier in classifiers.items():
        if not classifier.looks_at.has_image:
            raise UsageError(f"{name} sees no pictures: print conditions say nothing about it")
    records = source.limited(limit)
    predictions = [
        predict(
            classifier, source=records, condition=condition, cache=cache / _folder(classifier, condition), seed=seed,
            workers=workers,
        )
        for classifier in classifiers.values()
        for condition in conditions
    ]  # fmt: skip
    # Over all models and conditions, so that every difference is of the same records.
    common = iter(paired(predictions))
    measured = {
        name: [_measured(classifier, condition, next(common), fit, bootstraps, seed) for condition in conditions]
        for name, classifier in classifiers.items()
    }
    result = {
        "data": source.name,
        "records": len(records),
        "seed": seed,
        "conditions": [condition.value for condition in conditions],
        "models": {
            name: evaluation_result(classifiers[name], data=source.name, fit=fit, measured=found)
            for name, found in measured.items()
        },
        "first_minus": _between(measured),
    }
    out.mkdir(parents=True, exist_ok=True)
    _draw(result, out)
    write_atomically(out / "report.md", report(result))
    write_result(out / "figures.json", kind="robustness", figures=result)
    return result


def _measured(
    classifier: Classifier, condition: Condition, found: Predictions, fit: Fit, bootstraps: int, seed: int
) -> Measured:
    return measure(condition.value, classifier, found, fit=fit, bootstraps=bootstraps, seed=seed)


def _folder(classifier: Classifier, condition: Condition) -> str:
    """Models of the same input share what is drawn."""
    content = [classifier.sheet.to_dict(), classifier.preprocess.to_dict(), classifier.signal.to_dict()]
    return f"{condition.value}-{sha256_bytes(json.dumps(content, sort_keys=True).encode())[:12]}"


def _between(measured: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    names = list(measured)
    first = measured[names[0]]
    return {
        name: {
            one.name: nested(one.own.minus(other.own), names=one.names)
            for one, other in zip(first, measured[name], strict=True)
        }
        for name in names[1:]
    }


def _draw(result: Mapping[str, Any], out: Path) -> None:
    conditions, models = result["conditions"], result["models"]
    colours = colours_of(list(models))
    titles = ("macro", *CODE6.names)
    levels = {
        title: {
            name: {condition: _auroc(found["conditions"][condition], title) for condition in conditions}
            for name, found in models.items()
        }
        for title in titles
    }
    # AUROC begins at 0.5: a bar from there would have no honest length, so points.
    grouped_bars(
        out / "auroc.png", levels, title=f"AUROC per print condition, {result['data']}", ylabel="AUROC",
        colours=colours, from_zero=False, wide=12,
    )  # fmt: skip
    if len(conditions) > 1:
        costs = {
            title: {
                name: {one: _auroc(found["differences"]["own"][one], title) for one in conditions[1:]}
                for name, found in models.items()
            }
            for title in titles
        }
        grouped_bars(
            out / "cost.png", costs, title=f"AUROC minus that under {conditions[0]}, {result['data']}",
            ylabel="difference", colours=colours, wide=12,
        )  # fmt: skip


def _auroc(figures: Mapping[str, Any], title: str) -> dict[str, Any]:
    section = figures["macro"] if title == "macro" else figures["classes"][title]
    return dict(section["auroc"])


def report(result: Mapping[str, Any]) -> str:
    """Markdown for people."""
    conditions, models = result["conditions"], result["models"]
    entry = next(iter(models.values()))["conditions"][conditions[0]]
    positives = ", ".join(f"{label} {n}" for label, n in entry["positives"].items())
    parts = [
        "# Print conditions",
        f"{result['data']}, {entry['n']} records ({positives}), each drawn under every condition. 95 % bootstrap"
        f" intervals over records; differences to {conditions[0]} and between models are paired.",
        "![AUROC](auroc.png)",
    ]
    if len(conditions) > 1:
        parts.append("![differences](cost.png)")
    for name, found in models.items():
        parts += [f"## {name}", "Macro:", _macro_table(found, conditions)]
        rows = [
            [one, *(shown(_auroc(found["conditions"][one], label)) for label in CODE6.names)] for one in conditions
        ]  # fmt: skip
        parts += ["AUROC per class:", markdown_table(["condition", *CODE6.names], rows)]
        thresholds = ", ".join(
            f"{label} {value:.3g}" for label, value in found["conditions"][conditions[0]]["thresholds"].items()
        )
        rows = [
            [one, *(shown(found["conditions"][one]["classes"][label]["f1"]) for label in CODE6.names)]
            for one in conditions
        ]
        parts += [f"F1 per class, at the model's own thresholds ({thresholds}):"]
        parts += [markdown_table(["condition", *CODE6.names], rows)]
    for name, by_condition in result["first_minus"].items():
        rows = [
            [one, *(shown(found["macro"][metric], signed=True) for metric in ("auroc", "auprc", "f1"))]
            for one, found in by_condition.items()
        ]
        parts += [
            f"## {next(iter(models))} minus {name}",
            markdown_table(["condition", "macro AUROC", "macro AUPRC", "macro F1"], rows),
        ]
    return "\n\n".join(parts) + "\n"


def _macro_table(found: Mapping[str, Any], conditions: Sequence[str]) -> str:
    """A line per condition, with the F1 of fitted thresholds where there are any."""
    fitted = found["conditions"][conditions[0]]["calibrated"] is not None
    head = ["condition", "AUROC", f"minus {conditions[0]}", "AUPRC", "F1", f"F1 minus {conditions[0]}"]
    rows = []
    for place, one in enumerate(conditions):
        entry = found["conditions"][one]
        apart = found["differences"]["own"][one]["macro"] if place else None
        row = [
            one,
            shown(entry["macro"]["auroc"]),
            "" if apart is None else shown(apart["auroc"], signed=True),
            shown(entry["macro"]["auprc"]),
            shown(entry["macro"]["f1"]),
            "" if apart is None else shown(apart["f1"], signed=True),
        ]
        rows.append([*row, shown(entry["calibrated"]["macro"]["f1"])] if fitted else row)
    return markdown_table([*head, "F1, fitted thresholds"] if fitted else head, rows)
