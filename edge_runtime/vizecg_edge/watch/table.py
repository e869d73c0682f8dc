"""``results.csv`` of a watched folder: a row for each page, added as it is read, never twice."""

from __future__ import annotations

import csv
import errno
import io
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.checks import printable
from vizecg.spec.files import read_plain
from vizecg_edge.answer import Input
from vizecg_edge.words import WORDS

NAME = "results.csv"
_KEY = ("file", "page", "sha256", "bundle")
_FORMULA = ("=", "+", "-", "@")
_LONGEST = 1000
_WRITTEN = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Neither a link that somebody planted is followed nor a pipe waited for."""
FAILED = "failed"
"""Reason of a file whose reading came to an error; where it is read after all, that is another row."""


class ResultsTable:
    """A table on disk that only grows.

    A row cut off by a loss of power is removed when the table is opened again.

    Args:
        path: of the file; it is made when the first row comes.
        labels: names of the labels, in order.

    Raises:
        UsageError: there is a file of other columns, a link, or what is no file.
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
        rows = [row for row in self.rows(answers, file=file, read_at=read_at) if _key(row) not in self._known]
        if not rows:
            return
        # One write, at the end: what another process adds is not torn apart.
        handle = os.open(self.path, _WRITTEN | os.O_APPEND | os.O_CREAT, 0o666)
        with os.fdopen(handle, "ab", buffering=0) as table:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(self.path))
            end = table.seek(0, os.SEEK_END)
            text = _lines([] if end else [self.columns]) + _lines(
                [[row[name] for name in self.columns] for row in rows]
            )
            data = text.encode()
            if table.write(data) != len(data):
                table.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        self._known |= {_key(row) for row in rows}

    def rows(self, answers: Iterable[Mapping[str, Any]], *, file: str, read_at: datetime) -> list[dict[str, str]]:
        """The rows of the pages of one file, see ``add``."""
        return [row_of(one, labels=self._labels, file=file, read_at=read_at) for one in answers]

    def _opened(self) -> set[tuple[str, ...]]:
        if not os.path.lexists(self.path):
            return set()
        try:
            data = read_plain(self.path)
        except OSError as error:
            told = "is a link" if self.path.is_symlink() else error.strerror or "is not a file"
            raise UsageError(f"{self.path}: {told}; move it, or name another folder") from error
        whole = data[: data.rfind(b"\n") + 1]
        rows = csv.DictReader(io.StringIO(whole.decode(errors="replace"), newline=""))
        if data and tuple(rows.fieldnames or ()) != self.columns:
            raise UsageError(
                f"{self.path}: this is no table of this program's for these labels; move it, or name another folder"
            )
        if len(whole) < len(data):
            with os.fdopen(os.open(self.path, _WRITTEN), "wb") as file:
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
        "bundle": _decided_by(answer),
    }


def _decided_by(answer: Mapping[str, Any]) -> str:
    """The bundle's fingerprint, and limits of the rate where some were asked for: with others it is another answer."""
    limits = answer.get("rate_limits_bpm")
    told = "" if limits is None else f" with rate limits {','.join(f'{limit:g}' for limit in limits)}"
    return f"{answer['bundle']['sha256']}{told}"


def _cell(text: str) -> str:
    """In one line, and never a formula: what begins like one gets an apostrophe, as spreadsheets want it."""
    shown = printable(text, _LONGEST)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return (*(row.get(name) or "" for name in _KEY), FAILED if row.get("reasons") == FAILED else "")


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
