"""Where answers and pictures go: lines on stdout and stderr, files whole or not at all."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vizecg.spec import UsageError

if TYPE_CHECKING:
    from vizecg_edge.pipeline import Pipeline, Result


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def check_target(target: Path | None, *, several: bool) -> None:
    """Refuse a place for pictures that cannot hold them, before anything is computed.

    Raises:
        UsageError: a folder does not exist, or one file is to hold several pictures.
    """
    if target is None:
        return
    if several and not target.is_dir():
        raise UsageError(f"{target} must be an existing folder when there are several images")
    if not several and not target.is_dir() and not target.parent.is_dir():
        raise UsageError(f"{target.parent} does not exist")


@dataclass(kw_only=True)
class Printer:
    """Prints answers and saves their pictures.

    Attributes:
        as_json: one object a line.
        save_sheet, overlay, report: file or folder; None saves nothing.
        explain: shade on overlay and report what the answer depends on.
    """

    as_json: bool
    save_sheet: Path | None = None
    overlay: Path | None = None
    report: Path | None = None
    explain: bool = False
    _used: set[Path] = field(default_factory=set)

    def show(self, result: Result, pipeline: Pipeline) -> None:
        """Print one answer, then save its pictures.

        Raises:
            UsageError: a picture would replace the photograph it was made from, or has no image's ending.
            OSError: a picture cannot be written; nothing of it is left behind.
        """
        answer = result.answer
        if self.as_json:
            print(json.dumps(answer.to_dict()), flush=True)
        if not answer.answered:
            say(answer.to_text())
        elif not self.as_json:
            print(answer.to_text(), flush=True)
        if self.save_sheet is not None and result.sheet is not None:
            self._save(self.save_sheet, result, result.sheet)
        if self.overlay is not None or self.report is not None:
            self._draw(result, pipeline)

    def _draw(self, result: Result, pipeline: Pipeline) -> None:
        from vizecg_edge.overlay import draw_reading
        from vizecg_edge.report.reading import read
        from vizecg_edge.report.write import save_report

        reading = read(pipeline, result, explained=self.explain)
        if self.overlay is not None:
            self._save(self.overlay, result, draw_reading(reading))
        if self.report is not None:
            save_report(self._place(self.report, result, ".html"), reading)

    def _save(self, target: Path, result: Result, picture: np.ndarray) -> None:
        from vizecg_edge.overlay import save_image

        save_image(self._place(target, result, ".png"), picture)

    def _place(self, target: Path, result: Result, ending: str) -> Path:
        page = result.answer.input.page
        if target.is_dir():
            path = self._free_name(target, result, ending)
        else:
            path = target if page is None else target.with_name(f"{target.stem}_p{page}{target.suffix}")
        source = Path(result.answer.input.path)
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"{path} is the photograph itself; name another folder or file")
        return path

    def _free_name(self, folder: Path, result: Result, ending: str) -> Path:
        """A name in ``folder`` that this run has not used: images of several folders may be called the same."""
        source = result.answer.input
        stem = Path(source.path).stem.replace(" ", "_") or "camera"
        if source.page is not None:
            stem += f"_p{source.page}"
        if source.frame is not None:
            stem += f"_f{source.frame}"
        path, copy = folder / f"{stem}{ending}", 1
        while path in self._used:
            copy += 1
            path = folder / f"{stem}-{copy}{ending}"
        self._used.add(path)
        return path
