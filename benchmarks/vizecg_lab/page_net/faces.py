"""Words in the faces of type that are installed, and in the few that OpenCV draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vizecg.spec import MissingToolError

FONTS = Path("/usr/share/fonts")
FAMILIES = (
    "LiberationSans-*", "LiberationSansNarrow-*", "LiberationSerif-*", "LiberationMono-*",
    "FreeSans*", "FreeSerif*", "FreeMono*",
    "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansCondensed*", "DejaVuSansMono*", "DejaVuSerif*",
    "NimbusSans-*", "NimbusSansNarrow-*", "NimbusRoman-*", "NimbusMonoPS-*", "P052-*", "URWBookman-*", "URWGothic-*",
    "OpenSans-Regular*", "OpenSans-Bold*", "OpenSans-Light*", "OpenSans-Cond*", "Lato-Regular*", "Lato-Bold*",
    "Lato-Light*", "Cantarell-Regular*", "Cantarell-Bold*", "Courier Prime*", "NotoSans-Regular*", "NotoSans-Bold*",
    "NotoSerif-Regular*", "NotoSerif-Bold*",
)  # fmt: skip
HELD_OUT = ("Roboto-[RMLB]*", "RobotoCondensed-[RB]*", "C059-*")
"""A sans and a serif that are never learned from."""
STROKED = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX)
Face = Path | int
"""A file, or one of ``STROKED``."""


def installed_faces(families: Sequence[str] = FAMILIES) -> tuple[Path, ...]:
    """The files of some families, one each.

    Raises:
        MissingToolError: most of them are not installed.
    """
    files = {
        path.stem: path for pattern in families for path in FONTS.rglob(pattern) if path.suffix in (".ttf", ".otf")
    }
    if len(files) < 2 * len(families):
        raise MissingToolError(
            f"only {len(files)} faces of type found under {FONTS}: apt-get install fonts-liberation fonts-freefont-ttf "
            "fonts-dejavu-core fonts-dejavu-extra fonts-urw-base35 fonts-open-sans fonts-lato fonts-cantarell "
            "fonts-courier-prime fonts-noto-core fonts-roboto-unhinted"
        )
    return tuple(files[name] for name in sorted(files))


def word_mask(word: str, face: Face, height_px: float, *, lowered: int = 0) -> np.ndarray:
    """uint8 (h, w) opacity of a word, cut to its ink.

    Args:
        word: a line of text.
        face: of type.
        height_px: of its capitals.
        lowered: so many of the last letters are small and lowered, as in V with a subscript.
    """
    if not lowered:
        return _cut(_drawn(word, face, height_px))
    main, last = _drawn(word[:-lowered], face, height_px), _drawn(word[-lowered:], face, 0.68 * height_px)
    drop = round(0.3 * height_px)
    tall = max(main.shape[0], last.shape[0] + drop)
    out = np.zeros((2 * tall, main.shape[1] + last.shape[1]), np.uint8)
    # Both pictures have their line of writing at two thirds of their height.
    at = [tall - round(len(part) * 2 / 3) for part in (main, last)]
    out[at[0] : at[0] + len(main), : main.shape[1]] = main
    low = out[at[1] + drop : at[1] + drop + len(last), main.shape[1] :]
    np.maximum(low, last[: len(low)], out=low)
    return _cut(out)


def _drawn(word: str, face: Face, height_px: float) -> np.ndarray:
    """uint8 (3 n, w): the line of writing is at row 2 n, left and right are cut to the advance of the letters."""
    high = max(2, round(1.4 * height_px))
    if isinstance(face, int):
        scale = height_px / cv2.getTextSize("V", face, 1.0, 1)[0][1]
        (width, _), _ = cv2.getTextSize(word, face, scale, 1)
        out = np.zeros((3 * high, width + 4), np.uint8)
        cv2.putText(out, word, (2, 2 * high), face, scale, 255, max(1, round(height_px / 11)), cv2.LINE_AA)
        return out
    font = _font(face, max(3, round(height_px / _capital(face))))
    picture = Image.new("L", (int(font.getlength(word)) + 3, 3 * high), 0)
    ImageDraw.Draw(picture).text((1, 2 * high), word, font=font, fill=255, anchor="ls")
    return np.asarray(picture)


@lru_cache(maxsize=2048)
def _font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face), size)


@lru_cache(maxsize=512)
def _capital(face: Path) -> float:
    """Height of a capital, in sizes of the font."""
    _, top, _, bottom = _font(face, 100).getbbox("V", anchor="ls")
    return (bottom - top) / 100


def _cut(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
