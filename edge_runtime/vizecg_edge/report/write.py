"""``--report``: one page for each image, as HTML or PDF by the file's ending."""

from __future__ import annotations

import io
from pathlib import Path

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg_edge.report.html import render_html
from vizecg_edge.report.page import DPI, draw_page
from vizecg_edge.report.reading import Reading

ENDINGS = (".html", ".htm", ".pdf")


def check_report(target: Path | None, *, explain: bool, drawn: bool) -> None:
    """Refuse what cannot be written before anything is computed. ``drawn``: a picture is asked for, too.

    Raises:
        UsageError: ``target`` is no folder and neither HTML nor PDF; there is nothing to draw an explanation into.
    """
    if target is not None and not target.is_dir() and target.suffix.lower() not in ENDINGS:
        raise UsageError(f"{target}: a report is one of {', '.join(ENDINGS)}, or goes into a folder")
    if explain and target is None and not drawn:
        raise UsageError("--explain is drawn into --overlay or --report: give one of them")


def save_report(path: Path, reading: Reading) -> None:
    """Write the page, whole or not at all."""
    write_atomically(path, pdf_bytes(reading) if path.suffix.lower() == ".pdf" else render_html(reading).encode())


def pdf_bytes(reading: Reading) -> bytes:
    """One A4 page as PDF. Its text is a picture; it carries no file name, no date and no author."""
    stream = io.BytesIO()
    # Pillow would put the time and the file's name into the document's properties.
    draw_page(reading).save(
        stream, format="PDF", resolution=DPI, quality=90, title="ECG reading", creationDate=None, modDate=None
    )
    return stream.getvalue()
