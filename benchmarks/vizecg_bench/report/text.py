"""How figures are written in every report: the same digits in the terminal, in Markdown and in HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vizecg_bench.run.schema import Interval

NONE = "-"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells as text, not escaped for any form.

    ``left``: columns from the left that hold words, not figures; ``keys``: that say what a row is of.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    keys: int = 1
    note: str = ""

    def brief(self, *, drop: Sequence[str] = (), bare: Sequence[str] = ()) -> Table:
        """For narrow terminals: without the columns ``drop``, and those of ``bare`` without their intervals."""
        kept = [place for place, name in enumerate(self.head) if name not in drop]
        rows = tuple(
            tuple(row[place].split(" (")[0] if self.head[place] in bare else row[place] for place in kept)
            for row in self.rows
        )
        return replace(self, head=tuple(self.head[place] for place in kept), rows=rows)

    def without_empty(self) -> Table:
        """Without columns of figures that say nothing in any row."""
        kept = [
            place
            for place in range(len(self.head))
            if place < self.left or any(row[place] not in (NONE, "") for row in self.rows)
        ]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, head=tuple(self.head[place] for place in kept), rows=rows)


def number(value: float | None) -> str:
    """Three digits that count, as far as they stand behind the point: ``0.312``, ``4.50``, ``18.3``, ``1,204``."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    digits = 0 if size >= 100 or not size else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return format(value, f",.{digits}f")


def interval(found: Interval | None) -> str:
    """``4.50 (4.41 to 4.62)``"""
    if found is None or found.value is None:
        return NONE
    return number(found.value) + _span(*(None if end is None else number(end) for end in (found.low, found.high)))


def decimals(found: Interval | None, *, digits: int = 3, signed: bool = False) -> str:
    """``0.954 (0.947 to 0.960)``: with as many decimals as asked for."""
    if found is None or found.value is None:
        return NONE
    form = f"{'+' if signed else ''}.{digits}f"
    return format(found.value, form) + _span(
        *(None if end is None else format(end, form) for end in (found.low, found.high))
    )


def percent(found: float | None, *, digits: int = 0, signed: bool = False) -> str:
    """``42 %`` of 0.42."""
    if found is None or not math.isfinite(found):
        return NONE
    return format(100 * found, f"{'+' if signed else ''}.{digits}f") + " %"


def percent_interval(found: Interval | None) -> str:
    """A change as ``+4.1 % (+2.0 to +6.3)``."""
    if found is None or found.value is None:
        return NONE
    ends = [None if end is None else format(100 * end, "+.1f") for end in (found.low, found.high)]
    return percent(found.value, digits=1, signed=True) + _span(*ends)


def kib(size: int | None) -> str:
    """Bytes as KiB."""
    return NONE if size is None else f"{size / 1024:,.0f}"


def joined(parts: Sequence[str]) -> str:
    """What is not empty, with semicolons."""
    return "; ".join(part for part in parts if part)


def _span(low: str | None, high: str | None) -> str:
    return "" if low is None or high is None else f" ({low} to {high})"


def markdown_table(head: list[str], rows: list[list[str]]) -> str:
    """Lines of a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
