"""The tables as Markdown and JSON: what was measured here beside what the paper prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from vizecg.models.peers import PEERS
from vizecg_lab.tables.measure import Figures, figures_of
from vizecg_lab.tables.rows import Row
from vizecg_lab.tables.training import Plan, read_scores, way_name, ways

TRAINED = ("train_records", "val_records", "epochs", "precision", "records_sha256", "commit")
"""Of every run, so that rows of different tables can be told apart; rows of one table have the same records."""
WAYS = {
    "signal": "signal",
    "image_clean": "image, clean print",
    "image_photo": "image, photographed",
}


def collect(
    rows: Sequence[Row], runs: dict[str, list[dict[str, Any]]], plan: Plan, *, reference: str
) -> dict[str, Any]:
    """Figures of every row and way of looking, and each row's difference from ``reference`` in the same way.

    Args:
        rows: of the table.
        runs: row name -> what ``run_row`` gave, one per seed.
        plan: they ran by.
        reference: name of the row the others are compared with.
    """
    measured: dict[tuple[str, str], Figures] = {}
    for row in rows:
        for looks_at, condition in ways(row):
            name = way_name(looks_at, condition)
            measured[row.name, name] = figures_of(read_scores(row, range(plan.seeds), plan, name))
    lines = []
    for row in rows:
        for looks_at, condition in ways(row):
            name = way_name(looks_at, condition)
            first = runs[row.name][0]
            paper = row.paper[looks_at]
            line = {
                "row": row.name,
                "title": row.title,
                "looks_at": looks_at.value,
                "way": name,
                "parameters": first["parameters"][looks_at.value],
                "macs": first["macs"][looks_at.value],
                "inference_ms": first["inference_ms"][looks_at.value],
                "train_seconds": [run["train_seconds"] for run in runs[row.name]],
                "trained": [{name: run.get(name) for name in TRAINED} for run in runs[row.name]],
                **measured[row.name, name].to_dict(),
                "paper": None if paper is None else asdict(paper),
            }
            if row.name != reference and (reference, name) in measured:
                line["minus_reference"] = measured[row.name, name].minus(measured[reference, name])
            lines.append(line)
    first = runs[rows[0].name][0]
    return {
        "budget": plan.budget.value,
        "epochs": first["epochs"],
        "seeds": plan.seeds,
        "train_records": first["train_records"],
        "validation_records": first["val_records"],
        "reference": reference,
        "rows": lines,
        "order": [order_of(lines, way) for way in WAYS],
        "notes": {row.name: PEERS[row.name].note for row in rows if row.name in PEERS},
    }


def order_of(lines: Sequence[dict[str, Any]], way: str) -> dict[str, Any]:
    """Do the rows stand in the paper's order? By F1 as the paper has it, and Kendall's tau between both orders."""
    shared = [line for line in lines if line["way"] == way and line["paper"] is not None]
    here = [line["macro"]["f1_of_macro"]["value"] for line in shared]
    paper = [line["paper"]["f1"] for line in shared]
    tau = float(kendalltau(here, paper).statistic) if len(shared) > 2 else None
    return {
        "way": way,
        "here": [shared[place]["row"] for place in np.argsort(here)[::-1]],
        "paper": [shared[place]["row"] for place in np.argsort(paper)[::-1]],
        "kendall_tau": None if tau is None or np.isnan(tau) else round(tau, 3),
    }


def markdown(result: dict[str, Any], *, title: str) -> str:
    """The table for people."""
    data = f"{result['train_records']} records to train, {result['validation_records']} of validation"
    lines = [
        f"# {title}",
        "",
        f"Budget `{result['budget']}`: {result['epochs']} epochs, {result['seeds']} seed(s), {result['data']}, {data};"
        f" {result['config_note']}.",
        "P, R and F1 in percent: macro precision, macro recall, and their harmonic mean as the paper has it, at"
        " thresholds cross-fitted on the validation records; 95 % intervals by bootstrap over records"
        + (", mean over the seeds." if result["seeds"] > 1 else "."),
        "",
        f"| | looks at | parameters | MACs | ms | macro AUROC | minus `{result['reference']}` | P | R | F1 |"
        " paper: parameters | P | R | F1 |",
        "|---|---|---:|---:|---:|---|---|---|---|---|---:|---:|---:|---:|",
    ]
    lines += [_line(line) for line in result["rows"]]
    lines += ["", "## Order", ""]
    for order in result["order"]:
        if len(order["here"]) > 1:
            tau = "" if order["kendall_tau"] is None else f" Kendall's tau {order['kendall_tau']:.2f}."
            lines.append(
                f"- {WAYS[order['way']]}: by F1 here {' > '.join(order['here'])}; in the paper"
                f" {' > '.join(order['paper'])}.{tau}"
            )
    if result["notes"]:
        lines += ["", "## Parameters", ""]
        lines += [f"- {name}: {note}" for name, note in result["notes"].items()]
    return "\n".join(lines) + "\n"


def _line(line: dict[str, Any]) -> str:
    macro, paper = line["macro"], line["paper"]
    gap = line.get("minus_reference", {}).get("auroc")
    shown_gap = "" if gap is None else f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})"
    figures = [f"{100 * macro[name]['value']:.1f}" for name in ("precision", "recall")]
    f1 = macro["f1_of_macro"]
    printed = ["", "", "", ""]
    if paper is not None:
        parameters = "" if paper["parameters_m"] is None else f"{paper['parameters_m']:.2f} M"
        printed = [parameters, *(f"{paper[name]:.2f}" for name in ("precision", "recall", "f1"))]
    cells = [
        line["title"],
        WAYS[line["way"]],
        f"{line['parameters'] / 1e6:.2f} M",
        f"{line['macs'] / 1e6:.0f} M",
        f"{line['inference_ms']:.1f}",
        interval(macro["auroc"], 3),
        shown_gap,
        *figures,
        f"{100 * f1['value']:.1f} ({100 * f1['low']:.1f}-{100 * f1['high']:.1f})",
        *printed,
    ]
    return "| " + " | ".join(cells) + " |"


def interval(found: dict[str, Any], digits: int) -> str:
    """``0.954 (0.947-0.960)``"""
    if found["value"] is None:
        return "-"
    return f"{found['value']:.{digits}f} ({found['low']:.{digits}f}-{found['high']:.{digits}f})"
