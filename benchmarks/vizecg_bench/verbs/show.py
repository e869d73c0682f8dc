"""The verbs ``show`` and ``compare``: what stored results say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg_bench.compare.changes import DEFAULT_ACCURACY_DROP
from vizecg_bench.compare.runs import By

HtmlOption = Annotated[Path | None, typer.Option(help="Write a report with plots to this file.")]
MarkdownOption = Annotated[Path | None, typer.Option(help="Write the tables to this file.")]


def add_report_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(show)
    app.command()(compare)


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

    found = read_result(result)
    write_reports(found, markdown=markdown, html=html)
    print_result(found, Console())


def compare(
    a: Annotated[Path, typer.Argument(help="JSON of the older run.")],
    b: Annotated[Path, typer.Argument(help="JSON of the newer run.")],
    fail_over: Annotated[str, typer.Option(help="A contender may become slower by so much: 5% or 0.05.")] = "5%",
    max_accuracy_drop: Annotated[
        float, typer.Option(min=0, max=1, help="Macro AUROC and F1 may fall by so much.")
    ] = DEFAULT_ACCURACY_DROP,
    by: Annotated[By, typer.Option(help="ratio: to the baseline of the same run; p50: milliseconds.")] = By.RATIO,
    baseline: Annotated[
        str | None, typer.Option(help="Contender that ratios refer to. Default: the float network, else ONNX fp32.")
    ] = None,
    allow_invalid: Annotated[bool, typer.Option(help="Also results that are not to be quoted.")] = False,
    out: Annotated[Path | None, typer.Option("--json", help="Write the comparison to this file.")] = None,
) -> None:
    """What changed between two runs. Slower, less accurate or gone exits with 5; not comparable with 6."""
    from vizecg_bench.verbs.compare import compare_files

    compare_files(
        a, b, fail_over=fail_over, max_accuracy_drop=max_accuracy_drop, by=by, baseline=baseline,
        allow_invalid=allow_invalid, out=out,
    )  # fmt: skip
