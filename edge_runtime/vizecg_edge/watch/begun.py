"""Which file was being read when a watch was killed: it is read last, so that one that kills it holds up no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vizecg.spec.files import read_plain, write_atomically

NAME = ".vizecg-watch.json"
_MOST_BYTES = 2**20


class Begun:
    """How often a watch came to its end while it read a file, by the file's name; on disk only where there is one.

    Args:
        folder: of the answers.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.died = self._read()

    def begin(self, name: str) -> None:
        """``name`` is being read from now on.

        Raises:
            OSError: that cannot be written down.
        """
        self._write({**self.died, name: self.died.get(name, 0) + 1})

    def end(self, name: str) -> None:
        """``name`` has been read.

        Raises:
            OSError: that cannot be written down.
        """
        self.died.pop(name, None)
        if self.died:
            self._write(self.died)
        else:
            self._path.unlink(missing_ok=True)

    def keep(self, names: set[str]) -> None:
        """Forget files that are there no more; on disk with the next file."""
        for name in self.died.keys() - names:
            del self.died[name]

    def _write(self, died: dict[str, int]) -> None:
        write_atomically(self._path, json.dumps(died))

    def _read(self) -> dict[str, int]:
        try:
            read: Any = json.loads(read_plain(self._path, most=_MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(read, dict):
            return {}
        return {name: count for name, count in read.items() if isinstance(count, int) and count > 0}
