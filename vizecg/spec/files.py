"""Writing files so that they are there whole or not at all, and where those go that can be made again."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from pathlib import Path

_PARTIAL = re.compile(r"\.vizecg-(\d+)-[0-9a-f]{16}\.partial")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""With O_EXCL no link is followed either: a name that somebody planted is an error."""
_KNOWN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write under a temporary name in the same folder, then rename; a failed write leaves neither file behind.

    Where ``path`` is a link, the link is replaced: what it leads to stays as it is.

    Raises:
        OSError: it cannot be written; with ``path`` as its file.
    """
    partial = path.with_name(f".vizecg-{os.getpid()}-{secrets.token_hex(8)}.partial")
    try:
        handle = os.open(partial, _NEW, 0o666)
        try:
            left = memoryview(data.encode() if isinstance(data, str) else data)
            while left:
                left = left[os.write(handle, left) :]
        finally:
            os.close(handle)
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def remove_partials(folder: Path) -> None:
    """Remove what processes that were killed within ``write_atomically`` have left in a folder.

    Raises:
        OSError: the folder cannot be read.
    """
    for name in os.listdir(folder):
        ours = _PARTIAL.fullmatch(name)
        if ours and not _runs(int(ours[1])):
            (folder / name).unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether another process of this number runs; this one has nothing half-written while it asks."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def read_plain(path: Path, *, most: int = -1) -> bytes:
    """The bytes of a file that was named by nobody and may have been planted: no link is followed, no pipe waited for.

    Args:
        path: of the file.
        most: so many bytes are read, no more; -1 reads all.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    handle = os.open(path, _KNOWN)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(most)


def user_cache() -> Path:
    """The project's folder in the user's cache, which may be deleted at any time: $XDG_CACHE_HOME/vizecg."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vizecg"
