"""``--report``: one page for each image, as HTML or PDF by the file's ending."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.files import write_atomically
from vizecg_edge.report.html import render_html
from vizecg_edge.report.reading import Reading

PDF = ".pdf"


def save_report(path: Path, reading: Reading, *, mark: str) -> None:
    """Write the page with its mark, whole or not at all.

    Raises:
        MissingToolError: a PDF is asked for, and fpdf2 is not installed.
    """
    if path.suffix.lower() == PDF:
        from vizecg_edge.report.pdf import render_pdf

        write_atomically(path, render_pdf(reading, mark=mark))
    else:
        write_atomically(path, render_html(reading, mark=mark))
