"""What a page states in print: paper speed, gain and heart rate, wherever around and between its traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from vizecg_edge.leads.flat import FlatPicture
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.printed.grammar import LeadGroup, Quantity, Setting
from vizecg_edge.printed.ink import ink_of_view
from vizecg_edge.printed.lines import LETTER_PX, MARGIN_PX, find_lines
from vizecg_edge.printed.lines import Box as Line
from vizecg_edge.printed.read import USUAL_SHAPE, read_line, settings_in

FIND_PX_PER_MM = 4.0
"""Scale at which text is looked for, and looked at once."""
LEAST_PX_PER_MM, MOST_PX_PER_MM = 2.4, 7.0
"""Of a picture in which a line is read. Photographs with fewer pixels per millimetre cannot be read."""
BEYOND_MM = (2.0, 35.0, 2.0, 20.0)
"""Text is looked for so far beyond the stretch with a grid and some squares around it: to the left, above, to the right
and below."""
AROUND_MM = (16.0, 5.5)
"""Shown around a line for reading it: three squares of the grid to the sides, one above and below."""
MOST_COLUMNS, MOST_CLOSER = 2400, 8
"""Width of all the pictures of text that are looked at, and how many lines are looked at more closely: these bound the
time."""
LONG = 0.4
"""Lines longer than usual are so much less unlikely than shorter ones: settings stand among much else."""
SAME_HEIGHT_MM = 2.5
"""What stands side by side differs in height by no more."""
SAME_LINE_MM = 12.0
"""Once a speed and a gain are read, only what stands at most so far above or below them is looked at."""


def read_page(page: Page, flat: FlatPicture | None = None) -> tuple[Setting, ...]:
    """Everything that the page states for certain about its speed, its gain and the heart rate, each said once.

    Lines that are as long as settings are and that stand low on the page are looked at first.

    Args:
        page: flat paper.
        flat: a picture of it with at least ``text_box``, if there is one.
    """
    if page.px_per_mm < LEAST_PX_PER_MM:
        return ()
    coarse = min(FIND_PX_PER_MM, max(page.px_per_mm, LEAST_PX_PER_MM))
    fine = min(max(page.px_per_mm, LEAST_PX_PER_MM), MOST_PX_PER_MM)
    area = text_box(page)
    view = None if flat is None or flat.px_per_mm != coarse else flat.part(area)
    ink = ink_of_view(page.picture(area, px_per_mm=coarse) if view is None else view, coarse)
    settings: list[Setting] = []
    heights: list[float] = []
    gains: list[_Gains] = []
    words: list[_Word] = []
    closer = 0
    for line in _in_order(find_lines(ink, coarse), height=ink.all.shape[0]):
        middle = area.top + (line.top + line.bottom) / 2 / coarse
        known = any(one.read for one in gains) and any(one.quantity is Quantity.SPEED for one in settings)
        if known and min(abs(middle - height) for height in heights) > SAME_LINE_MM:
            continue
        said, stated, count, group = read_line(ink, line)
        if group is not None:
            words.append(_Word(line.left, middle, group))
        if len(said) < stated and closer < MOST_CLOSER and fine > coarse:
            closer += 1
            better = _read_closer(page, area, line, coarse, fine)
            kinds = {setting.quantity for setting in better}
            said = better + [setting for setting in said if setting.quantity not in kinds]
        heights += [middle] * bool(said)
        settings += [setting for setting in said if setting.quantity is not Quantity.GAIN]
        those = [setting for setting in said if setting.quantity is Quantity.GAIN]
        if those or count:
            gains.append(_Gains(line.left, middle, tuple(those), max(count, len(those))))
    return tuple(dict.fromkeys([*settings, *_of_groups(gains, words)]))


class _Word(NamedTuple):
    """The name of a group of leads that stands by itself."""

    left_px: int
    y_mm: float
    group: LeadGroup


class _Gains(NamedTuple):
    """The gains that were read in a line, how many it states, and where it stands: its left end and its height."""

    left_px: int
    y_mm: float
    read: tuple[Setting, ...]
    stated: int


def _of_groups(lines: Sequence[_Gains], words: Sequence[_Word]) -> list[Setting]:
    """All gains. Of two side by side, such as ``Limb: 10 mm/mV  Chest: 5 mm/mV``, whose words were not read the first
    is the limb leads', and one alone is nobody's where the other was not read, but for that of the word before it."""
    told: list[Setting] = []
    for line in lines:
        beside = sorted(other for other in lines if abs(other.y_mm - line.y_mm) <= SAME_HEIGHT_MM)
        read = list(dict.fromkeys(setting for other in beside for setting in other.read))
        plain = [setting.value for setting in read if setting.group is LeadGroup.ALL]
        if len(plain) == 2 and plain[0] == 2 * plain[1]:
            limb, chest = plain
            told += [Setting(Quantity.GAIN, limb, LeadGroup.LIMB), Setting(Quantity.GAIN, chest, LeadGroup.CHEST)]
            told += [setting for setting in line.read if setting.group is not LeadGroup.ALL]
        elif groups := sorted(word for word in words if abs(word.y_mm - line.y_mm) <= SAME_HEIGHT_MM):
            before = [word.group for word in groups if word.left_px < line.left_px]
            told += [setting for setting in line.read if setting.group is not LeadGroup.ALL]
            own = [setting.value for setting in line.read if setting.group is LeadGroup.ALL]
            told += [Setting(Quantity.GAIN, value, group) for value in own for group in before[-1:]]
        elif len(read) < min(2, sum(other.stated for other in beside)):
            told += [setting for setting in line.read if setting.group is not LeadGroup.ALL]
        else:
            told += line.read
    return told


def _read_closer(page: Page, area: Box, line: Line, coarse: float, fine: float) -> list[Setting]:
    near = Box(
        left=area.left + line.left / coarse - AROUND_MM[0],
        top=area.top + line.top / coarse - AROUND_MM[1],
        right=area.left + line.right / coarse + AROUND_MM[0],
        bottom=area.top + line.bottom / coarse + AROUND_MM[1],
    )
    return settings_in(page.picture(near, px_per_mm=fine), px_per_mm=fine)


def text_box(page: Page) -> Box:
    """Where text is looked for: what the photograph shows of the page, not far beyond its grid."""
    height, width = page.halves[0].shape[:2]
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    cells = cv2.perspectiveTransform(corners, page.photo_to_cells)
    seen = cv2.perspectiveTransform(cells, np.linalg.inv(page.page_to_cells))[0]
    low = np.maximum(seen.min(axis=0), np.array(page.box[:2]) - BEYOND_MM[:2])
    high = np.minimum(seen.max(axis=0), np.array(page.box[2:]) + BEYOND_MM[2:])
    return Box(*low.tolist(), *np.maximum(high, low + 1).tolist())


def _in_order(lines: Sequence[Line], *, height: int) -> list[Line]:
    """As many lines as there is time for, the likeliest first."""

    def unlikely(line: Line) -> float:
        length = float(np.log(_shape(line) / USUAL_SHAPE))
        return max(LONG * length, -length) + 1.0 - line.bottom / height

    kept, columns = [], 0.0
    for line in sorted(lines, key=unlikely):
        columns += LETTER_PX * _shape(line) + 2 * MARGIN_PX
        if columns > MOST_COLUMNS:
            break
        kept.append(line)
    return kept


def _shape(line: Line) -> float:
    return (line.right - line.left) / (line.bottom - line.top)
