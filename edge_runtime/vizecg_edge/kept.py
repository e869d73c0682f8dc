"""What an answer keeps of its pictures: enough to draw overlay and report, small enough to be kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vizecg.spec import UsageError
from vizecg_edge.answer import Answer
from vizecg_edge.marks import mark_of
from vizecg_edge.overlay import draw_reading
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.report.outputs import check_report
from vizecg_edge.report.reading import Reading, read
from vizecg_edge.report.write import save_report

PHOTO_SIDE_PX = 900
"""No photograph is drawn larger than this."""


@dataclass(frozen=True, kw_only=True)
class KeptPictures:
    """``reading`` is that of the answer it was made with; its photograph is a copy of ``PHOTO_SIDE_PX`` at most."""

    reading: Reading

    def overlay(self, answer: Answer) -> Image.Image:
        """RGB, 1240 pixels wide."""
        return Image.fromarray(draw_reading(self._of(answer)))

    def report(self, answer: Answer, path: Path) -> None:
        """Write ``path``, HTML or PDF by its ending.

        Raises:
            UsageError: another ending, or no such folder.
            MissingToolError: PDF, and what writes it is not installed.
            OSError: it cannot be written.
        """
        check_report(path)
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"{path} is a folder" if path.is_dir() else f"{path.parent} does not exist")
        reading = self._of(answer)
        save_report(path, reading, mark=mark_of(answer.input, read_at=reading.read_at))

    def _of(self, answer: Answer) -> Reading:
        return replace(self.reading, result=replace(self.reading.result, answer=answer))


def keep(pipeline: Pipeline, result: Result) -> Answer:
    """The answer of a result, with its pictures."""
    photo = None if result.photo is None else _small(result.photo)
    small = Result(answer=result.answer, photo=photo, sheet=result.sheet, rectified=result.rectified)
    return replace(result.answer, pictures=KeptPictures(reading=read(pipeline, small)))


def _small(photo: np.ndarray) -> np.ndarray:
    """A copy, whoever owns the photograph."""
    height, width = photo.shape[:2]
    if max(height, width) <= PHOTO_SIDE_PX:
        return photo.copy()
    # Halving is the mean of four pixels, and takes a tenth of the time of INTER_AREA.
    while max(photo.shape[:2]) >= 2 * PHOTO_SIDE_PX:
        photo = cv2.resize(photo, (max(1, photo.shape[1] // 2), max(1, photo.shape[0] // 2)))
    scale = PHOTO_SIDE_PX / max(height, width)
    return np.asarray(cv2.resize(photo, (max(1, round(width * scale)), max(1, round(height * scale)))))
