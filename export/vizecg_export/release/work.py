"""The work folder: results of finished stages under hashes of what decided them, so that nothing is made twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg_export.pace import Say, duration

RECORD, LOCK = "stage.json", ".lock"
KEY_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a release.

    Attributes:
        name: a word; its results lie in a folder of that name and their key.
        does: what, in a line for people.
        decided_by: everything that decides the results beside those of the stage before; JSON.
        seconds: about how long it takes, for who plans.
        run: (empty folder to fill, folder of the stage before or None, say).
    """

    name: str
    does: str
    decided_by: dict[str, Any]
    seconds: float
    run: Callable[[Path, Path | None, Say], None]


@dataclass(frozen=True, kw_only=True)
class StageState:
    """A stage as it stands in a work folder.

    ``folder`` holds its results where it is done. It is None where they are to be made, ``seconds`` is then what that
    will take: as the last time here, or a guess.
    """

    name: str
    does: str
    folder: Path | None
    seconds: float
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "stage": self.name,
            "does": self.does,
            "state": "to do" if self.folder is None else "kept" if self.kept else "made",
            "folder": None if self.folder is None else str(self.folder),
            "seconds": round(self.seconds, 1),
        }


class WorkFolder:
    """Stages done one after the other. A stage's key covers what decided it and the results of the stage before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep it for this process.

        Raises:
            UsageError: another process is at work in it, or it is a file.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is no folder to work in")
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("w") as handle:
            try:
                # Not flock, which processes that draw sheets would inherit and hold on to when this one is killed.
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"{self.path}: another release is at work in it") from error
            yield

    def states(self, stages: Sequence[Stage]) -> list[StageState]:
        """Which stages are done; nothing is written."""
        states: list[StageState] = []
        digest: str | None = ""
        for stage in stages:
            folder = None if digest is None else self._folder(stage, digest)
            record = None if folder is None else _intact(folder)
            if record is None or folder is None:
                digest, seconds = None, self._last_time(stage)
                states.append(StageState(name=stage.name, does=stage.does, folder=None, seconds=seconds, kept=False))
            else:
                digest = _digest(record)
                states.append(_state(stage, folder, record, kept=True))
        return states

    def run(self, stages: Sequence[Stage], *, say: Say) -> list[StageState]:
        """Do what is not done. What a stage raises goes through; the stages before it are kept."""
        done: list[StageState] = []
        digest, before = "", None
        for number, stage in enumerate(stages, start=1):
            folder = self._folder(stage, digest)
            record = _intact(folder)
            kept = record is not None
            if record is None:
                say(f"{number} of {len(stages)} {stage.name}: {stage.does}, about {duration(self._last_time(stage))}")
                record = _make(stage, folder, before, say)
                say(f"{number} of {len(stages)} {stage.name}: done in {duration(record['seconds'])}")
            else:
                say(f"{number} of {len(stages)} {stage.name}: done before, kept in {folder}")
            done.append(_state(stage, folder, record, kept=kept))
            digest, before = _digest(record), folder
        return done

    def keep(self, part: Stage, *, say: Say) -> Path:
        """Do a part of a stage, or find it done: what stands by itself need not be made again with its stage."""
        folder = self._folder(part, "")
        if _intact(folder) is None:
            _make(part, folder, None, say)
        else:
            say(f"{part.name}: done before, kept in {folder}")
        return folder

    def _folder(self, stage: Stage, digest: str) -> Path:
        content = {"stage": stage.name, "decided_by": stage.decided_by, "before": digest}
        key = sha256_bytes(json.dumps(content, sort_keys=True).encode())
        return self.path / f"{stage.name}-{key[:KEY_LENGTH]}"

    def _last_time(self, stage: Stage) -> float:
        records = sorted(self.path.glob(f"{stage.name}-*/{RECORD}"), key=lambda path: path.stat().st_mtime)
        for path in reversed(records):
            with contextlib.suppress(ValueError, KeyError):
                return float(json.loads(path.read_text())["seconds"])
        return stage.seconds


def _make(stage: Stage, folder: Path, before: Path | None, say: Say) -> dict[str, Any]:
    partial = folder.with_name(f".{folder.name}")
    # What a killed run left, and results that were changed since.
    for stale in (partial, folder):
        shutil.rmtree(stale, ignore_errors=True)
    partial.mkdir()
    began = time.monotonic()
    stage.run(partial, before, say)
    record = {
        "stage": stage.name,
        "decided_by": stage.decided_by,
        "seconds": round(time.monotonic() - began, 1),
        "files": _hashes(partial),
    }
    (partial / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    os.replace(partial, folder)
    return record


def _state(stage: Stage, folder: Path, record: dict[str, Any], *, kept: bool) -> StageState:
    return StageState(name=stage.name, does=stage.does, folder=folder, seconds=record["seconds"], kept=kept)


def _intact(folder: Path) -> dict[str, Any] | None:
    """The record of a finished stage; None where there is none, or where its files are no longer those."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text())
        return record if record["files"] == _hashes(folder) else None
    except (OSError, ValueError, KeyError):
        return None


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256_file(path) for path in files if path != folder / RECORD}


def _digest(record: dict[str, Any]) -> str:
    return sha256_bytes(json.dumps(record["files"], sort_keys=True).encode())
