"""Named print conditions."""

from __future__ import annotations

from enum import Enum


class Condition(str, Enum):
    """How a record comes to be a picture.

    ``clean``: the default print, exactly placed. ``print``: any print style, straight from the printer. ``scan`` and
    ``bw_scan``: a flatbed scan, in colour or of a black-and-white copy. ``photo``: a telephone's picture of the sheet
    on a table; the ``photo_*`` ones have more of what they name. ``monitor``: a telephone's picture of a screen.
    ``stained``: coffee and handwriting. ``cropped``: the picture ends before the sheet does. ``severe``: everything.
    """

    CLEAN = "clean"
    PRINT = "print"
    PHOTO = "photo"
    SCAN = "scan"
    BW_SCAN = "bw_scan"
    PHOTO_FOLDED = "photo_folded"
    PHOTO_SHADOW = "photo_shadow"
    PHOTO_WRINKLED = "photo_wrinkled"
    MONITOR = "monitor"
    STAINED = "stained"
    CROPPED = "cropped"
    SEVERE = "severe"


class Finish(str, Enum):
    """What becomes of a picture after it is taken.

    ``sharpened``: halos along dark lines. ``fax``: two levels, black and white. ``message``: 500 to 700 pixels wide
    and compressed again.
    """

    SHARPENED = "sharpened"
    FAX = "fax"
    MESSAGE = "message"
