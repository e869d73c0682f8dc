"""Reports into files."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.files import write_atomically
from vizecg.spec.options import writable
from vizecg_bench.report.markdown import render_markdown
from vizecg_bench.run.schema import Result


def write_reports(
    result: Result, *, json: Path | None = None, markdown: Path | None = None, html: Path | None = None
) -> None:
    """Write those that have a path; each is there whole or not at all. The JSON is first: plots may fail, figures not.

    Raises:
        UsageError: the folder of a path does not exist.
    """
    for path in (json, markdown, html):
        writable(path)
    if json is not None:
        write_atomically(json, result.to_json())
    if markdown is not None:
        write_atomically(markdown, render_markdown(result))
    if html is not None:
        # Loads matplotlib.
        from vizecg_bench.report.html import render_html

        write_atomically(html, render_html(result))
