"""Strips and tiles of a TIFF that do not hold what they should: libtiff, as Pillow has it, keeps that to itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from vizecg_edge.capture.damage import Box, Damage, damage_heard
from vizecg_edge.process import decoder_messages

_COMPRESSION, _PLANAR = 259, 284
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_JPEG_TABLES = 347
_JPEG, _DEFLATE = 7, (8, 32946)
_SEPARATE = 2
_START, _END = b"\xff\xd8", b"\xff\xd9"
_MOST = 8


def tiff_damage(data: bytes, tags: Any, *, width: int, height: int) -> tuple[Damage, ...]:
    """Strips or tiles of one page whose checksum differs (Deflate), or that libjpeg complains of (JPEG).

    Args:
        data: the file.
        tags: of the page, by number, as Pillow has them.
        width, height: of the page as it is stored, in pixels.
    """
    kind = tags.get(_COMPRESSION)
    if kind != _JPEG and kind not in _DEFLATE:
        return ()
    found = []
    tables = bytes(tags.get(_JPEG_TABLES, b""))
    for box, part in _parts(data, tags, width, height):
        told = _jpeg_told(tables, part) if kind == _JPEG else _deflate_told(part)
        if told:
            found.append(Damage(told=f"damaged TIFF: {told}", box=box))
    # Beyond a few, all of it may be.
    return tuple(found) if len(found) <= _MOST else (Damage(told=found[0].told),)


def _parts(data: bytes, tags: Any, width: int, height: int) -> Iterable[tuple[Box, bytes]]:
    tiled = _TILE_OFFSETS in tags
    offsets, sizes = (
        _numbers(tags.get(tag)) for tag in ((_TILE_OFFSETS, _TILE_BYTES) if tiled else (_STRIP_OFFSETS, _STRIP_BYTES))
    )
    wide = int(tags[_TILE_WIDTH]) if tiled else width
    high = int(tags[_TILE_HEIGHT]) if tiled else min(height, int(tags.get(_STRIP_ROWS, height)))
    across, down = -(-width // max(1, wide)), -(-height // max(1, high))
    for number, (offset, size) in enumerate(zip(offsets, sizes, strict=False)):
        # With separate planes those of the second colour follow those of the first.
        row, column = divmod(number % (across * down), across)
        box = (column * wide, row * high, min(width, (column + 1) * wide), min(height, (row + 1) * high))
        yield box, data[offset : offset + size]


def _numbers(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(int(one) for one in value) if isinstance(value, tuple) else (int(value),)


def _deflate_told(part: bytes) -> str:
    decoder = zlib.decompressobj()
    try:
        while part and not decoder.eof:
            # A strip may unpack to anything: no more than a little of it is held.
            decoder.decompress(part, 2**20)
            part = decoder.unconsumed_tail
    except zlib.error:
        return "a checksum of its picture differs"
    return "" if decoder.eof else "a part of its picture is missing"


def _jpeg_told(tables: bytes, part: bytes) -> str:
    whole = _START + tables.removeprefix(_START).removesuffix(_END) + part.removeprefix(_START)
    with decoder_messages() as said:
        try:
            pixels = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        except cv2.error:
            pixels = None
    heard = damage_heard(said)
    if heard:
        return heard[0].told
    return "" if pixels is not None else "a part of its picture cannot be decoded"
