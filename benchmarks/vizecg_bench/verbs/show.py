"""``vizecg-bench show``: what a stored result says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import HtmlOption, MarkdownOption


def show(
    result: Annotated[Path, typer.Argument(help="JSON of `vizecg-bench run`.")],
    html: HtmlOption = None,
    markdown: MarkdownOption = None,
) -> None:
    """A stored result as tables, Markdown and HTML."""
    from rich.console import Console

    from vizecg_bench.report.read import read_result
    from vizecg_bench.report.table import print_result
    from vizecg_bench.report.write import write_reports

    stored = read_result(result)
    write_reports(stored, markdown=markdown, html=html)
    print_result(stored, Console())
