"""The figures as tables on the screen."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from vizecg_lab.attacks.score import Outcome


def print_hostile(figures: dict[str, Any], console: Console) -> None:
    """Kinds of spoiling, worst first; what of the benign ones is not answered alike; the sums and the bars."""
    spoiled, benign = figures["spoiled"], figures["benign"]
    table = _table("kind", "family", "pages", *(outcome.value for outcome in Outcome), "at most", "turned")
    for name, kind in sorted(spoiled["by_kind"].items(), key=_worst):
        outcomes = (str(kind["outcomes"][outcome.value] or "") for outcome in Outcome)
        turned = ", ".join(f"{label} {count}" for label, count in list(kind["turned"].items())[:4])
        table.add_row(
            name, kind["family"], str(kind["pages"]), *outcomes, f"{kind['silent']['high']:.0%}", turned
        )  # fmt: skip
    if spoiled["pages"]:
        console.print(table)
    table = _table("benign change", "pages", *(outcome.value for outcome in Outcome), "refused for, told")
    for name, kind in sorted(benign["by_kind"].items(), key=_worst):
        if kind["outcomes"]["alike"] == kind["pages"] and not kind["told"]:
            continue
        outcomes = (str(kind["outcomes"][outcome.value] or "") for outcome in Outcome)
        told = ", ".join(f"{code} {count}" for code, count in {**kind["refused_for"], **kind["told"]}.items())
        table.add_row(name, str(kind["pages"]), *outcomes, told)
    if table.row_count:
        console.print(table)
    if spoiled["pages"]:
        console.print(
            f"spoilt: {spoiled['kinds']} kinds, {spoiled['ways']} ways, {spoiled['pages']} pages; changed in silence"
            f" {_told(spoiled['silent'])}, averaged by kind {spoiled['silent_by_kind']:.2%};"
            f" with a word {_told(spoiled['changed_with_a_word'])}"
        )
    if benign["pages"]:
        console.print(
            f"benign: {benign['kinds']} kinds, {benign['ways']} ways, {benign['pages']} pages; answered"
            f" {_told(benign['answered'])}, changed {_told(benign['changed'])}, warned {_told(benign['warned'])},"
            f" classes left open {_told(benign['undecided'])}"
        )
    console.print(
        "bars: " + ", ".join(f"{name} {'-' if met is None else met}" for name, met in figures["bars"].items())
    )


def _worst(item: tuple[str, dict[str, Any]]) -> tuple[float, float, str]:
    name, kind = item
    return -kind["silent"]["share"], -kind["changed_with_a_word"]["share"], name


def _told(share: dict[str, Any]) -> str:
    return f"{share['count']} of {share['of']} ({share['share']:.1%}, {share['low']:.1%} to {share['high']:.1%})"


def _table(*columns: str) -> Table:
    table = Table()
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    return table
