"""Image files -> upright RGB arrays, with every way a file can be wrong refused in one line."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vizecg.spec import InputRefusedError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
MAX_FILE_BYTES = 100 * 2**20
MAX_PIXELS = 80_000_000
MIN_SIDE_PX = 400
"""A 250 mm wide block in fewer pixels has less than 1.6 px/mm, below which the grid is lost."""


def read_file(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        InputRefusedError: ``file_not_found`` or ``unreadable``.
    """
    if not path.exists():
        raise InputRefusedError("no such file", reason="file_not_found")
    if not path.is_file():
        raise InputRefusedError("not a file", reason="unreadable")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputRefusedError(f"{size} bytes are over {MAX_FILE_BYTES}", reason="unreadable")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputRefusedError(str(error.strerror), reason="unreadable") from error


def decode(data: bytes) -> np.ndarray:
    """Image file -> uint8 RGB (height, width, 3), turned upright by its EXIF orientation.

    It is decoded fully: half a JPEG is refused, not filled with grey.

    Raises:
        InputRefusedError: ``unreadable``, or ``too_small``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise InputRefusedError(f"{width} x {height} pixels are too many", reason="unreadable")
                if min(width, height) < MIN_SIDE_PX:
                    raise InputRefusedError(
                        f"{width} x {height} pixels are too few, at least {MIN_SIDE_PX} a side are needed",
                        reason="too_small",
                    )
                upright = ImageOps.exif_transpose(picture.convert("RGB") if picture.mode != "RGB" else picture)
                return np.asarray(upright)
    except UnidentifiedImageError as error:
        raise InputRefusedError(f"not an image in {', '.join(FORMATS)}", reason="unreadable") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputRefusedError("too many pixels", reason="unreadable") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputRefusedError(f"damaged image ({error})", reason="unreadable") from error
