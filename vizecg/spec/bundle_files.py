"""The files of a bundle, opened so that nothing leads out of its folder: no link, no device, nothing too large."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vizecg.spec.checks import printable
from vizecg.spec.errors import BundleError

MOST_FILE_BYTES = 2 << 30
"""Of one file; an ONNX model cannot be larger."""
MOST_TEXT_BYTES = 8 << 20
"""Of a JSON file."""
_BLOCK = 1 << 20


@contextmanager
def opened(folder: Path, name: str, *, most: int = MOST_FILE_BYTES) -> Iterator[BinaryIO]:
    """A file that lies in ``folder`` itself, for reading.

    Raises:
        BundleError: it is missing, a link, no plain file, or larger than ``most`` bytes.
    """
    if Path(name).name != name:
        raise BundleError(f"{folder}: {printable(name)} is missing: a bundle holds no files of other folders")
    # Neither followed where it is a link, nor waited for where it is a pipe.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(folder / name, flags)
    except (FileNotFoundError, ValueError) as error:
        raise BundleError(f"{folder}: {printable(name)} is missing") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BundleError(f"{folder}: {printable(name)} is a link, and is not followed: copy the file") from error
        raise BundleError(f"{folder}: {printable(name)} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as handle:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BundleError(f"{folder}: {printable(name)} is missing: what lies there is no file")
        if found.st_size > most:
            raise BundleError(
                f"{folder}: {printable(name)} has {found.st_size:,} bytes, at most {most:,} are read of it"
            )
        yield handle


def read_plain(folder: Path, name: str, *, most: int = MOST_FILE_BYTES) -> bytes:
    """All of a file.

    Raises:
        BundleError: as ``opened``.
    """
    with opened(folder, name, most=most) as handle:
        # It may have grown since it was looked at.
        return handle.read(most)


def hash_plain(folder: Path, name: str) -> str:
    """sha256 of a file.

    Raises:
        BundleError: as ``opened``.
    """
    digest, left = hashlib.sha256(), MOST_FILE_BYTES
    with opened(folder, name) as handle:
        while left > 0 and (block := handle.read(_BLOCK)):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def check_listed(folder: Path, listed: Collection[str]) -> None:
    """Raise BundleError when something lies in ``folder`` that is not listed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in listed:
                what = "a folder" if entry.is_dir(follow_symlinks=False) else "a file"
                raise BundleError(
                    f"{folder}: {printable(entry.name)} is {what} that the manifest does not list: take it away, or"
                    " copy the bundle again"
                )
