"""Files -> the pictures in them, one at a time and not yet decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from vizecg.spec import InputRefusedError, VizecgError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg_edge.capture.pdf import count_pages, is_pdf, render_page
from vizecg_edge.capture.picture import Picture, page_numbers, read_picture

MAX_FILE_BYTES = 100 * 2**20


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture to answer.

    Attributes:
        path: name of its file or camera, for people.
        load: decodes it; the argument is the largest reduction that is allowed, see ``read_picture``. It raises
            InputRefusedError or MissingToolError.
        sha256: of the file.
        page: from 1, in a file of several pages.
        frame: from 0, in a video.
        sheet: from 1, in a picture of several, which was chosen, and is what is loaded.
        read_ms: what reading the file took.
    """

    path: str
    load: Callable[[float], Picture]
    sha256: str | None = None
    page: int | None = None
    frame: int | None = None
    sheet: int | None = None
    read_ms: float = 0.0


def read_file(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        InputRefusedError: ``file_not_found`` or ``unreadable``.
    """
    try:
        if not path.exists():
            raise InputRefusedError("no such file", reason="file_not_found")
        if not path.is_file():
            raise InputRefusedError("not a file", reason="unreadable")
        _check_bytes(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise InputRefusedError(str(error.strerror), reason="unreadable") from error


def _check_bytes(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise InputRefusedError(f"{size} bytes are over {MAX_FILE_BYTES}", reason="unreadable")


def file_shots(path: Path) -> Iterator[Shot]:
    """The images or pages of one file. A file that cannot be read gives one shot, which says so when it is loaded."""
    started = time.perf_counter()
    try:
        data = read_file(path)
    except InputRefusedError as error:
        yield refused_shot(str(path), error)
        return
    yield from data_shots(data, name=str(path), read_ms=(time.perf_counter() - started) * 1000)


def data_shots(data: bytes, *, name: str, read_ms: float = 0.0) -> Iterator[Shot]:
    """The same of a file's bytes.

    Args:
        data: of the whole file.
        name: for people.
        read_ms: what it took to get them.
    """
    started = time.perf_counter()
    sha256 = sha256_bytes(data)
    loads: list[tuple[int | None, Callable[[float], Picture]]]
    try:
        _check_bytes(len(data))
        if is_pdf(data):
            loads = [(page + 1, partial(_load_pdf, data, page)) for page in range(count_pages(data))]
        else:
            pages = page_numbers(data)
            several = len(pages) > 1
            loads = [(page + 1 if several else None, partial(_load_image, data, page)) for page in pages]
    except VizecgError as error:
        loads = [(None, partial(_refuse, error))]
    read_ms += (time.perf_counter() - started) * 1000
    for page, load in loads:
        yield Shot(path=name, load=load, sha256=sha256, page=page, read_ms=read_ms)
        read_ms = 0.0


def refused_shot(path: str, error: VizecgError) -> Shot:
    """A shot of what could not even be opened: it raises ``error`` when it is loaded."""
    return Shot(path=path, load=partial(_refuse, error))


def _load_image(data: bytes, page: int, most_reduced: float) -> Picture:
    return read_picture(data, page=page, most_reduced=most_reduced)


def _load_pdf(data: bytes, page: int, most_reduced: float) -> Picture:
    return render_page(data, page)


def _refuse(error: Exception, most_reduced: float) -> NoReturn:
    raise error
