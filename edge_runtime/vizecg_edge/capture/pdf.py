"""Pages of a PDF as pictures, through the extra ``pdf``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from typing import Any

import numpy as np

from vizecg.spec import InputRefusedError, MissingToolError
from vizecg.spec.install import pip_install
from vizecg_edge.capture.picture import MAX_PAGES, Picture, check_size
from vizecg_edge.pdf_page import DAMAGED

DPI = 300
MAX_PAGE_PIXELS = 24_000_000
"""A3 at 300 dpi has 17 million. Larger pages, such as photographs put on a page at 72 dpi, are rendered coarser."""
MAX_PAGE_PT = 14_400
"""The longest side that the PDF format itself provides for, 5 m."""
_PT_PER_INCH = 72
LONGEST_S = 60
"""By the clock; the process that draws is held to its own limit of processor time."""


def is_pdf(data: bytes) -> bool:
    """Whether these are the bytes of a PDF; a few may stand before its mark."""
    return b"%PDF-" in data[:1024]


def count_pages(data: bytes) -> int:
    """Number of pages.

    Raises:
        InputRefusedError: ``unreadable``: damaged, encrypted, or too many pages.
        MissingToolError: pypdfium2 is not installed.
    """
    with _open(data) as document:
        count = len(document)
    if not 1 <= count <= MAX_PAGES:
        raise InputRefusedError(f"{count} pages, 1 to {MAX_PAGES} are read", reason="unreadable")
    return count


def render_page(data: bytes, page: int) -> Picture:
    """A page, from 0, at 300 dpi or what its size allows.

    Raises:
        InputRefusedError: ``unreadable``, or ``too_small``.
        MissingToolError: pypdfium2 is not installed.
    """
    with _open(data) as document:
        # Without loading the page: what is drawn on it is not read yet.
        width, height = document.get_page_size(page)
    if not (0 < width <= MAX_PAGE_PT and 0 < height <= MAX_PAGE_PT):
        raise InputRefusedError(f"a page of {width:.0f} x {height:.0f} points", reason="unreadable")
    scale = min(DPI / _PT_PER_INCH, sqrt(MAX_PAGE_PIXELS / (width * height)))
    check_size(round(width * scale), round(height * scale))
    return Picture.of(_drawn(data, page, scale))


def _drawn(data: bytes, page: int, scale: float) -> np.ndarray:
    """uint8 RGB (H, W, 3) of a page, drawn in a process that ends when it takes too much."""
    command = [sys.executable, "-m", "vizecg_edge.pdf_page", str(page), repr(scale)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputRefusedError(f"its page takes more than {LONGEST_S} s", reason="unreadable") from error
    except OSError as error:
        raise InputRefusedError(f"no process to draw its page ({error.strerror})", reason="unreadable") from error
    if done.returncode == DAMAGED:
        text = " ".join(done.stderr.decode(errors="replace").split())[:120]
        raise InputRefusedError(f"damaged PDF ({text})", reason="unreadable")
    if done.returncode:
        raise InputRefusedError("its page takes too much time or memory", reason="unreadable")
    head, _, rows = done.stdout.partition(b"\n")
    wide, high, stride, channels = (int(number) for number in head.split())
    pixels = np.frombuffer(rows, np.uint8, high * stride).reshape(high, stride)[:, : wide * channels]
    pixels = pixels.reshape(high, wide, channels)
    return np.repeat(pixels, 3, axis=2) if channels == 1 else np.array(pixels[:, :, :3], copy=True, order="C")


@contextmanager
def _open(data: bytes) -> Iterator[Any]:
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingToolError(f"PDF files need pypdfium2: {pip_install('pdf')}") from error
    try:
        document = pypdfium2.PdfDocument(data)
        try:
            yield document
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        text = "the PDF is locked with a password" if locked else f"damaged PDF ({error})"
        raise InputRefusedError(text, reason="unreadable") from error
