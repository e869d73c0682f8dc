"""Files made to do harm by what they become: much data out of few bytes, and work that does not end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

from vizecg_lab.fuzzing.hostile import png_chunk, tiff, tiff_entries
from vizecg_lab.fuzzing.seeds import Seed, encoded, scene

BOMB_SIDE = 8_900
"""79 million pixels: just under what the edge reads, all out of a few kilobytes."""


@lru_cache(maxsize=1)
def bomb_seeds() -> tuple[Seed, ...]:
    """Complete files that are all there, and large when they are unpacked."""
    return (*_bombs(),)


def bomb_png(*, width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of zeros that is complete: ``colour`` 0 is grey, 2 RGB, 6 RGBA."""
    row = 1 + (width * depth * {0: 1, 2: 3, 6: 4}[colour] + 7) // 8
    packer = zlib.compressobj(9)
    block = bytes(row * 16)
    whole, rest = divmod(height, 16)
    stream = b"".join(packer.compress(block) for _ in range(whole)) + packer.compress(bytes(row * rest))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = png_chunk(b"IHDR", header), png_chunk(b"IDAT", stream + packer.flush()), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _bombs() -> Iterator[Seed]:
    side = BOMB_SIDE
    yield Seed(name="bomb-png-rgb", suffix=".png", data=bomb_png(width=side, height=side))
    yield Seed(name="bomb-png-rgba", suffix=".png", data=bomb_png(width=side, height=side, colour=6))
    deep = bomb_png(width=side, height=side, depth=16, colour=0)
    yield Seed(name="bomb-png-16", suffix=".png", data=deep)
    yield Seed(name="bomb-png-1", suffix=".png", data=bomb_png(width=40_000, height=40_000, depth=1, colour=0))
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    profile = png_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(100_000_000), 9))
    small = encoded(scene().convert("L"), format="PNG")
    yield Seed(name="bomb-png-text", suffix=".png", data=small[:33] + text + small[33:])
    yield Seed(name="bomb-png-profile", suffix=".png", data=small[:33] + profile + small[33:])
    packed = zlib.compress(bytes(side * side), 9)
    entries = tiff_entries(side, side, packed=8, length=len(packed))
    yield Seed(name="bomb-tiff", suffix=".tif", data=tiff(entries, packed))
    # One strip of the file, unpacked far beyond what the page holds.
    over = zlib.compress(bytes(300_000_000), 9)
    yield Seed(
        name="bomb-tiff-strip", suffix=".tif", data=tiff(tiff_entries(500, 500, packed=8, length=len(over)), over)
    )
    large = Image.new("RGB", (side, side), "white")
    yield Seed(name="bomb-jpeg", suffix=".jpg", data=encoded(large, format="JPEG", quality=30, progressive=True))
    # The last scan of a progressive JPEG, again and again: each costs as much as a picture.
    white = encoded(Image.new("RGB", (4000, 3000), "white"), format="JPEG", quality=30, progressive=True)
    last = white.rindex(b"\xff\xda")
    yield Seed(name="bomb-jpeg-scans", suffix=".jpg", data=white[:-2] + white[last:-2] * 2000 + white[-2:])
    plain = encoded(large.convert("CMYK"), format="JPEG", quality=30)
    yield Seed(name="bomb-jpeg-cmyk", suffix=".jpg", data=plain)
    yield Seed(name="bomb-pdf-image", suffix=".pdf", data=_pdf_of_image())
    yield Seed(name="bomb-pdf-forms", suffix=".pdf", data=pdf_of_forms(deep=9))
    yield Seed(name="bomb-webp", suffix=".webp", data=encoded(large, format="WEBP", lossless=True, method=0))


def _pdf_of_image() -> bytes:
    """A page with a picture of 900 million pixels on it."""
    side = 30_000
    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(bytes(side * 100)) for _ in range(side // 100)) + packer.flush()
    head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (side, side)
    image = head + b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream)
    return _pdf(b"<</XObject<</X 5 0 R>>>>", b"842 0 0 595 0 0 cm /X Do", image)


def pdf_of_forms(*, deep: int) -> bytes:
    """A page of forms that draw forms: ten times each, so many levels deep."""
    forms = []
    for number in range(5, 5 + deep):
        last = number == 4 + deep
        text = b"0 0 m 9 9 l S" if last else b"/X Do " * 10
        inner = b"" if last else b"/Resources<</XObject<</X %d 0 R>>>>" % (number + 1)
        parts = inner, len(text), text
        forms.append(b"<</Type/XObject/Subtype/Form/BBox[0 0 842 595]%s/Length %d>>stream\n%s\nendstream" % parts)
    return _pdf(b"<</XObject<</X 5 0 R>>>>", b"/X Do", *forms)


def _pdf(resources: bytes, content: bytes, *objects: bytes) -> bytes:
    """A page whose objects begin with number 5."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 842 595]/Contents 4 0 R/Resources%s>>" % resources
    stream = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
    every = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream, *objects
    body = b"".join(b"%d 0 obj %s endobj\n" % (number, text) for number, text in enumerate(every, 1))
    return b"%%PDF-1.4\n%strailer <</Root 1 0 R/Size %d>>\n%%%%EOF\n" % (body, len(every) + 1)
