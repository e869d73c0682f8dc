"""A folder whose images are answered as they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vizecg.spec import InputRefusedError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_file
from vizecg_edge.capture import file_shots
from vizecg_edge.capture.folders import stills_in
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.pipeline import Pipeline

Stamp = tuple[int, int]
"""Size and time of change: a file is looked at again when they differ."""


class FolderWatch:
    """Answers each image of a folder once it has stopped growing.

    ``answered`` and ``refused`` count files of this run, ``known`` those that had their answer already.

    Args:
        pipeline: answers them.
        folder: the images; folders in it are not looked into.
        out: where ``NAME.EXT.json`` is written.
        say: gets one line per file.
    """

    def __init__(self, *, pipeline: Pipeline, folder: Path, out: Path, say: Callable[[str], None]) -> None:
        self.answered = self.refused = self.known = 0
        self._pipeline = pipeline
        self._folder = folder
        self._out = out
        self._say = say
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
        target = self._out / f"{path.name}.json"
        if self._answered_before(path, target):
            self.known += 1
            return
        answers = [self._pipeline.run_shot(shot).answer for shot in file_shots(path)]
        if answers[0].reasons == ("file_not_found",):
            return
        objects = [answer.to_dict() for answer in answers]
        write_atomically(target, json.dumps(objects if len(objects) > 1 else objects[0], indent=1) + "\n")
        good = sum(answer.answered for answer in answers)
        self.answered += good > 0
        self.refused += good == 0
        reasons = sorted({reason for answer in answers for reason in answer.reasons})
        told = [f"{good} of {len(answers)} pages answered" if len(answers) > 1 else "answered"] if good else []
        told += [f"refused ({', '.join(reasons)})"] if reasons else []
        self._say(f"{path.name}: {', '.join(told)}")

    def _answered_before(self, path: Path, target: Path) -> bool:
        """Whether ``target`` holds the answer of this file's bytes by this bundle."""
        try:
            answers: Any = json.loads(target.read_text())
            first = answers[0] if isinstance(answers, list) else answers
            ours = first["bundle"]["sha256"] == self._pipeline.bundle_id.sha256
            return bool(ours and first["input"]["sha256"] == sha256_file(path))
        except (OSError, ValueError, LookupError, TypeError):
            return False


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
