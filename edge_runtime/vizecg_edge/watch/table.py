"""``results.csv`` of a watched folder: a row for each page, added as it is read, never twice."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.checks import printable
from vizecg_edge.answer import Input
from vizecg_edge.words import WORDS

NAME = "results.csv"
_KEY = ("file", "page", "sha256", "bundle")
_FORMULA = ("=", "+", "-", "@")
_LONGEST = 1000


class ResultsTable:
    """A table on disk that only grows.

    A row cut off by a loss of power is removed when the table is opened again.

    Args:
        path: of the file; it is made when the first row comes.
        labels: names of the labels, in order.

    Raises:
        UsageError: there is a file of other columns.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self.path = path
        self.columns = columns_of(labels)
        self._labels = tuple(labels)
        self._known = self._opened()

    def add(self, answers: Iterable[Mapping[str, Any]], *, file: str, read_at: datetime) -> None:
        """Add the pages of one file that are not in the table yet.

        Args:
            answers: as ``Answer.to_dict`` gives them.
            file: its name.
            read_at: when they were read, with its time zone.
        """
        rows = [row for row in (self._row(one, file, read_at) for one in answers) if not self._knows(row)]
        if not rows:
            return
        new = not self.path.exists() or self.path.stat().st_size == 0
        text = _lines([self.columns] if new else []) + _lines([[row[name] for name in self.columns] for row in rows])
        # One write, at the end: what another process adds is not torn apart.
        data = text.encode()
        with self.path.open("ab", buffering=0) as table:
            end = table.tell()
            if table.write(data) != len(data):
                table.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(table.fileno())
        self._known |= {_key(row) for row in rows}

    def _row(self, answer: Mapping[str, Any], file: str, read_at: datetime) -> dict[str, str]:
        return row_of(answer, labels=self._labels, file=file, read_at=read_at)

    def _knows(self, row: Mapping[str, str]) -> bool:
        return _key(row) in self._known

    def _opened(self) -> set[tuple[str, ...]]:
        if not self.path.exists():
            return set()
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        rows = csv.DictReader(io.StringIO(whole.decode(errors="replace"), newline=""))
        if data and tuple(rows.fieldnames or ()) != self.columns:
            raise UsageError(
                f"{self.path}: this is no table of this program's for these labels; move it, or name another folder"
            )
        if len(whole) < len(data):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        return {_key(row) for row in rows}


def columns_of(labels: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, for these labels."""
    return (
        "file", "page", "time", "status", *labels, *(f"{label} decision" for label in labels),
        "reasons", "doubts", "in words", "sha256", "bundle",
    )  # fmt: skip


def row_of(answer: Mapping[str, Any], *, labels: Sequence[str], file: str, read_at: datetime) -> dict[str, str]:
    """One page as a row: codes as they are, and what they mean in words."""
    source, decisions = answer["input"], answer["decisions"] or {}
    probabilities, doubts = answer["probabilities"] or {}, answer.get("doubts", ())
    # The row names the file already.
    named = f"{Input(path=source['path'], page=source['page'], frame=source['frame']).name}: "
    messages = [str(text).removeprefix(named) for text in answer.get("messages", ())]
    advice = [text for text in answer.get("advice", ()) if not any(str(text)[1:-1] in one for one in messages)]
    told = [*messages, *advice, *(doubt["message"] for doubt in doubts)]
    return {
        "file": _cell(file),
        "page": "" if source["page"] is None else str(source["page"]),
        "time": read_at.isoformat(timespec="seconds"),
        "status": answer["status"],
        **{label: f"{probabilities[label]:.4f}" if label in probabilities else "" for label in labels},
        **{f"{label} decision": WORDS[decisions[label]].lower() if label in decisions else "" for label in labels},
        "reasons": "; ".join(answer["reasons"]),
        "doubts": "; ".join(doubt["code"] for doubt in doubts),
        "in words": _cell("; ".join(told)),
        "sha256": source["sha256"] or "",
        "bundle": answer["bundle"]["sha256"],
    }


def _cell(text: str) -> str:
    """In one line, and never a formula: what begins like one gets an apostrophe, as spreadsheets want it."""
    shown = printable(text, _LONGEST)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name) or "" for name in _KEY)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
