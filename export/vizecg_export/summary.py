"""What an export made, as a table for people and an object for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from vizecg.spec import RuleSource
from vizecg.spec.manifest import Artefact, Bundle
from vizecg_export.targets import CONDITIONS, FLOAT


def summary(bundle: Bundle) -> dict[str, Any]:
    """One object per artefact, with the float network's figures beside it."""
    rungs = {rung["rung"]: rung for rung in bundle.manifest.ladder}
    return {
        "out": str(bundle.path),
        "bundle_sha256": bundle.sha256,
        "float": {"latency": rungs.get(FLOAT, {}).get("latency")},
        "ladder": list(bundle.manifest.ladder),
        "artefacts": [_row(bundle, artefact, rungs) for artefact in bundle.manifest.artefacts],
    }


def _row(bundle: Bundle, artefact: Artefact, rungs: dict[str, Any]) -> dict[str, Any]:
    size = bundle.file(artefact.file).stat().st_size
    whole = rungs.get(f"{artefact.target}-fp32", {}).get("size_bytes")
    return {
        "name": artefact.name,
        "file": artefact.file,
        "size_bytes": size,
        "of_fp32_size": round(size / whole, 4) if whole else None,
        "precision": artefact.precision,
        "scope": artefact.scope,
        "calibrated": artefact.calibrated,
        "rule_source": artefact.rule_source.value,
        "runtime": artefact.runtime,
        "parity": artefact.parity,
        "accuracy": {
            condition.value: {
                "macro_f1": figures["artefact"]["macro"]["f1"],
                "float_macro_f1": figures["float"]["macro"]["f1"],
                "macro_auroc": figures["artefact"]["macro"]["auroc"],
                "float_macro_auroc": figures["float"]["macro"]["auroc"],
                "retention": figures["retention"],
                "recall_drop": figures["recall_drop"],
            }
            for condition in CONDITIONS
            if (figures := artefact.accuracy.get(condition.value))
        },
        "latency": artefact.latency,
        "fallbacks": list(artefact.fallbacks),
        "details": artefact.details,
    }


def print_summary(told: dict[str, Any], console: Console) -> None:
    """The table: a row for the float network and one per artefact, a line in it for each condition."""
    table = Table(
        title=told["out"],
        caption="macro F1 and AUROC with 95 % intervals, and the share of the float network's that is kept; recall lost"
        " is the worst class's; milliseconds are medians of one run",
    )
    columns = ("artefact", "file", "KiB", "of fp32", "SQNR dB", "flips", "sheets", "macro F1", "kept", "AUROC", "kept")
    for column in (*columns, "recall lost", "ms", "of float"):
        table.add_column(column, no_wrap=True)
    rows = told["artefacts"]
    if rows and rows[0]["accuracy"]:
        table.add_row(FLOAT, *[""] * 5, *_lines(rows[0]["accuracy"], _float_cells), *_speed(told["float"]["latency"]))
    for row in rows:
        figures = row["parity"].get("evaluation") or row["parity"]["golden"]
        of = "-" if row["of_fp32_size"] is None else f"{row['of_fp32_size']:.3f}"
        flips = f"{figures['decision_flips']} of {6 * figures['n']}"
        size = f"{row['size_bytes'] / 1024:.0f}"
        accuracy = _lines(row["accuracy"], _cells) if row["accuracy"] else ["golden", *["-"] * 5]
        speed = _speed(row["latency"])
        table.add_row(row["name"], row["file"], size, of, f"{figures['sqnr_db']:.1f}", flips, *accuracy, *speed)
    console.print(table)
    console.print(_thresholds_told(rows))
    for row in rows:
        for step in row["fallbacks"]:
            console.print(f"{row['name']} in place of {step['tried']} ({step['scope']}): {step['why']}")
        if "parser" in row["details"]:
            console.print(f"{row['name']}: {row['details']['parser']}")
    engine = told.get("engine")
    if engine is not None and engine["built"]:
        console.print(f"engine: {engine['path']}, {engine['parity']['p50_ms']:.2f} ms a sheet")
    elif engine is not None:
        console.print(f"engine: not built here ({engine['why']}); on the device: {engine['on_the_device']}")


def _thresholds_told(rows: list[dict[str, Any]]) -> str:
    """Where calibration and thresholds of the artefacts come from."""
    words = {
        RuleSource.ARTEFACT.value: "calibration and thresholds were fitted to each artefact on the evaluation records",
        RuleSource.NETWORK.value: "calibration and thresholds are those that the checkpoint carries; each artefact"
        " leaves undecided what lies within its own error of a threshold",
        RuleSource.NONE.value: "UNCALIBRATED: thresholds are 0.5, and every answer says so",
    }
    return "; ".join(words[source] for source in dict.fromkeys(row["rule_source"] for row in rows))


def _lines(accuracy: dict[str, Any], cells: Callable[[str, dict[str, Any]], list[str]]) -> list[str]:
    """Cells with one line per condition."""
    return ["\n".join(lines) for lines in zip(*(cells(*item) for item in accuracy.items()), strict=True)]


def _float_cells(condition: str, told: dict[str, Any]) -> list[str]:
    return [condition, _shown(told["float_macro_f1"]), "", _shown(told["float_macro_auroc"]), "", ""]


def _cells(condition: str, told: dict[str, Any]) -> list[str]:
    worst = max(told["recall_drop"], key=lambda label: told["recall_drop"][label]["value"])
    kept = told["retention"]
    return [
        condition,
        _shown(told["macro_f1"]),
        f"{kept['macro/f1']['value']:.4f}",
        _shown(told["macro_auroc"]),
        f"{kept['macro/auroc']['value']:.4f}",
        f"{worst} {told['recall_drop'][worst]['value']:.3f}",
    ]


def _speed(latency: dict[str, Any] | None) -> list[str]:
    return [f"{latency['p50_ms']:.1f}", f"{latency['of_float']:.2f}"] if latency else ["-", "-"]


def _shown(interval: dict[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"
