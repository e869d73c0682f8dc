"""What is left out, or used with a note: by reason on the terminal, record by record in a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vizecg.spec.checks import printable
from vizecg.spec.files import write_atomically

FILE = "left_out.csv"
COLUMNS = ("record", "split", "used", "reason", "detail")
_REASONS_SHOWN, _NAMES_SHOWN = 12, 5
_LONGEST_NAME = 60
_OF = re.compile(r"^(record|exam) .+?: ")
_NUMBER = re.compile(r"(?<![A-Za-z])-?\d+(\.\d+)?")
_GENERAL = (
    "limb leads cannot be derived", "kept all the same", "III, aVR, aVL and aVF computed from I and II",
    "limb leads do not fit", "cannot be read", "gain 4880/mV", "flat in the whole record", "electrodes seem exchanged",
)  # fmt: skip
"""What is one reason, whatever is said beside it of the one record."""


@dataclass(kw_only=True)
class Reason:
    """One reason: of how many records, and the names of the first."""

    kind: str
    count: int = 0
    names: list[str] = field(default_factory=list)


def kind_of(message: str) -> str:
    """The reason without what is of one record alone: its name, numbers, leads."""
    told = _OF.sub("", message)
    general = next((one for one in _GENERAL if one in told), None)
    return general or _NUMBER.sub("#", told)


def reasons(entries: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """The reasons of entries with a ``record`` and a ``reason``, the most frequent first."""
    found: dict[str, Reason] = {}
    for entry in entries:
        kind = kind_of(str(entry["reason"]))
        reason = found.setdefault(kind, Reason(kind=kind))
        reason.count += 1
        if len(reason.names) < _NAMES_SHOWN:
            reason.names.append(str(entry["record"]))
    return sorted(found.values(), key=lambda reason: -reason.count)


def entries_of(left_out: Mapping[str, str]) -> list[dict[str, Any]]:
    """Record -> why it is left out, as entries."""
    return [{"record": name, "split": None, "reason": reason} for name, reason in left_out.items()]


def write_left_out(
    path: Path, skipped: Sequence[Mapping[str, Any]], noted: Sequence[Mapping[str, Any]] = ()
) -> Path | None:
    """A CSV with a line for each record that is left out, and each note on one that is used; None without any."""
    if not skipped and not noted:
        path.unlink(missing_ok=True)
        return None
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for entries, used in ((skipped, "no"), (noted, "yes")):
        for entry in entries:
            reason = str(entry["reason"])
            row = entry["record"], entry.get("split") or "", used, kind_of(reason), _OF.sub("", reason)
            table.writerow([printable(cell, 1000) for cell in row])
    write_atomically(path, text.getvalue())
    return path


def tell_left_out(
    console: Console,
    skipped: Sequence[Mapping[str, Any]],
    noted: Sequence[Mapping[str, Any]] = (),
    *,
    where: str | Path,
    word: str = "skipped",
) -> None:
    """The most frequent reasons with their counts and the first names, and where all of them are."""
    for entries, what in ((skipped, word), (noted, "used, with a note")):
        if not entries:
            continue
        kinds = reasons(entries)
        table = Table(what, "why", "the first", title=None)
        for reason in kinds[:_REASONS_SHOWN]:
            names = [printable(name, _LONGEST_NAME) for name in reason.names]
            more = ", ..." if reason.count > len(names) else ""
            table.add_row(str(reason.count), reason.kind, ", ".join(names) + more)
        console.print(table)
        hidden = len(kinds) - _REASONS_SHOWN
        rest = f", {hidden} more reasons" if hidden > 0 else ""
        console.print(f"{len(entries)} {what}{rest}: all of them are in {where}", highlight=False, soft_wrap=True)
