"""What this program writes carries a mark: it replaces nothing else, and does not read its own pictures as new ones."""

from __future__ import annotations

import re
import stat
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from vizecg.spec.fingerprint import sha256_bytes
from vizecg_edge.answer import Input

_SAYS = "vizecg-edge made this of"
_MARK = re.compile(rb"vizecg-edge made this of ([\w.:+-]+)")
_END_BYTES = 4096
_OTHERS = 8
"""Digits that tell which pages were read together."""


def mark_of(source: Input, *, read_at: datetime) -> str:
    """What is made of a picture is marked with: of the same bytes and page alike, of each shot of a camera anew."""
    name = source.sha256 or f"camera-{read_at:%Y%m%dT%H%M%S.%f}"
    if source.pages:
        others = " ".join(f"{page.sha256} {page.page}" for page in source.pages)
        name += f"+{sha256_bytes(others.encode())[:_OTHERS]}"
    page = "" if source.page is None else f"-p{source.page}"
    page += "" if source.sheet is None else f"-s{source.sheet}"
    return f"{_SAYS} {name}{page}" + ("" if source.frame is None else f"-f{source.frame}")


def made_of(path: Path) -> str | None:
    """The mark in a file; None where there is none, or the file cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return _read_mark(path, status.st_size, status.st_mtime_ns)


# Folders are looked at again and again: only what has changed since is read.
@lru_cache(maxsize=4096)
def _read_mark(path: Path, size: int, changed_ns: int) -> str | None:
    try:
        with path.open("rb") as file:
            ends = file.read(_END_BYTES)
            if size > _END_BYTES:
                file.seek(max(_END_BYTES, size - _END_BYTES))
                ends += file.read(_END_BYTES)
    except OSError:
        return None
    mark = _MARK.search(ends)
    return f"{_SAYS} {mark[1].decode()}" if mark else None
