"""Damage of a JPEG that no decoder complains of: tables of numbers that no encoder writes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from vizecg_edge.capture.damage import Damage

LARGEST_STEP = 2.5
"""An entry of a quantisation table is no more than this many times all of its neighbours, or they of it. Of 518 tables
(libjpeg at every quality, Photoshop, Pillow's presets, photographs and pages of the web) none has more than 1.4."""
_ADDED = 2
"""To both, for tables of small numbers."""
_QUANTISATION, _SCAN, _END = 0xDB, 0xDA, 0xD9
_PADDED_END = b"\0\xff\xd9"
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
_ZIGZAG = np.array(
    sorted(range(64), key=lambda at: (sum(divmod(at, 8)), at // 8 if sum(divmod(at, 8)) % 2 else at % 8))
)


def table_damage(data: bytes) -> tuple[Damage, ...]:
    """Quantisation tables of a JPEG's first image with an entry that is 0 or unlike all of its neighbours."""
    for table in quantisation_tables(data):
        low, high = cv2.erode(table, _AROUND), cv2.dilate(table, _AROUND)
        steps = np.maximum((table + _ADDED) / (high + _ADDED), (low + _ADDED) / (table + _ADDED))
        if not table.all() or steps.max() > LARGEST_STEP:
            return (Damage(told="damaged JPEG: its quantisation table is one that no encoder writes"),)
    return ()


def quantisation_tables(data: bytes) -> Iterator[np.ndarray]:
    """Those before the first scan, as float32 (8, 8)."""
    for marker, body in _segments(data):
        at = 0
        while marker == _QUANTISATION and at < len(body):
            wide = 1 + (body[at] >> 4 > 0)
            values = np.frombuffer(body[at + 1 : at + 1 + 64 * wide], ">u2" if wide > 1 else np.uint8)
            at += 1 + 64 * wide
            if len(values) == 64:
                table = np.zeros(64, np.float32)
                table[_ZIGZAG] = values
                yield table.reshape(8, 8)


def ending_zeros(data: bytes) -> int:
    """How many bytes of zero stand before an end marker, at most."""
    most = begin = 0
    while (last := data.find(_PADDED_END, begin)) >= 0:
        before = data[begin : last + 1]
        most = max(most, len(before) - len(before.rstrip(b"\0")))
        begin = last + len(_PADDED_END)
    return most


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of what comes before the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in (_SCAN, _END):
            return
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
