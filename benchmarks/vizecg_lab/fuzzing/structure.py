"""Changes that keep to a file's own structure, so that they get past its first checks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np

PNG_MARK, TIFF_MARKS = b"\x89PNG\r\n\x1a\n", {b"II*\0": "<", b"MM\0*": ">"}
LENGTHS = (0, 1, 2, 3, 7, 8, 100, 32_767, 65_535)
SIZES = (0, 1, 2, 399, 400, 401, 900, 8000, 16_384, 60_000, 65_535)


def _png(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Repeat, drop, move or change a chunk; its checksum is right again, nearly always."""
    chunks: list[tuple[bytes, bytearray]] = []
    at = len(PNG_MARK)
    while at + 12 <= len(data) and len(chunks) < 4000:
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        chunks.append((bytes(data[at + 4 : at + 8]), bytearray(data[at + 8 : at + 8 + length])))
        at += 12 + length
    if not chunks:
        return data
    pick, kind = int(rng.integers(len(chunks))), int(rng.integers(6))
    name, body = chunks[pick]
    if kind == 0:
        chunks.insert(pick, (name, bytearray(body)))
    elif kind == 1:
        del chunks[pick]
    elif kind == 2:
        chunks.insert(int(rng.integers(len(chunks))), chunks.pop(pick))
    elif kind == 3 and chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13:
        where = int(rng.integers(13))
        if where < 8:
            chunks[0][1][where // 4 * 4 : where // 4 * 4 + 4] = struct.pack(">I", int(rng.choice(SIZES)))
        else:
            chunks[0][1][where] = int(rng.choice((0, 1, 2, 3, 4, 6, 7, 8, 16, 255)))
    elif body:
        for _ in range(int(2 ** rng.integers(0, 5))):
            body[int(rng.integers(len(body)))] ^= 1 << int(rng.integers(8))
    out = bytearray(PNG_MARK)
    for name, body in chunks:
        check = zlib.crc32(name + body) if rng.random() < 0.97 else int(rng.integers(2**32))
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)
    return out


def _jpeg(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Repeat, drop or resize a segment, or change the picture's size."""
    segments: list[tuple[int, int]] = []
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and len(segments) < 200:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append((at, min(len(data), at + 2 + length)))
        if data[at + 1] == 0xDA or length < 2:
            break
        at += 2 + length
    if not segments:
        return data
    start, end = segments[int(rng.integers(len(segments)))]
    kind = int(rng.integers(5))
    if kind == 0:
        return data[:end] + data[start:]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        data[start + 2 : start + 4] = struct.pack(">H", int(rng.choice(LENGTHS)))
        return data
    frames = [start for start, _ in segments if 0xC0 <= data[start + 1] <= 0xC2]
    if kind == 3 and frames:
        field = frames[0] + 5 + 2 * int(rng.integers(2))
        data[field : field + 2] = struct.pack(">H", int(rng.choice(SIZES)))
        return data
    if end - start > 4:
        data[int(rng.integers(start + 4, end))] = int(rng.integers(256))
    return data


def _tiff(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change a field of an entry in the first directory, or where the next one lies."""
    order = TIFF_MARKS[bytes(data[:4])]
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        return data
    (count,) = struct.unpack_from(f"{order}H", data, at)
    if count == 0 or at + 6 + 12 * count > len(data):
        return data
    entry, kind = at + 2 + 12 * int(rng.integers(count)), int(rng.integers(5))
    if kind == 0:
        struct.pack_into(f"{order}H", data, entry, int(rng.choice((254, 255, 256, 257, 258, 259, 262, 266, 273, 274,
                         277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 347, 530))))  # fmt: skip
    elif kind == 1:
        struct.pack_into(f"{order}H", data, entry + 2, int(rng.integers(0, 19)))
    elif kind == 2:
        struct.pack_into(f"{order}I", data, entry + 4, int(rng.choice((0, 1, 2, 3, 4, 255, 65_536, 2**30, 2**32 - 1))))
    elif kind == 3:
        value = int(rng.choice((*SIZES, 5, 6, 7, 8, 32_773, 34_712, 50_000, len(data), len(data) - 1, 2**32 - 1)))
        struct.pack_into(f"{order}I", data, entry + 8, value)
    else:
        after = at + 2 + 12 * count
        struct.pack_into(f"{order}I", data, after, int(rng.choice((8, at, len(data) - 4, 2**32 - 1))))
    return data


def _riff(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change the length, name or body of a chunk of a WebP."""
    chunks: list[tuple[int, int]] = []
    at = 12
    while at + 8 <= len(data) and len(chunks) < 500:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append((at, min(len(data), at + 8 + length + length % 2)))
        at += 8 + length + length % 2
    if not chunks:
        return data
    start, end = chunks[int(rng.integers(len(chunks)))]
    kind = int(rng.integers(4))
    if kind == 0:
        return data[:end] + data[start:]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        struct.pack_into("<I", data, start + 4, int(rng.choice((*LENGTHS, 2**31, 2**32 - 1, len(data)))))
    elif end - start > 8:
        data[start + 8 + int(rng.integers(min(end - start - 8, 32)))] = int(rng.integers(256))
    return data


def _bmp(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change a field of the header."""
    at = int(rng.choice((2, 10, 14, 18, 22, 26, 28, 30, 34, 46)))
    value = int(rng.choice((*SIZES, 3, 4, 5, 12, 24, 32, 40, 124, 2**31, 2**32 - 1)))
    if rng.random() < 0.3:
        value = (2**32 - value) % 2**32
    if len(data) >= at + 4:
        struct.pack_into("<I", data, at, value)
    return data


def _boxes(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change the length of a HEIF box."""
    at = 0
    found: list[int] = []
    while at + 8 <= len(data) and len(found) < 100:
        length = int.from_bytes(data[at : at + 4], "big")
        found.append(at)
        # The box `meta` holds others behind four bytes.
        at += 12 if data[at + 4 : at + 8] == b"meta" else 8 if data[at + 4 : at + 8] == b"iprp" else max(length, 8)
    start = found[int(rng.integers(len(found)))] if found else 0
    if len(data) >= start + 4:
        struct.pack_into(">I", data, start, int(rng.choice((*LENGTHS, 2**31, 2**32 - 1, len(data)))))
    return data


def _by_format(data: bytearray, rng: np.random.Generator) -> bytearray:
    head = bytes(data[:12])
    if head.startswith(PNG_MARK):
        return _png(data, rng)
    if head.startswith(b"\xff\xd8"):
        return _jpeg(data, rng)
    if head[:4] in TIFF_MARKS and len(data) > 8:
        return _tiff(data, rng)
    if head.startswith(b"RIFF"):
        return _riff(data, rng)
    if head.startswith(b"BM"):
        return _bmp(data, rng)
    if head[4:8] == b"ftyp":
        return _boxes(data, rng)
    return _words(data, rng)


def _words(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Text, PDF and JSON: replace a number or exchange a word."""
    words = bytes(data[:4000]).split(b" ")
    pick = int(rng.integers(len(words)))
    words[pick] = (b"-1", b"0", b"99999999999", b"1e400", b"NaN", b"[", b"<<", b"null", b"R")[int(rng.integers(9))]
    return bytearray(b" ".join(words)) + data[4000:]


STRUCTURED: tuple[Callable[[bytearray, np.random.Generator], bytearray], ...] = (_by_format,)
