"""Small pictures, looked at more closely: what a screen's raster or coarse pixels hide is seen when they are calmed."""

from __future__ import annotations

from dataclasses import replace

import cv2

from vizecg_edge.capture.picture import Picture
from vizecg_edge.capture.shots import Shot

TIMES = 1.5
CALM_PX = 0.8
"""Standard deviation of the blur before it is enlarged. Of 40 photographs of screens 21 are answered as they are, 28
where these are looked at again."""
MOST_PX = 1600
"""Longer side of a picture that is looked at again: the grids of larger ones are as fine as they need be."""


def closer(shot: Shot) -> Shot:
    """The same picture enlarged; it says of itself that several of its pixels are one of the file's."""
    return replace(shot, load=lambda _: enlarged(shot.load(1)), read_ms=0.0)


def enlarged(picture: Picture) -> Picture:
    """``TIMES`` as large along each side."""
    calm = cv2.GaussianBlur(picture.pixels, (0, 0), CALM_PX)
    size = round(picture.width * TIMES), round(picture.height * TIMES)
    return replace(picture, pixels=cv2.resize(calm, size, interpolation=cv2.INTER_CUBIC), reduced=1 / TIMES)
