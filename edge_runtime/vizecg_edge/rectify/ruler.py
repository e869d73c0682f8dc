"""What a page's millimetres were taken from, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

GRID_SD = 0.002
"""Relative standard uncertainty of the scale of a page whose grid was found, along each axis."""


class RulerKind(str, Enum):
    """``grid``: the squares of the paper. ``pulses``: the calibration pulses, with the length of the rows. ``columns``:
    the length of the rows alone, taken for 10 s at 25 mm/s."""

    GRID = "grid"
    PULSES = "pulses"
    COLUMNS = "columns"


@dataclass(frozen=True, kw_only=True)
class Ruler:
    """How a page was measured.

    Attributes:
        kind: what with.
        sd_x, sd_y: relative standard uncertainty of a millimetre across and down the page.
        doubt: why the millimetres may be wrong by a factor, in words; empty where nothing speaks for that.
    """

    kind: RulerKind = RulerKind.GRID
    sd_x: float = GRID_SD
    sd_y: float = GRID_SD
    doubt: str = ""
