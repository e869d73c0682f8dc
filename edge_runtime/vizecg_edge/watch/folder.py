"""A folder whose images are answered as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vizecg.spec import InputRefusedError
from vizecg.spec.checks import printable
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_file
from vizecg_edge.answer import Answer
from vizecg_edge.capture import file_shots
from vizecg_edge.capture.folders import stills_in
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.outputs import Output
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.printing import save_pictures
from vizecg_edge.watch.table import NAME, ResultsTable
from vizecg_edge.words import LONGEST_NAME

Stamp = tuple[int, int]
"""Size and time of change: a file is looked at again when they differ."""


class FolderWatch:
    """Answers each image of a folder once it has stopped growing.

    ``answered`` and ``refused`` count files of this run, ``known`` those that had their answer already.

    Args:
        pipeline: answers them.
        folder: the images; folders in it are not looked into.
        out: where ``NAME.EXT.json`` and ``results.csv`` are written.
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
        self._say = say
        self._report = report
        self._table = ResultsTable(out / NAME, pipeline.bundle.manifest.labels.names)
        self._seen: dict[Path, Stamp] = {}
        self._done: dict[Path, Stamp] = {}

    def run(self, interrupt: Interrupt, *, interval_s: float, once: bool = False) -> None:
        """Look at the folder again and again until a signal comes; ``once``: until nothing is left to do.

        Raises:
            InputRefusedError: the folder is gone.
            OSError: an answer cannot be written; nothing of it is left behind.
        """
        while not interrupt.asked:
            waiting = self.look(interrupt)
            if once and not waiting:
                return
            interrupt.wait(interval_s)

    def look(self, interrupt: Interrupt) -> int:
        """Answer what has not changed since the last look; returns how many files have to wait for the next."""
        waiting = 0
        try:
            files, _ = stills_in(self._folder)
        except OSError as error:
            raise InputRefusedError(f"{self._folder}: {error.strerror}", reason="unreadable") from error
        for path in files:
            if interrupt.asked:
                break
            stamp = _stamp(path)
            if stamp is None or self._done.get(path) == stamp:
                continue
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp
                waiting += 1
                continue
            self._answer(path)
            self._done[path] = stamp
        # What was taken away and comes back is new.
        for known in (self._seen, self._done):
            for path in known.keys() - set(files):
                del known[path]
        return waiting

    def _answer(self, path: Path) -> None:
        target = self._out / f"{printable(path.name, LONGEST_NAME)}.json"
        before = self._answered_before(path, target)
        if before:
            self.known += 1
            # Lost with the table, or from before there was one.
            self._table.add(before, file=path.name, read_at=_changed(target))
            return
        read_at = datetime.now().astimezone()
        answers = []
        for shot in file_shots(path):
            result = self._pipeline.run_shot(shot)
            if result.answer.reasons == ("file_not_found",):
                return
            save_pictures(result, self._pipeline, read_at=read_at, report=self._report, stem=path.name)
            answers.append(result.answer)
        objects = [answer.to_dict() for answer in answers]
        self._table.add(objects, file=path.name, read_at=read_at)
        # Last: what it names is done, and is not done again after a loss of power.
        write_atomically(target, json.dumps(objects if len(objects) > 1 else objects[0], indent=1) + "\n")
        good = sum(answer.answered for answer in answers)
        self.answered += good > 0
        self.refused += good == 0
        for line in _told(path, answers):
            self._say(line)

    def _answered_before(self, path: Path, target: Path) -> list[dict[str, Any]]:
        """The answers in ``target`` if they are those of this file's bytes by this bundle, else none."""
        try:
            read: Any = json.loads(target.read_text())
            answers = read if isinstance(read, list) else [read]
            ours = answers[0]["bundle"]["sha256"] == self._pipeline.bundle_id.sha256
            same = ours and answers[0]["input"]["sha256"] == sha256_file(path)
            return list(answers) if same else []
        except (OSError, ValueError, LookupError, TypeError):
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
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone()


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
