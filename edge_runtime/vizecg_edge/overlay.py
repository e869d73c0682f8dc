"""One picture for people: the answer, the photograph with the found sheet, the sheet with its leads."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vizecg.spec import INTENDED_USE, MissingToolError, SheetSpec, UsageError
from vizecg.spec.files import write_atomically
from vizecg_edge import words
from vizecg_edge.pipeline import Result
from vizecg_edge.report.explain import Explanation
from vizecg_edge.report.pen import AMBER, BODY, INK, PAPER, RED, SMALL, SOFT, TITLE, Pen
from vizecg_edge.report.pictures import photo_picture, sheet_picture
from vizecg_edge.report.reading import Reading

WIDTH, HIGHEST = 1240, 3600
FINDING = 110
"""Most rows of pixels that one more finding takes, in the title and below it."""
MARGIN, GAP = 44, 24
PHOTO_BOX = 600, 470
_COLOURS = {True: RED, False: INK, None: AMBER}


def overlay(result: Result, spec: SheetSpec, *, explanation: Explanation | None = None) -> np.ndarray:
    """Photograph, answer and sheet in one picture, read now: uint8 RGB (H, 1240, 3).

    Args:
        result: of the pipeline.
        spec: the sheet.
        explanation: shaded on the sheet.
    """
    return draw_reading(Reading(result=result, spec=spec, explanation=explanation))


def draw_reading(reading: Reading) -> np.ndarray:
    """The same of a reading."""
    image = Image.new("RGB", (WIDTH, HIGHEST + FINDING * len(reading.answer.findings)), PAPER)
    pen = Pen(image=image)
    y = _top(pen, reading)
    photo = photo_picture(reading, PHOTO_BOX)
    left, bottom = MARGIN, y
    if photo is not None:
        image.paste(photo, (MARGIN, y))
        left, bottom = MARGIN + PHOTO_BOX[0] + GAP, y + photo.height
    y = max(bottom, _answer(pen, reading, left, y)) + GAP
    sheet = sheet_picture(reading, WIDTH - 2 * MARGIN)
    if sheet is not None:
        image.paste(sheet, (MARGIN, y))
        y = _line(pen, reading.sheet_note, y + sheet.height + 10, SMALL, SOFT)
    figures = [f"{name}: {value}" for name, value in [*reading.quality, *reading.provenance]]
    y = _line(pen, "; ".join(figures), y + 8, SMALL, SOFT)
    return np.asarray(image.crop((0, 0, WIDTH, y + GAP)))


def _top(pen: Pen, reading: Reading) -> int:
    """Which picture, the decision, the doubts; returns where the rest begins."""
    alarming = not reading.answer.answered or any(one.decision for one in reading.answer.findings)
    y = _line(pen, reading.source, 20, SMALL, SOFT)
    y = _line(pen, reading.title, y + 6, TITLE, RED if alarming else INK, bold=True)
    y = _line(pen, reading.scope, y + 2, BODY, INK)
    if reading.doubts:
        top = y + 10
        y = _line(pen, words.CAUTION, top + 10, BODY, AMBER, bold=True)
        for doubt in reading.doubts:
            y = _line(pen, doubt, y, BODY, INK)
        y += 10
        pen.draw.rectangle((MARGIN - 16, top, WIDTH - MARGIN + 16, y), outline=AMBER, width=3)
    return _line(pen, INTENDED_USE, y + 10, BODY, RED) + 12


def _answer(pen: Pen, reading: Reading, left: int, y: int) -> int:
    """The labels, the decision first, or why there is no answer and what to do; returns where the next line goes."""
    width = WIDTH - MARGIN - left
    for one in reading.findings:
        strong = one.decision is not False
        told = f"{one.label.words}: {one.word}"
        y = pen.paragraph((left, y), told, width, BODY + 2, fill=_COLOURS[one.decision], bold=strong)
        told = f"{one.label.name if one.label.english else ''} {one.likely} ({one.limit})"
        y = pen.paragraph((left, y), told, width, SMALL, fill=SOFT) + 14
    if reading.absent:
        y = pen.paragraph((left, y), reading.absent, width, SMALL, fill=SOFT) + 14
    for note in reading.notes:
        y = pen.paragraph((left, y), note, width, SMALL, fill=AMBER)
    if not reading.answer.answered:
        for sentence in reading.refusal:
            y = pen.paragraph((left, y), sentence, width, BODY + 2, bold=True) + 6
        for sentence in reading.answer.advice:
            y = pen.paragraph((left, y), sentence, width, BODY + 2) + 6
        for detail in (*reading.details, f"Reason for programs: {', '.join(reading.answer.reasons)}"):
            y = pen.paragraph((left, y), detail, width, SMALL, fill=SOFT) + 6
    return y


def _line(pen: Pen, text: str, y: int, size: int, fill: tuple[int, int, int], *, bold: bool = False) -> int:
    return pen.paragraph((MARGIN, y), text, WIDTH - 2 * MARGIN, size, fill=fill, bold=bold)


def save_image(path: Path, image: np.ndarray) -> None:
    """Write uint8 RGB to a file by its ending, whole or not at all.

    Raises:
        UsageError: the ending is not an image format, or the folder does not exist.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} does not exist")
    try:
        done, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise UsageError(f"{path}: {path.suffix or 'no ending'} is not an image format; use .png or .jpg") from error
    if not done:
        raise MissingToolError(f"OpenCV cannot write {path.suffix} here; use .png")
    write_atomically(path, data.tobytes())


def save_marked(path: Path, image: np.ndarray, *, mark: str) -> None:
    """Write uint8 RGB as PNG or JPEG, by the ending, with a mark that tells this program's pictures from others."""
    data, picture = io.BytesIO(), Image.fromarray(image)
    if path.suffix.lower() == ".png":
        told = PngInfo()
        told.add_text("Software", mark)
        picture.save(data, format="PNG", pnginfo=told, compress_level=3)
    else:
        picture.save(data, format="JPEG", quality=95, subsampling=0, comment=mark)
    write_atomically(path, data.getvalue())
