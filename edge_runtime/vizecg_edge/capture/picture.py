"""Bytes of one image file -> upright RGB pixels, with every way a file can be wrong refused in one line."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, UnidentifiedImageError

from vizecg.spec import InputRefusedError
from vizecg_edge.capture.damage import Damage, damage_heard, turned
from vizecg_edge.capture.heif import is_heif, open_heif
from vizecg_edge.capture.jpeg import MOST_SCANS, decode_jpeg, has_too_many_scans, turn_upright
from vizecg_edge.capture.jpeg_checks import ending_zeros, table_damage
from vizecg_edge.capture.modes import to_rgb
from vizecg_edge.capture.png_checks import png_damage
from vizecg_edge.capture.tiff_checks import tiff_damage
from vizecg_edge.process import decoder_messages, quiet_pillow

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
MAX_PIXELS = 80_000_000
MAX_WIDE_PIXELS = 40_000_000
"""Pillow decodes a WebP through four pictures of its size, 15 bytes a pixel in all, and a JPEG for printing (CMYK)
through two."""
MAX_PAGES = 1000
MIN_SIDE_PX, MIN_HEIGHT_PX = 400, 200
"""A 250 mm wide block in fewer pixels has less than 1.6 px/mm, below which the grid is lost; three rows of it are less
than half as high."""
ENOUGH_SIDE_PX = 1900
"""A JPEG is read at 1/2, 1/4 or 1/8 while its longer side keeps this: enough for a sheet that fills the picture."""
_REDUCED_PAGE = 254, 1
"""TIFF tag NewSubfileType and its bit that marks a page as a smaller copy of another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """An upright picture.

    Attributes:
        pixels: uint8 RGB (H, W, 3).
        width, height: of the whole upright picture in its file, in pixels.
        reduced: 1, 2, 4 or 8 pixels of the file along each side make one of ``pixels``; a share of one where it was
            enlarged.
        damage: what tells that its file is damaged, in pixels of the whole picture.
        frames: how many pictures the file shows one after the other; only the first is read.
    """

    pixels: np.ndarray
    width: int
    height: int
    reduced: float = 1
    damage: tuple[Damage, ...] = ()
    frames: int = 1

    @classmethod
    def of(cls, pixels: np.ndarray, *, damage: tuple[Damage, ...] = (), frames: int = 1) -> Picture:
        """A picture that is read whole. ``pixels``: uint8 RGB (H, W, 3)."""
        return cls(pixels=pixels, width=pixels.shape[1], height=pixels.shape[0], damage=damage, frames=frames)

    @property
    def to_pixels(self) -> np.ndarray:
        """(3, 3) float64: pixel centres of the whole picture -> centres of ``pixels``."""
        s = 1 / self.reduced
        return np.array([[s, 0, (s - 1) / 2], [0, s, (s - 1) / 2], [0, 0, 1]])


def decode(data: bytes) -> np.ndarray:
    """First image of a file -> uint8 RGB (height, width, 3), every pixel, turned upright by its EXIF orientation.

    Raises:
        InputRefusedError: ``unreadable``, or ``too_small``.
        MissingToolError: HEIC, and its reader is not installed.
    """
    return read_picture(data).pixels


def read_picture(data: bytes, *, page: int = 0, most_reduced: float = 1) -> Picture:
    """One image of a file, turned upright. It is decoded fully: half a file is refused, not filled with grey.

    Args:
        data: the file.
        page: which image of a TIFF; other formats give their first.
        most_reduced: a JPEG may be read at 1/2, 1/4 or 1/8 of its size, but no smaller than 1 / ``most_reduced``.

    Raises:
        InputRefusedError: ``unreadable``, or ``too_small``.
        MissingToolError: HEIC, and its reader is not installed.
    """
    with _open(data) as picture:
        if page:
            picture.seek(page)
        width, height = picture.size
        wide = picture.format == "WEBP" or picture.mode == "CMYK"
        check_size(width, height, most=MAX_WIDE_PIXELS if wide else MAX_PIXELS)
        if picture.format in ("JPEG", "MPO"):
            return _read_jpeg(picture, data, most_reduced)
        orientation = _orientation(picture)
        damage = _checked(picture, data)
        with decoder_messages() as said:
            # Pillow may turn it itself then, and says so by taking the orientation out.
            picture.load()
        damage = tuple(turned(one, width=width, height=height, orientation=orientation) for one in damage)
        pixels = turn_upright(to_rgb(picture), _orientation(picture))
        # What the checks have a place for, the decoder tells without.
        return Picture.of(pixels, damage=damage or damage_heard(said), frames=_frames(picture))


def _read_jpeg(picture: Image.Image, data: bytes, most_reduced: float) -> Picture:
    width, height = picture.size
    orientation = _orientation(picture)
    if has_too_many_scans(data):
        raise InputRefusedError(f"a JPEG of more than {MOST_SCANS} scans", reason="unreadable")
    plain = picture.mode in ("RGB", "L")
    reduced = reduction(width, height, most_reduced) if plain else 1
    with decoder_messages() as said:
        # Of other kinds it is only asked what it has to say.
        pixels = decode_jpeg(data, reduced=reduced if plain else 8)
    damage = table_damage(data)
    if said:
        damage += damage_heard(said, padding=ending_zeros(data))
    if pixels is None or not plain:
        return replace(_whole(picture), damage=damage)
    if orientation > 4:
        width, height = height, width
    pixels = turn_upright(pixels, orientation)
    return Picture(pixels=pixels, width=width, height=height, reduced=reduced, damage=damage)


def _checked(picture: Image.Image, data: bytes) -> tuple[Damage, ...]:
    """Damage of the current page that its decoder is silent about, as it is stored."""
    if picture.format == "PNG":
        return png_damage(data)
    if picture.format == "TIFF":
        tags = getattr(picture, "tag_v2", {})
        return tiff_damage(data, tags, page=picture.tell(), width=picture.width, height=picture.height)
    return ()


def _frames(picture: Image.Image) -> int:
    """Of a film: an animated PNG or WebP. What else has several pictures has its first for its main one."""
    return int(getattr(picture, "n_frames", 1)) if picture.format in ("PNG", "WEBP") else 1


def picture_of(image: Image.Image) -> Picture:
    """The current frame of an open image, turned upright; of any format that Pillow knows. ``image`` stays as it is.

    Raises:
        InputRefusedError: ``unreadable``, or ``too_small``.
    """
    with _refusing():
        check_size(*image.size)
        return _whole(image)


def _whole(image: Image.Image) -> Picture:
    # Pillow may turn it itself then, and says so by taking the orientation out.
    image.load()
    return Picture.of(turn_upright(to_rgb(image), _orientation(image)))


def page_numbers(data: bytes) -> list[int]:
    """The images of a file that are to be answered, from 0: several for a TIFF of several pages.

    Raises:
        InputRefusedError: ``unreadable``.
        MissingToolError: HEIC, and its reader is not installed.
    """
    with _open(data) as picture:
        count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        if count > MAX_PAGES:
            raise InputRefusedError(f"{count} pages, at most {MAX_PAGES} are read", reason="unreadable")
        if count == 1:
            return [0]
        pages = []
        for page in range(count):
            picture.seek(page)
            tag, smaller_copy = _REDUCED_PAGE
            if not int(getattr(picture, "tag_v2", {}).get(tag, 0)) & smaller_copy:
                pages.append(page)
        # Where every page says that it is a copy of another, none is.
        return pages or list(range(count))


def check_size(width: int, height: int, *, most: int = MAX_PIXELS) -> None:
    """Refuse what would take too much memory (more than ``most`` pixels), or shows too little."""
    if width * height > most:
        raise InputRefusedError(f"{width} x {height} pixels are too many", reason="unreadable")
    if max(width, height) < MIN_SIDE_PX or min(width, height) < MIN_HEIGHT_PX:
        raise InputRefusedError(
            f"{width} x {height} pixels are too few, at least {MIN_SIDE_PX} x {MIN_HEIGHT_PX} are needed",
            reason="too_small",
        )


def reduction(width: int, height: int, most: float) -> int:
    """1, 2, 4 or 8: how much smaller a JPEG may be read, no more than ``most``."""
    fits = [r for r in (1, 2, 4, 8) if max(width, height) // r >= ENOUGH_SIDE_PX and min(width, height) // r >= 800]
    return max([r for r in fits if r <= most], default=1)


@contextmanager
def _open(data: bytes) -> Iterator[Image.Image]:
    """The image, its header read; errors on the way out become refusals."""
    with _refusing():
        if is_heif(data):
            with open_heif(data) as picture:
                yield picture
            return
        _check_webp(data)
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            yield picture


@contextmanager
def _refusing() -> Iterator[None]:
    """Errors of Pillow become refusals."""
    try:
        with quiet_pillow():
            yield
    except UnidentifiedImageError as error:
        known = ", ".join((*FORMATS, "HEIC", "PDF"))
        raise InputRefusedError(f"not an image in {known}", reason="unreadable") from error
    except Image.DecompressionBombError as error:
        raise InputRefusedError("too many pixels", reason="unreadable") from error
    except (OSError, SyntaxError, ValueError, LookupError, EOFError, RuntimeError, TypeError, struct.error) as error:
        text = " ".join(str(error).split())[:120]
        raise InputRefusedError(f"damaged image ({text})", reason="unreadable") from error
    except MemoryError as error:
        raise InputRefusedError("too many pixels for this device's memory", reason="unreadable") from error


def _check_webp(data: bytes) -> None:
    """The size in a WebP's extended header: Pillow takes memory for all of it when it opens the file."""
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) >= 30:
        check_size(1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little"))


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none or the EXIF block is damaged."""
    try:
        value = int(picture.getexif().get(0x0112, 1))
    except (OSError, SyntaxError, ValueError, TypeError, struct.error, KeyError, EOFError):
        return 1
    return value if 1 <= value <= 8 else 1
