"""What a fitting found, as tables for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from vizecg_export.quality_gate.choose import BEFORE, OPEN


def print_gate(figures: dict[str, Any], console: Console) -> None:
    """The gate, its figures, the bands of every artefact, and what became of each kind of photograph."""
    table = Table("figure of merit", "worst", "best", "worst before", "best before", title="The gate")
    for figure, limits in figures["gate"].items():
        before = getattr(BEFORE, figure)
        if figure == "least_score":
            table.add_row(figure, f"{limits:g}", "", f"{before:g}", "")
        else:
            old = ("-", "-") if figure in OPEN else tuple(f"{value:g}" for value in before)
            table.add_row(figure, *(f"{value:g}" for value in limits), *old)
    console.print(table)
    table = Table("", "before", "after", "after, with bands", title="On the half that was not chosen on (validation)")
    reported = figures["reported_on"]
    for name in reported["after"]:
        cells = (reported[column][name] for column in ("before", "after", "after_with_bands"))
        table.add_row(name, *(_cell(cell) for cell in cells))
    console.print(table)
    for artefact, found in figures["artefacts"].items():
        table = Table(
            "class", "margin", "decided", "flips", "of decided", "flips without", title=f"Bands of {artefact}"
        )
        for label, row in found["per_class"].items():
            own = row["with"]
            table.add_row(
                label, f"{row['undecided_margin']:.3f}", f"{own['decided']:.2%}", str(own["flips"]),
                f"{own['flip_share']:.2%}", str(row["without"]["flips"]),
            )  # fmt: skip
        console.print(table)
    table = Table("kind", "photographs", "not rectified", "refused", "answered", "wrongly", title="Both halves")
    for kind, counts in figures["kinds"].items():
        table.add_row(kind, *(str(value) for value in counts.values()))
    console.print(table)
    table = Table("stopped by", "photographs", "of them wrong", "spoilt pages", "of them wrong", title="Refused")
    spoilt = (figures["spoilt"] or {}).get("stopped_by", {})
    for figure in dict.fromkeys((*figures["stopped_by"], *spoilt)):
        counts = (one.get(figure, {"refused": 0, "wrong": 0}) for one in (figures["stopped_by"], spoilt))
        table.add_row(figure, *(str(value) for own in counts for value in own.values()))
    console.print(table)
    data: dict[str, Any] = figures["data"]
    console.print(f"{data['source']}: {data['records']} records, {data['photographs']} photographs; {data['kind']}.")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value']:.4f} ({value['low']:.4f} to {value['high']:.4f})"
    return str(value)
