"""Which files of a folder are to be answered now: those that have stopped growing, and are not answered yet."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vizecg_edge.capture.folders import STILL_SUFFIXES, natural_order

Stamp = tuple[int, ...]
"""Size, times of change and number of a file: it is looked at again when they differ. None is compared with the clock,
which may be set while files come."""


class Pending:
    """The images and PDFs that are put into a folder.

    Args:
        folder: the images; folders in it and hidden files are not looked at.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, Stamp] = {}
        self._done: dict[str, Stamp] = {}

    def look(self) -> tuple[list[tuple[Path, Stamp]], int]:
        """Files that have not changed since the last look, in natural order, and how many have to wait for the next.

        Raises:
            OSError: the folder cannot be read.
        """
        there, ready, waiting = set(), [], 0
        with os.scandir(self._folder) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            if name.startswith(".") or os.path.splitext(name)[1].lower() not in STILL_SUFFIXES:
                continue
            path = self._folder / name
            stamp = _stamp(path)
            if stamp is None:
                continue
            there.add(name)
            if self._done.get(name) == stamp:
                continue
            if self._seen.get(name) != stamp:
                self._seen[name] = stamp
                waiting += 1
            else:
                ready.append((path, stamp))
        # What was taken away and comes back is new.
        for known in (self._seen, self._done):
            for name in known.keys() - there:
                del known[name]
        return sorted(ready, key=lambda one: natural_order(one[0])), waiting

    @property
    def names(self) -> set[str]:
        """Of the files that were there at the last look."""
        return set(self._seen)

    def done(self, path: Path, stamp: Stamp) -> None:
        """``path`` has its answer, as it was at ``stamp``."""
        self._done[path.name] = stamp


def _stamp(path: Path) -> Stamp | None:
    """Of a regular file, or a link to one."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
