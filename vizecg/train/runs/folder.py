"""What lies in the folder of a run, by name; a cache of pictures that stands there may be deleted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

LAST, BEST = "last.ckpt", "best.ckpt"
CONFIG, RECORD, LOCK = "config.json", "run.json", "run.lock"
CACHE, LOGS = "cache", "logs"
METRICS, TEXT = "metrics.csv", "train.log"
_START = re.compile(r"(?:start-|logs_)(\d+)")
_DEPTH = 4


def is_run(folder: Path) -> bool:
    """Whether a run was begun here, be it only that its pictures are drawn. Earlier ones have no record of themselves, but
    a configuration."""
    if any((folder / name).is_file() for name in (RECORD, LOCK)):
        return True
    return (folder / CONFIG).is_file() and any((folder / name).is_file() for name in (LAST, BEST))


def find_runs(folder: Path) -> list[Path]:
    """Runs in a folder and in those below it, by their names; a run holds no other runs."""
    if is_run(folder):
        return [folder]
    return sorted(_below(folder, _DEPTH))


def _below(folder: Path, depth: int) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        inner = [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False) and one.name[0] != "."]
    for path in inner:
        if is_run(path):
            yield path
        elif depth:
            yield from _below(path, depth - 1)


def log_folders(run: Path) -> list[Path]:
    """Of every start of a run, the earliest first; runs of before ``logs/`` have them side by side as ``logs_0``."""
    found = [*run.glob(f"{LOGS}/start-*"), *run.glob("logs_*")]
    numbered = [(int(match[1]), path) for path in found if (match := _START.fullmatch(path.name))]
    # The side by side ones of a run that went on since were the earlier ones.
    return [path for _, _, path in sorted((path.parent.name == LOGS, number, path) for number, path in numbered)]


def next_log_folder(run: Path) -> str:
    """Below the run: of a start that has none yet. Lightning deletes the log of an earlier one."""
    return f"{LOGS}/start-{len(log_folders(run))}"


def _size(path: str) -> int:
    """0 for what a running process has renamed meanwhile."""
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def bytes_of(run: Path) -> tuple[int, int]:
    """(what the run has come to, its pictures kept beside it)"""
    own = kept = 0
    for place, _, names in os.walk(run):
        size = sum(_size(os.path.join(place, name)) for name in names)
        if Path(place).relative_to(run).parts[:1] == (CACHE,):
            kept += size
        else:
            own += size
    return own, kept

