"""Pixels of any kind -> 8-bit RGB. Colour profiles are left alone."""

from __future__ import annotations

import numpy as np
from PIL import Image

WHOLE_PIXELS = 24_000_000
STRIP_PIXELS = 4_000_000
"""Pictures of more than ``WHOLE_PIXELS`` are turned strip by strip, which takes longer: the steps between hold several
copies of what they work on, more than a small device has memory for."""
_TWO_BYTES = ("I;16", "I;16B", "I;16L", "I;16N")
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")


def to_rgb(picture: Image.Image) -> np.ndarray:
    """A loaded image -> uint8 RGB (H, W, 3); what is transparent shows white paper.

    Raises:
        ValueError: pixels whose range is not known, or that have no colour.
    """
    if picture.mode == "F" or (picture.mode == "I" and picture.format != "PNG"):
        raise ValueError("pixels of 32 bits, whose range is not known")
    width, height = picture.size
    if width * height <= WHOLE_PIXELS:
        return _strip_to_rgb(picture)
    rows = max(1, STRIP_PIXELS // width)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        pixels[top:bottom] = _strip_to_rgb(picture.crop((0, top, width, bottom)))
    return pixels


def _strip_to_rgb(picture: Image.Image) -> np.ndarray:
    """The same of a picture whose mode is known to have a range."""
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return np.asarray(picture)
    if picture.mode in _TWO_BYTES or picture.mode == "I":
        # The full range by definition of the formats, never by what is in the picture.
        wide = np.asarray(picture).astype(np.uint32)
        grey = ((np.minimum(wide, 65535) + 128) // 257).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode in _WITH_ALPHA or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        paper = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, clear)
    return np.asarray(picture.convert("RGB"))
