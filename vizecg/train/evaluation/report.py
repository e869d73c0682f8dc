"""``vizecg evaluate --report``: a folder of tables and diagrams."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vizecg.scoring.metrics import ECE_BINS
from vizecg.spec import INTENDED_USE, UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.evaluation.experts_report import draw_experts, experts_markdown
from vizecg.train.evaluation.measure import Measured
from vizecg.train.evaluation.plots import draw_curves, draw_reliability
from vizecg.train.evaluation.tables import COMPARED, SHOWN, cell, few_folds, markdown_table, shares

REPORT, FIGURES = "report.md", "figures.json"


def write_report(folder: Path, figures: dict[str, Any], measured: Sequence[Measured]) -> Path:
    """Write ``report.md``, ``figures.json`` and the diagrams, over those of an earlier report; the path of the first.

    Args:
        folder: created when absent.
        figures: of ``vizecg.train.evaluation.measure.result``, and perhaps ``experts`` of each condition.
        measured: what they were made of.

    Raises:
        UsageError: ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report {folder} is a file, expected a folder")
    folder.mkdir(parents=True, exist_ok=True)
    curves = {one.name: (one.probabilities, one.predictions.labels) for one in measured}
    for column, label in enumerate(measured[0].names):
        draw_curves(folder / f"curves_{label}.png", column, curves, title=f"{label}, {figures['model']}")
    for one in measured:
        said = {"as it is": one.probabilities}
        if one.fit is not None:
            said |= {"temperature": one.fit.tempered, "Platt": one.fit.probabilities}
        title = f"{figures['model']}, {one.name}"
        draw_reliability(
            folder / f"reliability_{one.name}.png", said, one.predictions.labels, names=one.names, title=title
        )
    for name, experts in figures.get("experts", {}).items():
        draw_experts(folder / f"experts_{name}.png", experts)
    write_atomically(folder / FIGURES, json.dumps(figures, indent=1, allow_nan=False) + "\n")
    write_atomically(folder / REPORT, markdown(figures))
    return folder / REPORT


def markdown(figures: dict[str, Any]) -> str:
    """The text of the report; its pictures lie beside it."""
    conditions = figures["conditions"]
    n = next(iter(conditions.values()))["n"]
    parts = [
        f"# {figures['model']} on {figures['data']}",
        f"{figures['stream']} stream, n = {n}, sha256 `{figures['fingerprint'][:16]}`. Brackets: 95 % bootstrap "
        f"intervals over records. Macro figures are means over the classes. ECE is of {ECE_BINS} bins; resamples "
        "enlarge it, so that its value lies near the low end of its interval.",
        INTENDED_USE,
    ]
    if figures["differences"] is not None:
        parts += _comparison(figures)
    for name, entry in conditions.items():
        parts += [f"## {name}", _accuracy(entry)]
        if entry["refused_records"]:
            parts.append(f"{len(entry['refused_records'])} records were left out: they failed their checks.")
        if entry["calibrated"] is not None:
            parts += _calibrated(entry, fit=figures["fit"])
        parts.append(f"![reliability, {name}](reliability_{name}.png)")
    for name, experts in figures.get("experts", {}).items():
        parts += [f"## Beside the annotators, {name}", *experts_markdown(experts, picture=f"experts_{name}.png")]
    parts.append("## Curves")
    parts += [f"![{label}](curves_{label}.png)" for label in next(iter(conditions.values()))["classes"]]
    return "\n\n".join(parts) + "\n"


def _comparison(figures: dict[str, Any]) -> list[str]:
    conditions, differences = figures["conditions"], figures["differences"]
    parts = ["## Conditions", _macro_table("macro", {name: entry["macro"] for name, entry in conditions.items()}, cell)]
    minus = f"minus {differences['to']}"
    parts.append(_differences(minus, differences["own"]))
    if differences["calibrated"] is not None:
        fitted = {name: entry["calibrated"]["macro"] for name, entry in conditions.items()}
        parts.append(_macro_table(f"calibrated, --fit {figures['fit']}", fitted, cell))
        parts.append(_differences(f"calibrated, {minus}", differences["calibrated"]))
    return parts


def _differences(title: str, of: dict[str, Any]) -> str:
    return _macro_table(title, {name: values["macro"] for name, values in of.items()}, lambda i: cell(i, sign="+"))


def _macro_table(title: str, rows: dict[str, Any], show: Callable[[Any], str]) -> str:
    lines = [[name, *(show(values[metric]) for metric in COMPARED)] for name, values in rows.items()]
    return markdown_table([title, *(metric.upper() for metric in COMPARED)], lines)


def _accuracy(entry: dict[str, Any]) -> str:
    rows = [[label, str(entry["positives"][label]), values] for label, values in entry["classes"].items()]
    lines = [
        [name, positives, *(cell(values[metric]) for metric in (*SHOWN, "ece"))]
        for name, positives, values in [*rows, ["macro", "", entry["macro"]]]
    ]
    return markdown_table(["", "n+", *SHOWN, "ECE"], lines)


def _calibrated(entry: dict[str, Any], *, fit: str) -> list[str]:
    calibrated = entry["calibrated"]
    source = "the other folds, no patient in two" if fit == "cross" else "the validation split"
    kinds = ("own", "temperature", "platt")
    lines = [
        [
            label,
            *(cell(calibrated["ece"][label][kind]) for kind in kinds),
            *("" if label == "macro" else shares(calibrated[kind][label]) for kind in ("temperatures", "thresholds")),
        ]
        for label in calibrated["ece"]
    ]
    titles = ["", "ECE as it is", "ECE, temperature", "ECE, Platt", "temperature", "threshold"]
    metrics = ("precision", "recall", "f1")
    compared = [
        [label, *(cell(of[metric]) for of in _both(entry, calibrated, label) for metric in metrics)]
        for label in calibrated["ece"]
    ]
    heads = [f"{metric}, {kind}" for kind in ("as it is", "fitted") for metric in metrics]
    return [
        f"Calibrated: fitted on {source}; mean and range over the folds. The thresholds are of best F1, on Platt's "
        "probabilities.",
        markdown_table(titles, lines),
        markdown_table(["", *heads], compared),
        *few_folds(entry),
    ]


def _both(entry: dict[str, Any], calibrated: dict[str, Any], label: str) -> list[dict[str, Any]]:
    return [values["macro"] if label == "macro" else values["classes"][label] for values in (entry, calibrated)]
