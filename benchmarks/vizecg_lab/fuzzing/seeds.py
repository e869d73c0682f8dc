"""Whole files of every kind that the edge reads: mutation begins with them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image

WIDTH_PX = 900
"""Small, so that a case is quick, and large enough for the sheet to be read."""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A file."""

    name: str
    suffix: str
    data: bytes


@lru_cache(maxsize=1)
def scene() -> Image.Image:
    """A photograph of a printed synthetic ECG."""
    from vizecg.records.synthetic import synthesise
    from vizecg.render import PrintStyle, photograph, render_sheet

    sheet = render_sheet(synthesise(["AF"], seed=3), style=PrintStyle(palette="pink", trace_mm=0.5))
    rng = np.random.default_rng(3)
    return Image.fromarray(photograph(sheet.image, rng=rng, strength=0.2, width_px=(WIDTH_PX, WIDTH_PX + 1)).image)


@lru_cache(maxsize=1)
def picture_seeds() -> tuple[Seed, ...]:
    """Whole pictures in every format for which there is a writer here."""
    return tuple(
        Seed(name=name, suffix=suffix, data=data) for name, suffix, data in (*_stills(), *_pages(), *_extras())
    )


def encoded(picture: Image.Image, **options: Any) -> bytes:
    """The bytes of a file."""
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def _stills() -> Iterator[tuple[str, str, bytes]]:
    image = scene()
    grey, palette = image.convert("L"), image.convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    clear = image.convert("RGBA")
    clear.putalpha(200)
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "camera"
    yield "jpeg", ".jpg", encoded(image, format="JPEG", quality=85)
    yield "jpeg-exif", ".jpg", encoded(image, format="JPEG", quality=85, exif=turned, icc_profile=bytes(400))
    yield "jpeg-progressive", ".jpeg", encoded(image, format="JPEG", quality=80, progressive=True)
    yield "jpeg-restart", ".jpg", encoded(image, format="JPEG", quality=80, restart_marker_blocks=8)
    yield "jpeg-cmyk", ".jpg", encoded(image.convert("CMYK"), format="JPEG", quality=80)
    yield "jpeg-grey", ".jpg", encoded(grey, format="JPEG", quality=80)
    yield "mpo", ".mpo", encoded(image, format="MPO", save_all=True, append_images=[image.resize((450, 420))])
    yield "png", ".png", encoded(image, format="PNG")
    yield "png-palette", ".png", encoded(palette, format="PNG", transparency=3)
    yield "png-16", ".png", encoded(wide, format="PNG")
    yield "png-1", ".png", encoded(image.convert("1"), format="PNG")
    yield "png-rgba", ".png", encoded(clear, format="PNG", exif=turned)
    yield "apng", ".png", encoded(palette, format="PNG", save_all=True, append_images=[palette, palette])
    yield "webp", ".webp", encoded(image, format="WEBP", quality=80, exif=turned)
    yield "webp-lossless", ".webp", encoded(clear, format="WEBP", lossless=True, method=0)
    yield "webp-moving", ".webp", encoded(image, format="WEBP", save_all=True, append_images=[grey.convert("RGB")])
    yield "bmp", ".bmp", encoded(image, format="BMP")
    yield "bmp-palette", ".bmp", encoded(palette, format="BMP")


def _pages() -> Iterator[tuple[str, str, bytes]]:
    image = scene()
    grey, blank = image.convert("L"), Image.new("RGB", image.size, "white")
    turned = Image.Exif()
    turned[0x0112] = 8
    yield "tiff-lzw", ".tif", encoded(image, format="TIFF", compression="tiff_lzw", exif=turned)
    yield "tiff-raw", ".tif", encoded(grey, format="TIFF")
    yield "tiff-deflate", ".tiff", encoded(image, format="TIFF", compression="tiff_adobe_deflate")
    yield "tiff-packbits", ".tiff", encoded(image, format="TIFF", compression="packbits", big_tiff=True)
    yield "tiff-jpeg", ".tif", encoded(image, format="TIFF", compression="jpeg")
    yield "tiff-fax", ".tif", encoded(image.convert("1"), format="TIFF", compression="group4")
    yield "tiff-16", ".tif", encoded(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), format="TIFF")
    yield "tiff-float", ".tif", encoded(grey.convert("F"), format="TIFF", compression="tiff_lzw")
    yield (
        "tiff-pages",
        ".tif",
        encoded(
            blank, format="TIFF", compression="tiff_lzw", save_all=True, append_images=[image, image.resize((450, 420))]
        ),
    )


def _extras() -> Iterator[tuple[str, str, bytes]]:
    image = scene()
    if find_spec("pillow_heif") is not None:
        import pillow_heif

        stream = io.BytesIO()
        pillow_heif.from_pillow(image).save(stream, quality=60)
        yield "heic", ".heic", stream.getvalue()
    if find_spec("pypdfium2") is not None:
        yield "pdf", ".pdf", encoded(image, format="PDF", resolution=110)
        yield "pdf-drawn", ".pdf", _drawn_pdf()


def _drawn_pdf() -> bytes:
    """Two pages whose content is a compressed stream of lines."""
    lines = b"\n".join(b"%d %d m %d %d l S" % (x, 10, x + 90, 580) for x in range(0, 800, 5))
    stream = zlib.compress(lines)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 842 595]/Contents 5 0 R>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Rotate 90/Contents 5 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream),
    )
    body = b"".join(b"%d 0 obj %s endobj\n" % (number, text) for number, text in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer <</Root 1 0 R/Size 6>>\n%%EOF\n"
