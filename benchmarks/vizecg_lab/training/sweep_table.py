"""A sweep as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from vizecg_lab.tables.intervals import shown

_COSTS = ("GMAC", "M parameters", "tokens", "ms (of the first)")


def costs_table(costs: Mapping[str, Mapping[str, Any]]) -> Table:
    """Of ``network_costs``."""
    table = Table("", *_COSTS, title="Image streams as deployed, float ONNX, one thread, in turn")
    for name, found in costs.items():
        table.add_row(name, *_cells(found))
    return table


def sweep_table(result: Mapping[str, Any]) -> Table:
    """Of ``run_sweep``, with the ``costs`` of every run."""
    validation = result["validation"]
    table = Table(
        "", *_COSTS, "steps", "AUROC", "AUPRC", "minus the first", "F1",
        title=f"{result['minutes']:g} minutes of training on {result['train_records']} records each",
        caption=f"macro figures of {validation['n']} records, {result['condition']}; F1 at cross-fitted thresholds",
    )  # fmt: skip
    for run in result["runs"]:
        macro, minus = run["macro"], run.get("minus_first")
        table.add_row(
            run["name"], *_cells(run["costs"]), str(run["steps"]), f"{macro['auroc']['value']:.3f}",
            shown(macro["auprc"]), "" if minus is None else shown(minus["auprc"], signed=True),
            f"{macro['f1']['value']:.3f}",
        )  # fmt: skip
    return table


def _cells(costs: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        f"{costs['macs'] / 1e9:.2f}", f"{costs['parameters'] / 1e6:.2f}", str(costs["tokens"]),
        f"{costs['ms']:.1f} ({costs['of_first']:.2f})",
    )  # fmt: skip
