"""Paper speed and gain as the sheet itself states them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vizecg_edge.printed.grammar import (
    LeadGroup,
    Quantity,
    Setting,
    names_group,
    settings_of,
    states_anything,
    states_gains,
)
from vizecg_edge.printed.ink import Ink, ink_of_view
from vizecg_edge.printed.lines import LETTER_PX, MARGIN_PX, Box, find_lines, strip_of
from vizecg_edge.printed.net import letters_of, probabilities

PX_PER_MM_RANGE = (2.0, 40.0)
READINGS = ((False, 1.0), (False, 0.9), (True, 1.0), (True, 0.9))
"""A line is read as it was found or wider, at these scales, until two readings agree on all that it says."""
WHOLE = 10.0
"""Smaller numbers may be the end of one (2.5, 25): they count when a wider reading shows nothing before them."""
MOST_COLUMNS = 1600
"""Width of all the pictures of text that are read in one view: bounds the time."""
USUAL_SHAPE = 8.0
"""Width by height of a line that states a setting."""
MORE = (1.8, 1.2)
"""Read to the left and right of what was found, in heights of the letters: grid lines may have hidden some there."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """Paper speed and gain as printed on the sheet; None where nothing was read with certainty.

    ``mixed``: two speeds or two gains were read that differ, such as limb leads at 10 and chest leads at 5 mm/mV; that
    setting is None.
    """

    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None
    mixed: bool = False


def read_printed(view: np.ndarray, *, px_per_mm: float) -> Printed:
    """Read the settings in a picture of a stretch of flattened, upright paper.

    Args:
        view: uint8 grey (h, w) or RGB (h, w, 3).
        px_per_mm: its scale.

    Raises:
        ValueError: the view or the scale is none.
    """
    return _agreed(settings_in(view, px_per_mm=px_per_mm))


def settings_in(view: np.ndarray, *, px_per_mm: float) -> list[Setting]:
    """All settings that a view states for certain; see ``read_printed``."""
    if view.dtype != np.uint8 or view.ndim not in (2, 3) or (view.ndim == 3 and view.shape[2] != 3) or not view.size:
        raise ValueError(f"expected a uint8 (h, w) or (h, w, 3) view, got {view.dtype} {view.shape}")
    if not PX_PER_MM_RANGE[0] <= px_per_mm <= PX_PER_MM_RANGE[1]:
        raise ValueError(f"expected {PX_PER_MM_RANGE[0]:g} to {PX_PER_MM_RANGE[1]:g} px/mm, got {px_per_mm:g}")
    if min(view.shape[:2]) < 8:
        return []
    ink = ink_of_view(view, px_per_mm)
    return _read(ink, _likely(find_lines(ink, px_per_mm)))


def _likely(boxes: list[Box]) -> list[Box]:
    """As many lines as there is time for, those first that are as long as settings are."""
    kept, columns = [], 0.0
    for box in sorted(boxes, key=lambda box: abs(np.log(_shape(box) / USUAL_SHAPE))):
        columns += LETTER_PX * _shape(box) + 2 * MARGIN_PX
        if columns > MOST_COLUMNS:
            break
        kept.append(box)
    return kept


def _shape(box: Box) -> float:
    return (box.right - box.left) / (box.bottom - box.top)


def _read(ink: Ink, boxes: list[Box]) -> list[Setting]:
    return [setting for box in boxes for setting in read_line(ink, box).settings]


class Reading(NamedTuple):
    """What was read in a line for certain, from the left, how many settings, and gains among them, it seems to state,
    and the group of leads that a line without any names."""

    settings: list[Setting]
    stated: int
    gains: int
    group: LeadGroup | None = None


def read_line(ink: Ink, box: Box) -> Reading:
    """The settings that two readings of a line agree on; none of a kind of which a third one says another."""
    tall = box.bottom - box.top
    wider = box._replace(left=box.left - round(MORE[0] * tall), right=box.right + round(MORE[1] * tall))
    counts: Counter[Setting] = Counter()
    certain: list[Setting] = []
    whole: set[Setting] = set()
    stated = gains = 0
    for number, (more, scale) in enumerate(READINGS):
        letters = letters_of(probabilities(strip_of(ink, wider if more else box, scale=scale)))
        said = list(dict.fromkeys(settings_of(letters)))
        if number == 0:
            text = "".join(letter.letter for letter in letters)
            stated, gains = max(states_anything(text), len(said)), states_gains(text)
        if not stated:
            return Reading([], 0, gains, names_group(text))
        counts.update(said)
        whole |= {setting for setting in said if more or setting.value >= WHOLE}
        certain = [setting for setting, count in counts.items() if count >= 2 and setting in whole]
        if len(certain) >= stated:
            break
    rivals = [setting.quantity for setting in counts if setting not in certain]
    return Reading([setting for setting in certain if setting.quantity not in rivals], stated, gains)


def _agreed(settings: list[Setting]) -> Printed:
    """What all settings of a kind say."""
    speeds, gains = (
        {setting.value for setting in settings if setting.quantity is quantity}
        for quantity in (Quantity.SPEED, Quantity.GAIN)
    )
    mixed = len(speeds) > 1 or len(gains) > 1
    return Printed(
        speed_mm_s=speeds.pop() if len(speeds) == 1 else None,
        gain_mm_mv=gains.pop() if len(gains) == 1 else None,
        mixed=mixed,
    )
