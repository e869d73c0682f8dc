"""What a page's millimetres were taken from, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

GRID_SD = 0.002
"""Relative standard uncertainty of the scale of a page whose grid was found, along each axis."""

MOST_TRIED_SD = 0.05
"""A page whose millimetres are less certain is not answered. Of 33 two-level scans of drawn pages that the pulses
measured (sd 1.3 to 4.4 %) none was wrong by more than 1.4 %, and none was decided otherwise than its print."""


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

    @property
    def tried_sd(self) -> float:
        """How much larger or smaller the page is taken to be besides, for a class to be decided only where all agree; 0
        where the grid is the ruler, and where the ruler is not good enough for that."""
        sd = max(self.sd_x, self.sd_y)
        return sd if self.kind is RulerKind.PULSES and not self.doubt and sd <= MOST_TRIED_SD else 0.0
