"""Named print conditions."""

from __future__ import annotations

from enum import Enum


class Condition(str, Enum):
    """``clean``: the default print, exactly placed. ``print``: any print style, placed with a small error, as
    from a good scan. ``photo``: any print style, photographed, and registered with the error of a rectifier."""

    CLEAN = "clean"
    PRINT = "print"
    PHOTO = "photo"
