"""Figures of ``label-noise`` for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from vizecg.train.evaluation.tables import cell


def noise_table(figures: dict[str, Any]) -> Table:
    """One row a label."""
    table = Table(title=f"{figures['records']:,} records, each by a network that did not see it")
    for column in (
        "label", "given", "wrong of those", "missing of the true", "contradicted", "AUPRC", "without contradicted",
        "rates of labelled / unlabelled",
    ):  # fmt: skip
        table.add_column(column)
    for name, one in figures["labels"].items():
        rates = one.get("rates_bpm")
        table.add_row(
            name,
            str(one["given"]),
            f"{one['wrong_share_of_positives']:.1%}",
            f"{one['missing_share_of_true']:.1%}",
            f"{len(one['contradicted_positives'])} + {len(one['contradicted_negatives'])}",
            cell(one["auprc"]),
            cell(one["auprc_without_contradicted"]),
            "" if rates is None else " / ".join(_spread(rates[which]) for which in rates),
        )
    return table


def _spread(rates: dict[str, Any]) -> str:
    return "-" if not rates["n"] else "{:.0f} ({:.0f}-{:.0f})".format(*(rates["quartiles"][at] for at in (1, 0, 2)))
