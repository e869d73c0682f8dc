"""Writing on pictures with the font that Pillow carries: devices have none that can be relied on."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from vizecg.spec import MissingToolError

Colour = tuple[int, int, int]
INK: Colour = (28, 32, 38)
SOFT: Colour = (96, 104, 114)
PAPER: Colour = (255, 255, 255)
GREEN: Colour = (0, 140, 70)
RED: Colour = (190, 30, 45)
AMBER: Colour = (168, 100, 0)
BLUE: Colour = (40, 90, 160)
BODY, SMALL, TITLE = 20, 17, 30
LEADING = 1.35


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font.

    Raises:
        MissingToolError: this Pillow has it in one small size only.
    """
    try:
        return ImageFont.load_default(size)
    except (TypeError, OSError, ImportError) as error:
        raise MissingToolError("drawing answers needs Pillow 10.1 or newer: pip install 'pillow>=10.1'") from error


class Pen:
    """Draws on one picture."""

    def __init__(self, *, image: Image.Image) -> None:
        self.draw = ImageDraw.Draw(image)

    def width(self, text: str, size: int = BODY) -> int:
        """Pixels that a line takes."""
        return round(self.draw.textlength(text, font=font(size)))

    def paragraph(
        self, at: tuple[int, int], text: str, width: int, size: int = BODY, *, fill: Colour = INK, bold: bool = False
    ) -> int:
        """Lines no wider than ``width``, the first one's upper left corner ``at``; returns where the next would begin.

        The font has one weight: ``bold`` draws twice.
        """
        x, y = at
        for row in self.wrap(text, width, size):
            for shift in (0, 1) if bold else (0,):
                self.draw.text((x + shift, y), row, font=font(size), fill=fill)
            y += round(size * LEADING)
        return y

    def wrap(self, text: str, width: int, size: int = BODY) -> list[str]:
        """``text`` in lines no wider than ``width``; a word that is wider is broken."""
        rows = [""]
        for word in text.split():
            if rows[-1] and self.width(f"{rows[-1]} {word}", size) > width:
                rows.append("")
            rows[-1] = f"{rows[-1]} {word}".strip()
            while self.width(rows[-1], size) > width and len(rows[-1]) > 1:
                last = rows[-1]
                fits = next((n for n in range(len(last) - 1, 1, -1) if self.width(last[:n], size) <= width), 1)
                rows[-1:] = [last[:fits], last[fits:]]
        return rows if rows[0] else []
