"""What a line of letters says about paper speed and gain: strict, since a wrong reading is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from vizecg_edge.printed.net import Letter

SPEEDS_MM_S = (12.5, 25.0, 50.0, 100.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
"""Settings of electrocardiographs. No other is believed: a misread digit seldom makes one of these of another."""
LEAST_SURE = 0.5
"""Least probability of a letter of the number or the unit: a 0 may well be taken for an O."""
MOST_DIGITS = 0.04
"""Greatest probability that a digit is another one, relative to its own."""

# The number stands by itself: a decimal comma is one of the punctuation marks, a faint point looks like a space.
_SETTING = re.compile(r"(?<![^ :])(?<!\d[ :])(?P<number>\d{1,3}(?:\.\d)?) ?mm/(?P<unit>sec|s|mV)(?![^ :])")


class Setting(NamedTuple):
    """A number read beside its unit; ``speed``: mm/s, otherwise mm/mV."""

    speed: bool
    value: float


def settings_of(letters: Sequence[Letter]) -> list[Setting]:
    """The settings that a line states for certain."""
    text = "".join(letter.letter for letter in letters)
    settings = []
    for match in _SETTING.finditer(text):
        setting = Setting(match["unit"] != "mV", float(match["number"]))
        known = SPEEDS_MM_S if setting.speed else GAINS_MM_MV
        if setting.value in known and _certain(letters[match.start() : match.end()], len(match["number"])):
            settings.append(setting)
    return settings


def _certain(letters: Sequence[Letter], digits: int) -> bool:
    known = all(letter.sure >= LEAST_SURE for letter in letters if letter.letter != " ")
    return known and all(letter.digits <= MOST_DIGITS * letter.sure for letter in letters[:digits])
