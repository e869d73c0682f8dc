"""Where answers and pictures go: lines on stdout and stderr, files whole or not at all."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vizecg.spec import UsageError
from vizecg_edge.answer import SCHEMA_VERSION
from vizecg_edge.marks import mark_of
from vizecg_edge.outputs import Output
from vizecg_edge.signal_outputs import save_signal

if TYPE_CHECKING:
    from vizecg_edge.pipeline import Pipeline, Result


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


@dataclass(kw_only=True)
class Printer:
    """Prints answers and saves their pictures.

    Attributes:
        as_json: one object a line.
        schema: of that object.
        save_sheet, overlay, report, signal, redrawn: where they go; None saves nothing.
        explain: shade on overlay and report what the answer depends on.
    """

    as_json: bool
    schema: int = SCHEMA_VERSION
    save_sheet: Output | None = None
    overlay: Output | None = None
    report: Output | None = None
    signal: Output | None = None
    redrawn: Output | None = None
    explain: bool = False

    def show(self, result: Result, pipeline: Pipeline) -> None:
        """Print one answer, then save its pictures.

        Raises:
            UsageError: a picture would replace the photograph it was made from.
            OSError: a picture cannot be written; nothing of it is left behind.
        """
        answer, read_at = result.answer, datetime.now().astimezone()
        if self.as_json:
            print(json.dumps(answer.to_dict(schema=self.schema)), flush=True)
        if not answer.answered:
            say(answer.to_text())
        elif not self.as_json:
            print(answer.to_text(read_at=read_at), flush=True)
        save_pictures(
            result, pipeline, read_at=read_at, save_sheet=self.save_sheet, overlay=self.overlay, report=self.report,
            redrawn=self.redrawn, explain=self.explain,
        )  # fmt: skip
        if self.signal is not None:
            save_signal(self.signal, answer, read_at=read_at)


def save_pictures(
    result: Result,
    pipeline: Pipeline,
    *,
    read_at: datetime,
    save_sheet: Output | None = None,
    overlay: Output | None = None,
    report: Output | None = None,
    redrawn: Output | None = None,
    explain: bool = False,
    stem: str | None = None,
) -> None:
    """Write what is asked for of one result; ``stem`` begins the names of files in folders.

    Raises:
        UsageError: a picture would replace the photograph it was made from.
        OSError: a picture cannot be written; nothing of it is left behind.
    """
    traced = redrawn is not None and result.answer.answered
    if not (overlay or report or traced or (save_sheet and result.sheet is not None)):
        return
    from vizecg_edge.overlay import draw_reading, save_marked
    from vizecg_edge.report.reading import read
    from vizecg_edge.report.write import save_report

    mark = mark_of(result.answer.input, read_at=read_at)

    def place(output: Output) -> Path:
        path = output.place(result.answer.input, mark=mark, stem=stem)
        source = Path(result.answer.input.path)
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"{output.option} {path} is the photograph itself; name another folder or file")
        return path

    if save_sheet is not None and result.sheet is not None:
        save_marked(place(save_sheet), result.sheet, mark=mark)
    if redrawn is not None and traced:
        from vizecg_edge.report.redrawn import redrawn_result

        save_marked(place(redrawn), redrawn_result(result), mark=mark)
    if overlay is not None or report is not None:
        reading = read(pipeline, result, read_at=read_at, explained=explain)
        if overlay is not None:
            save_marked(place(overlay), draw_reading(reading), mark=mark)
        if report is not None:
            save_report(place(report), reading, mark=mark)
