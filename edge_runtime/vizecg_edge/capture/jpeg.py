"""The fast way through a JPEG: OpenCV's decoder, half as long as Pillow's, on files known to be whole."""

from __future__ import annotations

import re

import cv2
import numpy as np

_REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_END, _SCAN = 0xD9, 0xDA
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
MOST_SCANS = 100
"""Encoders make about ten. Each costs as much time as a picture, and takes a few bytes; libtiff has this limit too."""


def decode_jpeg(data: bytes, *, reduced: int = 1) -> np.ndarray | None:
    """Greyscale or three-colour JPEG -> uint8 RGB (H, W, 3) as it is stored; None where it is better asked of Pillow.

    The full size gives Pillow's pixels bit by bit. A reduced one comes from fewer frequencies of each 8 x 8 block.

    Args:
        data: the file; anything after its first image is ignored.
        reduced: 1, 2, 4 or 8; sides are divided by it and rounded up.
    """
    # OpenCV fills what is missing with grey and says nothing.
    if not is_whole(data):
        return None
    flags = _REDUCED.get(reduced, cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
    straight = getattr(cv2, "IMREAD_COLOR_RGB", None) if reduced == 1 else None
    try:
        if straight is not None:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), straight | cv2.IMREAD_IGNORE_ORIENTATION)
        else:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
            pixels = None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, pixels)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels)


def is_whole(data: bytes) -> bool:
    """Whether the first image of a JPEG file reaches its end marker.

    The segments before the picture's data are stepped over by their lengths: an EXIF thumbnail has an end marker too.
    """
    at = 2
    try:
        while True:
            if data[at] != 0xFF:
                return False
            while data[at] == 0xFF:
                at += 1
            marker, at = data[at], at + 1
            if marker == _END:
                return False
            if marker in _STANDALONE:
                continue
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
            if marker == _SCAN:
                # From the end, where it mostly is.
                return data.rfind(bytes((0xFF, _END)), at) >= 0
    except IndexError:
        return False


def has_too_many_scans(data: bytes) -> bool:
    """Whether the first image of a JPEG file has more than ``MOST_SCANS`` scans."""
    # What looks like a scan may lie in metadata, or in a video behind the image: only then is it worth a closer look.
    if data.count(bytes((0xFF, _SCAN))) <= MOST_SCANS:
        return False
    at, scans = 2, 0
    while (found := _MARKER.search(data, at)) and data[found.start() + 1] != _END:
        marker, at = data[found.start() + 1], found.end()
        scans += marker == _SCAN
        if marker not in _STANDALONE:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return scans > MOST_SCANS


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror uint8 (H, W, 3) by an EXIF orientation, 1 to 8."""
    if orientation == 2:
        return np.asarray(cv2.flip(pixels, 1))
    if orientation == 3:
        return np.asarray(cv2.rotate(pixels, cv2.ROTATE_180))
    if orientation == 4:
        return np.asarray(cv2.flip(pixels, 0))
    if orientation == 5:
        return np.asarray(cv2.transpose(pixels))
    if orientation == 6:
        return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE))
    if orientation == 7:
        return np.asarray(cv2.flip(cv2.transpose(pixels), -1))
    if orientation == 8:
        return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE))
    return pixels
