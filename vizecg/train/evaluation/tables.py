"""The figures of ``vizecg evaluate`` as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from vizecg.scoring.resamples import Interval

SHOWN = ("auroc", "auprc", "precision", "recall", "f1")
COMPARED = ("auroc", "auprc", "f1", "ece")
"""Macro figures of each condition."""


def text_tables(figures: dict[str, Any]) -> str:
    """What the command prints: the classes of one condition, or a line per condition; then the calibration.

    Args:
        figures: of ``vizecg.train.evaluation.measure.result``.
    """
    conditions = figures["conditions"]
    parts = [_one(figures, next(iter(conditions.values())))] if len(conditions) == 1 else [_many(figures)]
    for name, entry in conditions.items():
        if entry["calibrated"] is not None:
            parts.append(_calibration(name, entry, fit=figures["fit"]))
    return "\n".join(parts)


def cell(interval: Interval, *, sign: str = "") -> str:
    """``0.912 (0.899-0.924)``; with ``sign`` "+" for differences, ``+0.012 (-0.001 to +0.020)``."""
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None:
        return "-"
    return f"{value:{sign}.3f} ({low:{sign}.3f}{' to ' if sign else '-'}{high:{sign}.3f})"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def shares(spread: dict[str, float]) -> str:
    """``0.412 [0.398-0.431]``: mean and range over the folds; the one number where there is one fold."""
    if spread["low"] == spread["high"]:
        return f"{spread['mean']:.3f}"
    return f"{spread['mean']:.3f} [{spread['low']:.3f}-{spread['high']:.3f}]"


def few_folds(entry: dict[str, Any]) -> list[str]:
    """A line for each class that has fewer folds than the others, and why."""
    folds = entry["calibrated"]["folds"]
    return [
        f"{label}: {folds[label]} folds, for {entry['positives'][label]} positive records"
        for label in folds
        if folds[label] < max(folds.values())
    ]


def _wide(names: Iterable[str]) -> int:
    """Characters of the first column."""
    return max(7, *map(len, names)) + 1


def _one(figures: dict[str, Any], entry: dict[str, Any]) -> str:
    wide = _wide(entry["classes"])
    head = f"{figures['model']} on {figures['data']}, {entry['condition']}, n = {entry['n']}"
    lines = [head, f"{'':{wide}}{'n+':>5}  " + "".join(f"{metric:^24}" for metric in SHOWN)]
    rows = [(label, entry["positives"][label], values) for label, values in entry["classes"].items()]
    for name, positives, values in [*rows, ("macro", "", entry["macro"])]:
        cells = "".join(f"{cell(values[metric]):^24}" for metric in SHOWN)
        lines.append(f"{name:{wide}}{positives:>5}  {cells}")
    harmonic = cell(entry["macro"]["f1_of_macro"])
    lines.append(f"F1 of macro precision and recall {harmonic}; ECE " + json.dumps(entry["ece"]))
    return "\n".join(lines)


def _many(figures: dict[str, Any]) -> str:
    n = next(iter(figures["conditions"].values()))["n"]
    kinds = ["own"] if figures["differences"]["calibrated"] is None else ["own", "calibrated"]
    lines = [f"{figures['model']} on {figures['data']}, {len(figures['conditions'])} conditions, n = {n}, macro"]
    for kind in kinds:
        titles = {"own": "as it is", "calibrated": f"calibrated, --fit {figures['fit']}"}
        lines.append(f"{titles[kind]:26}" + "".join(f"{metric:^24}" for metric in COMPARED))
        for name, entry in figures["conditions"].items():
            values = entry if kind == "own" else entry["calibrated"]
            lines.append(f"{name:26}" + "".join(f"{cell(values['macro'][metric]):^24}" for metric in COMPARED))
    lines.append(f"{'minus ' + figures['differences']['to']:26}" + "".join(f"{metric:^26}" for metric in COMPARED))
    for kind in kinds:
        for name, values in figures["differences"][kind].items():
            title = f"{name}{', calibrated' if kind == 'calibrated' else ''}"
            cells = "".join(f"{cell(values['macro'][metric], sign='+'):^26}" for metric in COMPARED)
            lines.append(f"{title:26}{cells}")
    return "\n".join(lines)


def _calibration(name: str, entry: dict[str, Any], *, fit: str) -> str:
    calibrated, wide = entry["calibrated"], _wide(entry["classes"])
    lines = [
        f"{name}, calibrated, --fit {fit}: ECE as it is, by temperature, by Platt",
        f"{'':{wide}}" + "".join(f"{title:^24}" for title in ("own ECE", "temperature ECE", "Platt ECE"))
        + f"{'temperature':^22}{'threshold':^22}",
    ]  # fmt: skip
    for label in calibrated["ece"]:
        cells = "".join(f"{cell(calibrated['ece'][label][kind]):^24}" for kind in ("own", "temperature", "platt"))
        fits = "" if label == "macro" else "".join(
            f"{shares(calibrated[kind][label]):^22}" for kind in ("temperatures", "thresholds")
        )  # fmt: skip
        lines.append(f"{label:{wide}}{cells}{fits}")
    metrics = ("precision", "recall", "f1")
    titles = [f"{metric}, {kind}" for kind in ("as it is", "fitted") for metric in metrics]
    lines.append(f"{'':{wide}}" + "".join(f"{title:^24}" for title in titles))
    for label in calibrated["ece"]:
        both = [values["macro"] if label == "macro" else values["classes"][label] for values in (entry, calibrated)]
        lines.append(
            f"{label:{wide}}" + "".join(f"{cell(values[metric]):^24}" for values in both for metric in metrics)
        )
    return "\n".join([*lines, *few_folds(entry)])
