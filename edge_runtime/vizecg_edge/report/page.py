"""An answer on one page, drawn: A4 upright at 150 dots an inch, or as high as it needs to be."""

from __future__ import annotations

from PIL import Image

from vizecg.spec import INTENDED_USE, Label
from vizecg_edge.report.pen import AMBER, BODY, INK, LINE, PAPER, RED, SHADE, SMALL, SOFT, TITLE, Colour, Pen
from vizecg_edge.report.pictures import photo_picture, sheet_picture
from vizecg_edge.report.reading import WORDS, Reading

DPI = 150
WIDTH, HEIGHT = 1240, 1754
MARGIN, GAP = 44, 24
PHOTO_BOX = 600, 470
_ROW = 66
_LEFT_COLUMN = 352
_COLOURS: dict[bool | None, Colour] = {True: RED, False: (125, 150, 180), None: AMBER}


def draw_page(reading: Reading) -> Image.Image:
    """RGB A4 page: intended use, answer, photograph, sheet, quality, model and timings."""
    return _draw(reading, height=HEIGHT)


def draw_overlay(reading: Reading) -> Image.Image:
    """The same in no more height than it takes."""
    return _draw(reading, height=None)


def _draw(reading: Reading, *, height: int | None) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT * 2), PAPER)
    pen = Pen(image=image)
    y = _header(pen, reading)
    photo = photo_picture(reading, PHOTO_BOX)
    left = MARGIN
    bottom = y
    if photo is not None:
        image.paste(photo, (MARGIN, y))
        pen.draw.rectangle((MARGIN, y, MARGIN + photo.width - 1, y + photo.height - 1), outline=LINE)
        bottom = y + photo.height
        left = MARGIN + PHOTO_BOX[0] + GAP
    end = _answer(pen, reading, left, y) if reading.answer.answered else _refusal(pen, reading, left, y)
    y = max(bottom, end) + GAP
    sheet = sheet_picture(reading, WIDTH - 2 * MARGIN)
    if sheet is not None:
        image.paste(sheet, (MARGIN, y))
        pen.draw.rectangle((MARGIN, y, MARGIN + sheet.width - 1, y + sheet.height - 1), outline=LINE)
        y += sheet.height + 10
        told = "The sheet as the model reads it. Frames: where each lead is expected."
        if reading.explanation is not None:
            told += " " + reading.explanation.text
        y = pen.paragraph((MARGIN, y), told, WIDTH - 2 * MARGIN, SMALL, fill=SOFT) + 12
    y = _details(pen, reading, y)
    return image.crop((0, 0, WIDTH, max(y + MARGIN // 2, height or 0)))


def _header(pen: Pen, reading: Reading) -> int:
    """Intended use on a band, then the title; returns where the rest begins."""
    y = pen.paragraph((MARGIN, 18), INTENDED_USE, WIDTH - 2 * MARGIN, BODY, fill=RED, bold=True) + 8
    pen.draw.line((MARGIN, y, WIDTH - MARGIN, y), fill=LINE, width=2)
    refused = not reading.answer.answered
    return pen.paragraph((MARGIN, y + 14), reading.title, WIDTH - 2 * MARGIN, TITLE, fill=RED if refused else INK) + 12


def _answer(pen: Pen, reading: Reading, left: int, top: int) -> int:
    """The six labels: probability on a bar, the threshold on it, the decision."""
    answer = reading.answer
    assert answer.probabilities is not None
    assert answer.decisions is not None
    right, y = WIDTH - MARGIN, top
    for label in Label:
        probability, decision = answer.probabilities[label.value], answer.decisions[label.value]
        threshold = reading.threshold(label)
        colour = _COLOURS[decision]
        strong = decision is not False
        if decision is None:
            # Not by colour alone: the page may be printed in grey.
            pen.draw.rectangle((left - 8, y - 6, right + 8, y + _ROW - 14), outline=AMBER, width=2)
        name_width = pen.width(label.value, BODY, bold=True) + 10
        pen.line((left, y), label.value, BODY, bold=True)
        pen.line((left + name_width, y + 2), label.description, SMALL, fill=SOFT)
        told = f"{probability:.1%}  {WORDS[decision]}"
        pen.right((right, y), told, BODY, fill=colour if strong else INK, bold=strong)
        bar = y + 30
        pen.draw.rectangle((left, bar, right, bar + 14), fill=SHADE, outline=LINE)
        pen.draw.rectangle((left, bar, left + round((right - left) * probability), bar + 14), fill=colour)
        if threshold is not None:
            x = left + round((right - left) * threshold)
            pen.draw.line((x, bar - 4, x, bar + 18), fill=INK, width=3)
        y += _ROW
    notes = []
    if reading.rule is not None:
        notes.append("Black mark: from here on a finding is reported as present.")
    if None in answer.decisions.values():
        notes.append("Undecided (framed): nearer to the mark than this model file computes exactly.")
    return pen.paragraph((left, y), " ".join(notes), right - left, SMALL, fill=SOFT)


def _refusal(pen: Pen, reading: Reading, left: int, top: int) -> int:
    """Why there is no answer, and what to do."""
    y, width = top, WIDTH - MARGIN - left
    for sentence in reading.refusal:
        y = pen.paragraph((left, y), sentence, width, BODY + 2, bold=True) + 6
    for detail in reading.refusal_details:
        y = pen.paragraph((left, y), detail, width, BODY) + 6
    codes = ", ".join(reading.answer.reasons)
    return pen.paragraph((left, y + 6), f"Reason for programs: {codes}", width, SMALL, fill=SOFT)


def _details(pen: Pen, reading: Reading, top: int) -> int:
    """Quality on the left, model and picture on the right."""
    pen.draw.line((MARGIN, top, WIDTH - MARGIN, top), fill=LINE, width=2)
    top += 14
    quality = reading.quality
    ends = [_table(pen, quality, MARGIN, top, _LEFT_COLUMN, 110)] if quality else []
    left = MARGIN + _LEFT_COLUMN + GAP if quality else MARGIN
    ends.append(_table(pen, reading.provenance, left, top, WIDTH - MARGIN - left, 120))
    return max(ends)


def _table(pen: Pen, rows: list[tuple[str, str]], left: int, top: int, width: int, first: int) -> int:
    y = top
    for name, value in rows:
        pen.line((left, y), name, SMALL, fill=SOFT)
        y = pen.paragraph((left + first, y), value, width - first, SMALL) + 3
    return y
