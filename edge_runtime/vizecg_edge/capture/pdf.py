"""Pages of a PDF as pictures, through the extra ``pdf``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from typing import Any

import numpy as np

from vizecg.spec import InputRefusedError, MissingToolError
from vizecg_edge.capture.picture import MAX_PAGES, Picture, check_size

DPI = 300
MAX_PAGE_PIXELS = 24_000_000
"""A3 at 300 dpi has 17 million. Larger pages, such as photographs put on a page at 72 dpi, are rendered coarser."""
MAX_PAGE_PT = 14_400
"""The longest side that the PDF format itself provides for, 5 m."""
_PT_PER_INCH = 72


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
        sheet = document[page]
        width, height = sheet.get_size()
        if not (0 < width <= MAX_PAGE_PT and 0 < height <= MAX_PAGE_PT):
            raise InputRefusedError(f"a page of {width:.0f} x {height:.0f} points", reason="unreadable")
        scale = min(DPI / _PT_PER_INCH, sqrt(MAX_PAGE_PIXELS / (width * height)))
        check_size(round(width * scale), round(height * scale))
        pixels = sheet.render(scale=scale, rev_byteorder=True).to_numpy()
        if pixels.ndim == 2:
            pixels = pixels[:, :, None].repeat(3, axis=2)
        return Picture.of(np.array(pixels[:, :, :3], copy=True, order="C"))


@contextmanager
def _open(data: bytes) -> Iterator[Any]:
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingToolError("PDF files need pypdfium2: pip install 'vizecg[pdf]'") from error
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
