"""Files made to do harm: headers that claim too much, shapes that nobody photographs, what is no picture at all."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

from vizecg_lab.fuzzing.seeds import Seed, encoded, scene

CLAIMED = 60_000


@lru_cache(maxsize=1)
def hostile_seeds() -> tuple[Seed, ...]:
    """Each is answered or refused by itself, before any mutation."""
    return (*_claims(), *_oddities(), *_shapes(), *_strangers())


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(entries: dict[int, tuple[int, int, int]], body: bytes, *, following: int = 0) -> bytes:
    """A little-endian TIFF with one directory of (tag: type, count, value), ``body`` behind it from byte 1024 on."""
    listed = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed + struct.pack("<I", following)
    return head.ljust(1024, b"\0") + body


def tiff_entries(width: int, height: int, *, packed: int, length: int) -> dict[int, tuple[int, int, int]]:
    return {
        256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, packed), 262: (3, 1, 1),
        273: (4, 1, 1024), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, length),
    }  # fmt: skip


def _claims() -> Iterator[Seed]:
    """Small files whose header says 60,000 x 60,000."""
    jpeg = encoded(scene(), format="JPEG", quality=60)
    at = jpeg.index(b"\xff\xc0") + 5
    yield Seed(name="claim-jpeg", suffix=".jpg", data=jpeg[:at] + struct.pack(">HH", CLAIMED, CLAIMED) + jpeg[at + 4 :])
    png = encoded(scene().convert("L"), format="PNG")
    header = png_chunk(b"IHDR", struct.pack(">II", CLAIMED, CLAIMED) + png[24:29])
    yield Seed(name="claim-png", suffix=".png", data=png[:8] + header + png[33:])
    bmp = encoded(scene(), format="BMP")
    yield Seed(name="claim-bmp", suffix=".bmp", data=bmp[:18] + struct.pack("<ii", CLAIMED, CLAIMED) + bmp[26:])
    webp = encoded(scene(), format="WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    side = (CLAIMED - 1).to_bytes(3, "little")
    yield Seed(name="claim-webp", suffix=".webp", data=webp[:24] + side + side + webp[30:])
    # The two simple kinds of WebP, which have their sizes elsewhere: 16,383 is the most.
    lossless = encoded(scene(), format="WEBP", lossless=True, method=0)
    yield Seed(name="claim-webp-lossless", suffix=".webp", data=lossless[:21] + b"\xfe\xbf\xff\x0f" + lossless[25:])
    lossy = encoded(scene(), format="WEBP")
    yield Seed(name="claim-webp-lossy", suffix=".webp", data=lossy[:26] + b"\xff\x3f\xff\x3f" + lossy[30:])
    entries = tiff_entries(CLAIMED, CLAIMED, packed=8, length=64)
    yield Seed(name="claim-tiff", suffix=".tif", data=tiff(entries, zlib.compress(bytes(9000))))
    many = {**entries, 273: (4, 0x3FFFFFFF, 1024), 279: (4, 0x3FFFFFFF, 1024)}
    yield Seed(name="claim-tiff-strips", suffix=".tif", data=tiff(many, bytes(5000)))
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    pdf += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]/UserUnit 75>>endobj\n"
    yield Seed(name="claim-pdf", suffix=".pdf", data=pdf + b"trailer<</Root 1 0 R/Size 4>>\n%%EOF\n")


def _oddities() -> Iterator[Seed]:
    """Directories of a TIFF that lead nowhere."""
    yield Seed(name="tiff-loop", suffix=".tif", data=tiff(tiff_entries(500, 500, packed=1, length=250_000),
               bytes(250_000), following=8))  # fmt: skip
    smaller = {**tiff_entries(500, 500, packed=1, length=250_000), 254: (4, 1, 1)}
    yield Seed(name="tiff-no-page", suffix=".tif", data=tiff(smaller, bytes(250_000)))
    copies = encoded(scene(), format="TIFF", save_all=True, append_images=[scene()], tiffinfo={254: 1})
    yield Seed(name="tiff-no-pages", suffix=".tif", data=copies)


def _shapes() -> Iterator[Seed]:
    for width, height in ((1, 5000), (5000, 1), (1, 1), (60_000, 420), (420, 60_000)):
        picture = Image.new("L", (width, height), 230)
        yield Seed(name=f"{width}x{height}-png", suffix=".png", data=encoded(picture, format="PNG"))
        yield Seed(name=f"{width}x{height}-jpeg", suffix=".jpg", data=encoded(picture, format="JPEG"))
    for level in (0, 128, 255):
        picture = Image.new("RGB", (640, 480), (level, level, level))
        yield Seed(name=f"plain-{level}", suffix=".png", data=encoded(picture, format="PNG"))


def _strangers() -> Iterator[Seed]:
    """What is no picture, and pictures under another's name."""
    yield Seed(name="empty", suffix=".jpg", data=b"")
    yield Seed(name="text", suffix=".png", data=b"no picture\n" * 200)
    yield Seed(name="zip", suffix=".jpg", data=b"PK\x03\x04" + bytes(600))
    yield Seed(name="gif", suffix=".png", data=encoded(scene().convert("P"), format="GIF"))
    yield Seed(name="svg", suffix=".jpg", data=b"<svg xmlns='http://www.w3.org/2000/svg' width='900' height='700'/>")
    yield Seed(name="heic-mark", suffix=".heic", data=b"\0\0\0\x18ftypheic" + bytes(4000))
    yield Seed(name="png-as-jpeg", suffix=".jpg", data=encoded(scene(), format="PNG"))
    yield Seed(name="jpeg-as-tiff", suffix=".tif", data=encoded(scene(), format="JPEG"))
    yield Seed(name="tiff-as-bmp", suffix=".bmp", data=encoded(scene(), format="TIFF"))
