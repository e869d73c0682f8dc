"""Strips and tiles of a TIFF that do not hold what they should: libtiff, as Pillow has it, keeps that to itself."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import cv2
import numpy as np

from vizecg_edge.capture.damage import Box, Damage, damage_heard
from vizecg_edge.process import decoder_messages

_COMPRESSION, _PLANAR = 259, 284
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_JPEG_TABLES = 347
_FAX, _JPEG, _DEFLATE = (2, 3, 4), 7, (8, 32946)
_SEPARATE = 2
_START, _END = b"\xff\xd8", b"\xff\xd9"
_MOST = 8
_PLACE = re.compile(r".* at line (\d+) of strip (\d+) .*")


def tiff_damage(data: bytes, tags: Any, *, page: int, width: int, height: int) -> tuple[Damage, ...]:
    """Strips or tiles of a page whose checksum differs (Deflate), or of which libjpeg or libtiff complain (JPEG, fax).

    Args:
        data: the file.
        tags: of the page, by number, as Pillow has them.
        page: its number in the file, from 0.
        width, height: of the page as it is stored, in pixels.
    """
    kind = tags.get(_COMPRESSION)
    if kind != _JPEG and kind not in (*_DEFLATE, *_FAX):
        return ()
    parts = _parts(data, tags, width, height)
    if kind in _FAX:
        found = list(_fax_damage(data, page, [box for box, _ in parts]))
    else:
        found = []
        tables = bytes(tags.get(_JPEG_TABLES, b""))
        for box, part in parts:
            told = _jpeg_told(tables, part) if kind == _JPEG else _deflate_told(part)
            if told:
                found.append(Damage(told=f"damaged TIFF: {told}", box=box))
    # Beyond a few, all of it may be.
    return tuple(found) if len(found) <= _MOST else (Damage(told=found[0].told),)


def _fax_damage(data: bytes, page: int, boxes: Sequence[Box]) -> Iterator[Damage]:
    """From the first line of each strip that libtiff complains of to the end of the strip."""
    with decoder_messages() as said:
        before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
        try:
            cv2.imdecode(np.frombuffer(_beginning_with(data, page), np.uint8), cv2.IMREAD_GRAYSCALE)
        except cv2.error:
            said.clear()  # Pillow reads it, or says why not
        finally:
            cv2.utils.logging.setLogLevel(before)
    strips = set()
    for damage in damage_heard(said, most=len(said)):
        place = _PLACE.fullmatch(damage.told)
        line, strip = (int(place[1]), int(place[2])) if place else (0, -1)
        if strip not in strips:
            strips.add(strip)
            known = 0 <= strip < len(boxes)
            left, top, right, bottom = boxes[strip] if known else (0, 0, 0, 0)
            yield Damage(told=f"damaged TIFF: {damage.told}", box=(left, top + line, right, bottom) if known else None)


def _beginning_with(data: bytes, page: int) -> bytes:
    """The file with another page for its first; as it is, where that page is not found."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    at = int.from_bytes(data[4:8], order)
    for _ in range(page):
        after = at + 2 + 12 * int.from_bytes(data[at : at + 2], order)
        at = int.from_bytes(data[after : after + 4], order)
    return data[:4] + at.to_bytes(4, order) + data[8:] if at else data


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
