"""HEIC and HEIF, the format of many phones, through the extra ``heic``."""

from __future__ import annotations

import io

from PIL import Image

from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install

_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))


def is_heif(data: bytes) -> bool:
    """Whether the first bytes are those of a HEIF container."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def open_heif(data: bytes) -> Image.Image:
    """The main image, header read only; it is already upright.

    Raises:
        MissingToolError: pillow-heif is not installed.
        OSError, ValueError, RuntimeError: the file is damaged.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise MissingToolError(f"HEIC images need pillow-heif: {pip_install('heic')}") from error
    # The class itself, not register_heif_opener: that would change what Pillow opens everywhere in the process.
    image: Image.Image = HeifImageFile(io.BytesIO(data))
    return image
