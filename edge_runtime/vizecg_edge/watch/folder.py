"""A folder whose images are answered as they come."""

from __future__ import annotations

import contextlib
import errno
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vizecg.spec import BundleError, InputRefusedError
from vizecg.spec.checks import printable
from vizecg.spec.files import read_plain, remove_partials, write_atomically
from vizecg.spec.fingerprint import sha256_file
from vizecg_edge.answer import ANSWERED, Answer
from vizecg_edge.capture import file_shots
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.marks import made_of
from vizecg_edge.names import file_name, longest_name
from vizecg_edge.outputs import Output
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.printing import save_pictures
from vizecg_edge.watch.begun import Begun
from vizecg_edge.watch.failed import failed_answer
from vizecg_edge.watch.pending import Pending
from vizecg_edge.watch.table import NAME, ResultsTable
from vizecg_edge.words import LONGEST_NAME

LONGEST_PAUSE_S = 60.0
"""Between two tries to write an answer where that fails; the first pause is a second, each is twice the last."""
_EVERYWHERE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of writing that the next file would meet as well."""
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class _SetBack:
    """A file whose answer could not be written: why, and when it is made again, by the clock that nobody sets."""

    error: OSError
    pause_s: float
    until: float


class FolderWatch:
    """Answers each image of a folder once it has stopped growing.

    No file ends it: one whose reading comes to an error has that for its answer, and one that was being read when an
    earlier watch was killed is read last. Where answers cannot be written, as on a full disk, they are made later.

    ``answered`` and ``refused`` count files of this run, ``known`` those that had their answer already.

    Args:
        pipeline: answers them.
        folder: the images; folders in it are not looked into.
        out: where ``NAME.EXT.json`` and ``results.csv`` are written; nobody else's, see ``FolderLock``.
        say: gets one line per file, and one for each page that was refused.
        report: folder of a report for each page; None writes none.

    Raises:
        UsageError: ``out`` has a ``results.csv`` that is not of this program.
    """

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        folder: Path,
        out: Path,
        say: Callable[[str], None],
        report: Output | None = None,
    ) -> None:
        self.answered = self.refused = self.known = 0
        self._pipeline = pipeline
        self._folder = folder
        self._out = out
        self._longest_name = longest_name(out)
        self._say = say
        self._report = report
        self._table = ResultsTable(out / NAME, pipeline.bundle.manifest.labels.names)
        self._pending = Pending(folder)
        for written in {out, *([report.path] if report else [])}:
            remove_partials(written)
        self._begun = Begun(out)
        self._set_back: dict[str, _SetBack] = {}
        self._pause_s = 0.0

    def run(self, interrupt: Interrupt, *, interval_s: float, once: bool = False) -> None:
        """Look at the folder again and again until a signal comes; ``once``: until nothing is left to do.

        Raises:
            InputRefusedError: the folder is gone.
            BundleError: the engine stopped.
            OSError: with ``once``: an answer cannot be written; nothing of it is left behind.
        """
        while not interrupt.asked:
            waiting = self.look(interrupt)
            if once and not waiting:
                if self._set_back and not interrupt.asked:
                    raise next(iter(self._set_back.values())).error
                return
            interrupt.wait(max(interval_s, self._pause_s))

    def look(self, interrupt: Interrupt) -> int:
        """Answer what has not changed since the last look; returns how many files have to wait for the next."""
        try:
            ready, waiting = self._pending.look()
        except OSError as error:
            raise InputRefusedError(f"{self._folder}: {error.strerror}", reason="unreadable") from error
        self._begun.keep(self._pending.names)
        self._set_back = {name: back for name, back in self._set_back.items() if name in self._pending.names}
        for path, stamp in sorted(ready, key=lambda one: self._begun.died.get(one[0].name, 0)):
            back = self._set_back.get(path.name)
            if interrupt.asked:
                break
            if back is not None and time.monotonic() < back.until:
                continue
            try:
                if self._answer(path, interrupt):
                    self._pending.done(path, stamp)
                self._set_back.pop(path.name, None)
                self._pause_s = 0.0
            except OSError as error:
                if self._put_back(path, error):
                    break
        return waiting

    def _put_back(self, path: Path, error: OSError) -> bool:
        """Try a file again later; whether the next one would meet the same error."""
        with contextlib.suppress(OSError):
            self._begun.end(path.name)
        shared = error.errno in _EVERYWHERE
        back = self._set_back.get(path.name)
        if not (shared and self._pause_s) and (back is None or back.error.errno != error.errno):
            name = printable(path.name, LONGEST_NAME)
            self._say(f"{name}: its answer cannot be written ({error.strerror}); it is made again later")
        if shared:
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s or 1.0)
        pause_s = self._pause_s if shared else min(LONGEST_PAUSE_S, 1.0 if back is None else 2 * back.pause_s)
        self._set_back[path.name] = _SetBack(error=error, pause_s=pause_s, until=time.monotonic() + pause_s)
        return shared

    def _answer(self, path: Path, interrupt: Interrupt) -> bool:
        """Whether the file has its answer, or needs none: it is gone, or this program's own picture.

        Raises:
            OSError: it cannot be written.
            BundleError: the engine stopped.
        """
        if made_of(path) is not None:
            return True
        target = self._out / file_name(path.name, ".json", longest_bytes=self._longest_name, distinct=True)
        before = self._answered_before(path, target)
        if before:
            self.known += 1
            # Lost with the table, or from before there was one.
            self._table.add(before, file=path.name, read_at=_changed(target))
            self._begun.end(path.name)
            return True
        died = self._begun.died.get(path.name, 0)
        if died:
            self._say(f"{printable(path.name, LONGEST_NAME)}: begun {died} times before, and never ended; read last")
        self._begun.begin(path.name)
        read_at = datetime.now().astimezone()
        answers = self._read(path, interrupt, read_at)
        if answers is None:
            return False
        if answers:
            objects = [answer.to_dict() for answer in answers]
            self._table.add(objects, file=path.name, read_at=read_at)
            # Last: what it names is done, and is not done again after a loss of power.
            write_atomically(target, json.dumps(objects if len(objects) > 1 else objects[0], indent=1) + "\n")
            self._count(path, answers)
        self._begun.end(path.name)
        return True

    def _read(self, path: Path, interrupt: Interrupt, read_at: datetime) -> list[Answer] | None:
        """The answers to all of its pages; none where the file is gone, None where a signal came between two of them.

        Raises:
            OSError: a report cannot be written.
            BundleError: the engine stopped.
        """
        answers: list[Answer] = []
        try:
            for shot in file_shots(path):
                if answers and interrupt.asked:
                    return None
                result = self._pipeline.run_shot(shot)
                if result.answer.reasons == ("file_not_found",):
                    return []
                save_pictures(result, self._pipeline, read_at=read_at, report=self._report, stem=path.name)
                answers.append(result.answer)
        except (OSError, BundleError):
            raise
        except Exception as error:
            # Whatever it is, it is this file's: the next one is answered all the same.
            answers = [failed_answer(self._pipeline, path, error)]
        return answers

    def _count(self, path: Path, answers: Sequence[Answer]) -> None:
        good = sum(answer.answered for answer in answers)
        self.answered += good > 0
        self.refused += good == 0
        for line in _told(path, answers):
            self._say(line)

    def _answered_before(self, path: Path, target: Path) -> list[dict[str, Any]]:
        """The answers in ``target`` if they are those of this file's bytes by this bundle, else none."""
        try:
            read: Any = json.loads(read_plain(target, most=_MOST_BYTES))
            answers = read if isinstance(read, list) else [read]
            ours = answers[0]["bundle"]["sha256"] == self._pipeline.bundle_id.sha256
            asked = self._pipeline.rate_limits
            limits = None if asked is None else list(asked.both)
            # Refused answers have none, whatever was asked for.
            ours = ours and all(one.get("rate_limits_bpm") == limits for one in answers if one["status"] == ANSWERED)
            same = ours and answers[0]["input"]["sha256"] == sha256_file(path)
            # Whoever can write there can write anything: what makes no row is no answer.
            rows = self._table.rows(answers, file=path.name, read_at=_changed(target)) if same else []
            return list(answers) if rows else []
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError):
            return []


def _told(path: Path, answers: Sequence[Answer]) -> list[str]:
    """A line for each page: what was found, or why it was refused and what to do."""
    lines = []
    for answer in answers:
        name = printable(path.name, LONGEST_NAME) + answer.input.place
        if answer.answered:
            lines.append(f"{name}: {answer.headline}" + "".join(f"; {doubt.message}" for doubt in answer.doubts))
        else:
            lines += [line.replace(answer.input.name, name, 1) for line in answer.to_text().splitlines()]
    return lines


def _changed(path: Path) -> datetime:
    """When a file was written; now, where its time is beyond what a date can say."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except (OSError, OverflowError, ValueError):
        return datetime.fromtimestamp(time.time()).astimezone()
