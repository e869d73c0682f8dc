"""An answer as one page of PDF, A4 upright, whose words are text: they can be searched, copied and read aloud."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from vizecg.spec import INTENDED_USE, MissingToolError
from vizecg.spec.install import pip_install
from vizecg_edge import words
from vizecg_edge.report.pictures import photo_picture, sheet_picture
from vizecg_edge.report.reading import Reading

MARGIN, WIDTH, GAP = 12.0, 186.0, 3.0
"""Millimetres; ``WIDTH`` is that of what is written."""
_ANSWERS, _PHOTO = 126.0, 56.0
_WORD, _NAME, _ROW = 22.0, 54.0, 7.0
_PHOTO_PX, _SHEET_PX = (840, 660), 1400
_FONT = "Helvetica"
_INK, _SOFT, _RED, _AMBER, _PALE = (28, 32, 38), (96, 104, 114), (190, 30, 45), (168, 100, 0), (255, 244, 222)
_COLOURS = {True: _RED, False: _INK, None: _AMBER}


def check_pdf() -> None:
    """Raise MissingToolError where PDFs cannot be written."""
    _library()


def render_pdf(reading: Reading, *, mark: str = "") -> bytes:
    """The document; it carries ``mark`` and the time of reading.

    Raises:
        MissingToolError: fpdf2 is not installed.
    """
    page = _Page(_library().FPDF(format="A4"))
    page.pdf.set_title("ECG reading")
    page.pdf.set_creator(mark)
    page.pdf.set_creation_date(reading.read_at)
    page.text(reading.source, 9, colour=_SOFT)
    page.text(reading.title, 15, bold=True, colour=_INK if _calm(reading) else _RED)
    page.text(reading.scope, 11, bold=True)
    page.box(words.CAUTION, reading.doubts)
    page.text(INTENDED_USE, 10, bold=True, colour=_RED)
    page.gap()
    _answer_and_photo(page, reading)
    sheet = sheet_picture(reading, _SHEET_PX)
    if sheet is not None:
        page.picture(sheet, width=WIDTH)
        page.gap(1)
        page.text(reading.sheet_note, 8, colour=_SOFT)
    page.gap()
    for name, value in [*reading.quality, *reading.provenance]:
        page.row(name, value)
    return bytes(page.pdf.output())


def _library() -> Any:
    try:
        import fpdf
    except ImportError as error:
        raise MissingToolError(f"reports in PDF need fpdf2: {pip_install('pdf')}; .html needs nothing") from error
    return fpdf


def _calm(reading: Reading) -> bool:
    """Whether neither a finding nor a refusal wants the reader's eye."""
    return reading.answer.answered and not any(one.decision for one in reading.answer.findings)


def _answer_and_photo(page: _Page, reading: Reading) -> None:
    """The labels, or why not, and beside them the photograph."""
    photo = photo_picture(reading, _PHOTO_PX)
    width = WIDTH if photo is None else _ANSWERS
    number, top = page.pdf.page, page.pdf.get_y()
    if photo is not None:
        page.picture(photo, width=_PHOTO, left=MARGIN + WIDTH - _PHOTO)
        # A picture that did not fit began a page.
        top = top if page.pdf.page == number else MARGIN
        number = page.pdf.page
    bottom = page.pdf.get_y()
    page.pdf.set_y(top)
    if reading.answer.answered:
        _findings(page, reading, width)
    else:
        for sentence in reading.refusal:
            page.text(sentence, 12, bold=True, width=width)
        for sentence in reading.answer.advice:
            page.text(sentence, 12, width=width)
        for detail in (*reading.details, f"Reason for programs: {', '.join(reading.answer.reasons)}"):
            page.text(detail, 9, width=width, colour=_SOFT)
    # Many findings go on to the next page.
    if page.pdf.page == number:
        page.pdf.set_y(max(bottom, page.pdf.get_y()))
    page.gap()


def _findings(page: _Page, reading: Reading, width: float) -> None:
    for one in reading.findings:
        page.keep_together(_ROW)
        top, strong = page.pdf.get_y(), one.decision is not False
        page.text(one.word, 10, bold=strong, colour=_COLOURS[one.decision], width=_WORD)
        page.pdf.set_y(top)
        page.text(one.label.named, 10, bold=strong, left=MARGIN + _WORD, width=_NAME)
        bottom = max(top + _ROW, page.pdf.get_y())
        page.pdf.set_y(top)
        page.text(f"{one.likely} ({one.limit})", 9, left=MARGIN + _WORD + _NAME, width=width - _WORD - _NAME)
        page.pdf.set_y(bottom)
    page.text(reading.absent, 9, colour=_SOFT, width=width)
    for note in reading.notes:
        page.text(note, 9, colour=_AMBER, width=width)
    page.text(reading.measured, 9, width=width)


class _Page:
    """Blocks one below the other on a page of fpdf2's ``pdf``."""

    def __init__(self, pdf: Any) -> None:
        self.pdf = pdf
        pdf.set_margin(MARGIN)
        pdf.c_margin = 0.0
        pdf.set_auto_page_break(True, margin=MARGIN)
        pdf.add_page()

    def text(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        colour: tuple[int, int, int] = _INK,
        left: float = MARGIN,
        width: float = WIDTH,
        padding: float = 0.0,
    ) -> None:
        """A paragraph; nothing where there is no text."""
        if not text:
            return
        self.pdf.set_font(_FONT, "B" if bold else "", size)
        self.pdf.set_text_color(*colour)
        self.pdf.set_x(left)
        self.pdf.multi_cell(
            width,
            size * 0.47,
            _latin(text),
            align="L",
            padding=padding,
            fill=padding > 0,
            new_x="LMARGIN",
            new_y="NEXT",
        )

    def box(self, title: str, lines: list[str]) -> None:
        """Doubts in a box of their own; nothing where there are none."""
        if not lines:
            return
        self.pdf.set_fill_color(*_PALE)
        self.gap(1)
        self.text(title, 11, bold=True, colour=_AMBER, padding=1.2)
        for line in lines:
            self.text(line, 11, padding=1.2)
        self.gap(1)

    def row(self, name: str, value: str) -> None:
        """A figure and its name."""
        top = self.pdf.get_y()
        self.text(name, 8, colour=_SOFT, width=28)
        self.pdf.set_y(top)
        self.text(value, 8, left=MARGIN + 28, width=WIDTH - 28)

    def picture(self, image: Image.Image, *, width: float, left: float = MARGIN) -> None:
        data = io.BytesIO()
        # A new file: what a camera wrote about place and time into the old one is not in it.
        image.save(data, format="JPEG", quality=88)
        self.pdf.image(data, x=left, w=width)

    def keep_together(self, height: float) -> None:
        """Begin a new page where this one has no room for ``height`` millimetres."""
        if self.pdf.will_page_break(height):
            self.pdf.add_page()

    def gap(self, millimetres: float = GAP) -> None:
        self.pdf.ln(millimetres)


def _latin(text: str) -> str:
    """``text`` in the characters of PDF's own fonts; others, of a file's name, as their escapes."""
    return text.encode("latin-1", "backslashreplace").decode("latin-1")
