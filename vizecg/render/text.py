"""Letters and bars as sparse dots of ink. The letters come from OpenCV, or by Pillow from a TrueType file."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_CAPITAL_PX = 21.0  # height of OpenCV's capitals at scale 1


class Font(str, Enum):
    """Faces that OpenCV draws everywhere, whatever fonts a machine has."""

    REGULAR = "regular"
    BOLD = "bold"
    ITALIC = "italic"


_FACES = {
    Font.REGULAR: cv2.FONT_HERSHEY_SIMPLEX,
    Font.BOLD: cv2.FONT_HERSHEY_DUPLEX,
    Font.ITALIC: cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
}


class Dots(NamedTuple):
    """Inked pixels beside an origin: int64 (n,) columns and rows, float32 (n,) opacities. Not to be written to."""

    x: np.ndarray
    y: np.ndarray
    opacity: np.ndarray


class Mark(NamedTuple):
    """Dots whose origin is put at pixel (x, y)."""

    dots: Dots
    x: int
    y: int


class Layer(NamedTuple):
    """Marks of a colour of their own: as ``Marks``, and RGB."""

    place: np.ndarray
    opacity: np.ndarray
    colour: tuple[int, int, int]


class Marks(NamedTuple):
    """The marks of a sheet: int64 (n,) places ``y * width + x`` and float32 (n,) opacities."""

    place: np.ndarray
    opacity: np.ndarray


def place_marks(marks: Sequence[Mark], *, width: int, height: int) -> Marks:
    """All marks together; dots outside the picture are left out."""
    x = np.concatenate([np.zeros(0, np.int64), *(mark.dots.x + mark.x for mark in marks)])
    y = np.concatenate([np.zeros(0, np.int64), *(mark.dots.y + mark.y for mark in marks)])
    opacity = np.concatenate([np.zeros(0, np.float32), *(mark.dots.opacity for mark in marks)])
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return Marks(y[inside] * width + x[inside], opacity[inside])


@lru_cache(maxsize=64)
def bar_dots(*, width: int, height: int) -> Dots:
    """A filled rectangle; the origin is its top left pixel."""
    y, x = np.divmod(np.arange(width * height), width)
    return Dots(x, y, np.ones(len(x), np.float32))


def text_dots(text: str, *, font: Font | Path, height_px: float) -> Dots:
    """A line of text; the origin is the left end of its baseline.

    Args:
        text: one line; what OpenCV cannot draw comes out as question marks.
        font: its face, or a TrueType file of it.
        height_px: of the capitals; rounded to quarters.

    Raises:
        OSError: there is no such file, or it holds no face.
    """
    draw = _text_dots if isinstance(font, Font) else _face_dots
    return draw(text, font, round(height_px * 4))


def moved(dots: Dots, x: int, y: int) -> Dots:
    """Dots beside another origin."""
    return Dots(dots.x + x, dots.y + y, dots.opacity)


@lru_cache(maxsize=2048)
def _text_dots(text: str, font: Font, quarters: int) -> Dots:
    scale = max(1, quarters) / 4 / _CAPITAL_PX
    (width, height), below = cv2.getTextSize(text, _FACES[font], scale, 1)
    margin = 2 + height // 3
    mask = np.zeros((height + below + 2 * margin, max(1, width) + 2 * margin), np.uint8)
    cv2.putText(mask, text, (margin, margin + height), _FACES[font], scale, 255, 1, cv2.LINE_AA)
    y, x = np.nonzero(mask)
    return Dots(x - margin, y - margin - height, mask[y, x].astype(np.float32) / 255)


@lru_cache(maxsize=2048)
def _face_dots(text: str, face: Path, quarters: int) -> Dots:
    font = _truetype(face, max(1, quarters))
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    left, top = int(left) - 1, int(top) - 1
    picture = Image.new("L", (int(right) - left + 2, int(bottom) - top + 2))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font, anchor="ls")
    mask = np.asarray(picture)
    y, x = np.nonzero(mask)
    return Dots(x + left, y + top, mask[y, x].astype(np.float32) / 255)


@lru_cache(maxsize=256)
def _truetype(face: Path, quarters: int) -> ImageFont.FreeTypeFont:
    """A face whose capitals are so many quarters of a pixel high."""
    large = 200
    capital = -ImageFont.truetype(str(face), large).getbbox("H", anchor="ls")[1]
    return ImageFont.truetype(str(face), max(1.0, quarters / 4 * large / max(1, capital)))


def faces(folder: Path | None = None) -> tuple[Path, ...]:
    """TrueType files with the letters of a printout, sorted: those below a folder, or matplotlib's DejaVu where that
    is installed."""
    if folder is None:
        found = find_spec("matplotlib")
        if found is None or found.origin is None:
            return ()
        files = sorted(Path(found.origin).parent.glob("mpl-data/fonts/ttf/DejaVuS*.ttf"))
    else:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf"))
    return tuple(path for path in files if _writes(path))


def _writes(face: Path) -> bool:
    """Whether a face has the letters of names and settings: symbols and display faces often lack some."""
    try:
        font = ImageFont.truetype(str(face), 40)
    except OSError:
        return False
    lacking = bytes(font.getmask("\uffff"))
    drawn = [bytes(font.getmask(letter)) for letter in "IVaRLF12345606mzs/.:"]
    return all(any(mask) and mask != lacking for mask in drawn)
