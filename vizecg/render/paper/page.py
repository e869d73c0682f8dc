"""What does not depend on the signal on a page in the ``paper`` style: the grid, the frame, the words."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vizecg.render.grid import Paper
from vizecg.render.style import Colour
from vizecg.render.text import Font, Mark, Marks, bar_dots, place_marks, text_dots

DPI = 100
POINT_PX = DPI / 72
PX_PER_S = 100.0
"""One second is an inch: 25.4 mm/s."""
PX_PER_MV = 40.0
"""10.16 mm/mV."""
LINE_PX = 0.705
"""Width of traces and separators: half a point is 0.694, and 0.2.8's rasteriser rounds its ink up."""

_MAJOR_PX, _MINOR_PX = 20, 4  # 0.2 s and 0.5 mV; a fifth of both
_LINE_OPACITY = 178  # of 255, of the pixels under grid lines, which are half a point wide as well
_FRAME_PX = 0.8 * POINT_PX  # the figure's frame, whose outer half lies outside the picture
_CAPITAL = 0.729  # height of capitals, in font sizes
_NAME_PT, _TITLE_PT = 9.0, 12.0
_NAME_X_PX, _NAME_Y_PX = 7, 20  # from a lead's start and baseline to its name's: 0.07 s and 0.5 mV


@lru_cache(maxsize=16)
def grid_paper(width: int, height: int, major: Colour | None, minor: Colour) -> Paper:
    """White paper with its grid; ``major`` None leaves both grids out.

    Lines count from the left and from the bottom and are put onto whole pixels, which they cover by their width.
    The upright lines are drawn first, of each direction the major ones first.
    """
    row = np.full((width, 3), 255)
    if major is None:
        return Paper(row.astype(np.uint8)[None], np.zeros(height, np.int64))
    x = np.arange(width)
    _lay(row, x % _MAJOR_PX == 0, major)
    _lay(row, (x % _MINOR_PX == 0) & (x % _MAJOR_PX != 0), minor)
    templates = np.stack([row, row, row])
    _lay(templates, np.array([False, True, False]), minor)
    _lay(templates, np.array([False, False, True]), major)
    up = height - np.arange(height)
    # The topmost line is no major one even where its turn has come: the ticks end before it.
    pick = np.where(up % _MAJOR_PX == 0, 2, np.where(up % _MINOR_PX == 0, 1, 0))
    if pick[0] == 2:
        pick[0] = 1
    return Paper(templates.astype(np.uint8), pick)


def _lay(paper: np.ndarray, where: np.ndarray, colour: Colour) -> None:
    """Blend a line in whole numbers, rounding down as 0.2.8's rasteriser does: crossings come out as there."""
    below = paper[where] * 255
    added = (np.array(colour) * 256 - below) * _LINE_OPACITY
    paper[where] = (added + below * 256) // (255 * 256 + _LINE_OPACITY)


@lru_cache(maxsize=64)
def black_marks(width: int, height: int, names: tuple[tuple[str, float, float], ...], title: str, frame: bool) -> Marks:
    """Frame, title, and the names of the leads that begin at (x, baseline): everything above the traces."""
    marks = [*_frame(width, height)] if frame else []
    if title:
        dots = text_dots(title, font=Font.REGULAR, height_px=_TITLE_PT * POINT_PX * _CAPITAL)
        left, right = int(dots.x.min(initial=0)), int(dots.x.max(initial=0))
        # Its top is 2 % below the picture's, and the letters begin a little below their own top.
        baseline = 0.02 * height + _TITLE_PT * POINT_PX * 0.77
        marks.append(Mark(dots, round((width - left - right) / 2), round(baseline)))
    for name, x, y in names:
        dots = text_dots(name, font=Font.REGULAR, height_px=_NAME_PT * POINT_PX * _CAPITAL)
        left = int(dots.x.min(initial=0))
        marks.append(Mark(dots, round(x) + _NAME_X_PX - left, round(y) + _NAME_Y_PX))
    return place_marks(marks, width=width, height=height)


def _frame(width: int, height: int) -> list[Mark]:
    """The frame's lines are centred on the middle of the first pixel inside (left, top) or outside (right, bottom)."""
    spill = (_FRAME_PX - 1) / 2
    bars = []
    # Where bars cross, the last one counts.
    for start, opacity in ((1, spill), (-1, spill), (0, 1.0)):
        for dots, x, y in (
            (bar_dots(width=1, height=height), start % width, 0),
            (bar_dots(width=width, height=1), 0, start % height),
        ):
            bars.append(Mark(dots._replace(opacity=dots.opacity * np.float32(opacity)), x, y))
    return bars
