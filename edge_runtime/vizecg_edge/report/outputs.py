"""What ``--overlay``, ``--save-sheet`` and ``--report`` name."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec import UsageError
from vizecg_edge.outputs import Output
from vizecg_edge.report.kinds import ReportFormat

PICTURES = (".png", ".jpg", ".jpeg")
PDF = ".pdf"
REPORTS = (".html", ".htm", PDF)


def picture_output(text: str | None, *, option: str, several: bool = False) -> Output | None:
    """A picture, or a folder of them, see ``Output.of``."""
    return Output.of(text, option=option, endings=PICTURES, several=several)


def report_output(text: str | None, *, kind: ReportFormat, several: bool = False) -> Output | None:
    """A report, or a folder of reports of a kind.

    Raises:
        UsageError: see ``Output.of``.
        MissingToolError: PDFs are asked for, and what writes them is not installed.
    """
    output = Output.of(text, option="--report", endings=REPORTS, ending=f".{kind.value}", several=several)
    if output is not None:
        check_report(Path(output.ending) if output.folder else output.path)
    return output


def check_report(path: Path) -> None:
    """Whether a report can be written to a file of this name.

    Raises:
        UsageError: another ending.
        MissingToolError: a PDF, and what writes it is not installed.
    """
    kind = path.suffix.lower() or path.name
    if kind not in REPORTS:
        raise UsageError(f"{path}: a report is one of {', '.join(REPORTS)}")
    if kind == PDF:
        from vizecg_edge.report.pdf import check_pdf

        check_pdf()
