"""One watch for a folder of answers: the second says so, instead of writing between the lines of the first."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from vizecg.spec import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class FolderLock:
    """Held within the ``with`` block, and no longer than the process lives, however that ends.

    It is a lock on the folder itself, not a file in it. ``held`` is false on the few file systems, and systems, that
    cannot lock one: nothing keeps a second watch away there.

    Args:
        folder: of the answers.

    Raises:
        UsageError: on entering: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self.held = False
        self._folder = folder
        self._handle: int | None = None

    def __enter__(self) -> FolderLock:
        if fcntl is None:
            return self
        self._handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            raise UsageError(
                f"{self._folder}: another vizecg-edge watch writes its answers there; end it, or name another --out"
            ) from error
        except OSError:
            self._release()
            return self
        self.held = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self.held = None, False
