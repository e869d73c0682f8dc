"""Writing on pictures with the font that Pillow carries: devices have none that can be relied on."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from vizecg.spec import MissingToolError

Colour = tuple[int, int, int]
INK: Colour = (28, 32, 38)
SOFT: Colour = (96, 104, 114)
LINE: Colour = (214, 219, 225)
PAPER: Colour = (255, 255, 255)
SHADE: Colour = (243, 245, 248)
GREEN: Colour = (0, 140, 70)
RED: Colour = (190, 30, 45)
AMBER: Colour = (200, 120, 0)
BLUE: Colour = (40, 90, 160)
BODY, SMALL, TITLE = 20, 17, 30
"""Sizes in pixels; a page has 150 of them to an inch."""
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
        self.image = image
        self.draw = ImageDraw.Draw(image)

    def width(self, text: str, size: int = BODY, *, bold: bool = False) -> int:
        """Pixels that a line takes."""
        return round(self.draw.textlength(text, font=font(size))) + (1 if bold else 0)

    def line(self, at: tuple[int, int], text: str, size: int = BODY, *, fill: Colour = INK, bold: bool = False) -> None:
        """One line; ``at`` is the left end of its upper edge."""
        # The font has one weight: drawing twice makes the other.
        for shift in (0, 1) if bold else (0,):
            self.draw.text((at[0] + shift, at[1]), text, font=font(size), fill=fill)

    def right(
        self, at: tuple[int, int], text: str, size: int = BODY, *, fill: Colour = INK, bold: bool = False
    ) -> None:
        """One line that ends at ``at``."""
        self.line((at[0] - self.width(text, size, bold=bold), at[1]), text, size, fill=fill, bold=bold)

    def paragraph(
        self, at: tuple[int, int], text: str, width: int, size: int = BODY, *, fill: Colour = INK, bold: bool = False
    ) -> int:
        """Lines no wider than ``width``; returns where the next one would begin."""
        x, y = at
        for row in self.wrap(text, width, size):
            self.line((x, y), row, size, fill=fill, bold=bold)
            y += round(size * LEADING)
        return y

    def wrap(self, text: str, width: int, size: int = BODY) -> list[str]:
        """``text`` in lines no wider than ``width``; a word that is wider is broken."""
        rows, row = [], ""
        for word in text.split():
            while self.width(word, size) > width:
                fits = max(1, next(n for n in range(len(word), 0, -1) if n == 1 or self.width(word[:n], size) <= width))
                rows += [row] if row else []
                row = ""
                rows.append(word[:fits])
                word = word[fits:]
            longer = f"{row} {word}".strip()
            if row and self.width(longer, size) > width:
                rows.append(row)
                longer = word
            row = longer
        return [*rows, row] if row else rows
