"""The checksums of a PNG's picture, which Pillow does not look at."""

from __future__ import annotations

import zlib

from vizecg_edge.capture.damage import Damage

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INTERLACED = 1
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png_damage(data: bytes) -> tuple[Damage, ...]:
    """Where the picture data of a PNG are not what their checksums say: from the first such row to the last."""
    if not data.startswith(_SIGNATURE):
        return ()
    view, at = memoryview(data), len(_SIGNATURE)
    good: list[memoryview] = []
    while at + 12 <= len(data):
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        end = at + 8 + length
        if kind == b"IEND":
            break
        if kind == b"IDAT":
            if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
                return (_from_row(data, good),)
            good.append(view[at + 8 : end])
        at = end + 4
    return ()


def _from_row(data: bytes, good: list[memoryview]) -> Damage:
    """The damage after these parts of the picture's data, by the header of the file."""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    depth, colour, interlace = data[24], data[25], data[28]
    told = "damaged PNG: a checksum of its picture differs"
    if interlace == _INTERLACED or colour not in _CHANNELS:
        return Damage(told=told)
    decoder, done = zlib.decompressobj(), 0
    try:
        for part in good:
            done += len(decoder.decompress(part))
    except zlib.error:
        return Damage(told=told)
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8
    # The filter of a row takes from the one before it, not from the one after.
    return Damage(told=told, box=(0, min(height, done // row), width, height))
