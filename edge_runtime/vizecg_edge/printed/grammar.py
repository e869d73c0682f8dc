"""What a line of letters says about speed, gain and heart rate: strict, since a wrong reading is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from vizecg_edge.printed.net import Letter

SPEEDS_MM_S = (12.5, 25.0, 50.0, 100.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
"""Settings of electrocardiographs. No other is believed: a misread digit seldom makes one of these of another."""
RATES_BPM = (20, 350)
LEAST_SURE, LEAST_SURE_UNIT = 0.5, 0.3
"""Least probability of a letter of the number, which may well be an O for a 0, and of the unit after it."""
MOST_DIGITS = 0.04
"""Greatest probability that a digit is another one, relative to its own."""


class Quantity(str, Enum):
    """What a line states: ``speed`` in mm/s, ``gain`` in mm/mV, the heart ``rate`` per minute."""

    SPEED = "speed"
    GAIN = "gain"
    RATE = "rate"


class LeadGroup(str, Enum):
    """The leads that a gain is stated for."""

    ALL = "all"
    LIMB = "limb"
    CHEST = "chest"


class Setting(NamedTuple):
    """A number read beside its unit."""

    quantity: Quantity
    value: float
    group: LeadGroup = LeadGroup.ALL


class _Stated(NamedTuple):
    """A setting, the letters that state it, and which of them are its digits."""

    setting: Setting
    letters: tuple[int, int]
    digits: tuple[tuple[int, int], ...]


# Numbers stand by themselves. Punctuation other than point and comma reads as a colon, a faint point as a space.
_ALONE, _END = r"(?<![^ :,])", r"(?![^ :,.])"
_REST = re.compile(r"\d[ :,]$")
"""Before a number of one digit: it may be the end of another one, whose point is not seen."""
_NUMBER = r"(?:\d{1,3}(?:[.,]\d{1,2})?|[.,]\d{1,2})"
# A grid line through a 5 makes a b of it, and a 2 is much like a z. At the beginning a b may be any round digit.
_DIGITS = r"(?:[\dz][\dbz]{0,2}(?:[.,][\dbz]{1,2})?|[.,]\d{1,2})"
# Lines of the grid make an n of an m, and add strokes; no other unit looks like that.
_SPEED_UNIT, _GAIN_UNIT = r"[*r]?[mnM]{2}/s(?:ec)?", r"c[mnM]/mV|[*r]?[mnM]{2}/\*?[mnM]V"
_SETTING = re.compile(rf"{_ALONE}(?P<number>{_DIGITS}) ?(?P<unit>{_SPEED_UNIT}|{_GAIN_UNIT}){_END}")
_CLEAR = str.maketrans("bz", "52")
_PAIR = re.compile(rf"{_ALONE}(?<!\d[ :,])(?P<limb>{_NUMBER})/(?P<chest>{_NUMBER}) ?mm/mV{_END}")
_WORDS = re.compile(
    rf"(?P<first>[^\d ]{{4}})[ :]+(?P<limb>{_NUMBER})[ :,]+(?P<then>[^\d ]{{5}})[ :]+(?P<chest>{_NUMBER})"
    rf"(?: ?mm/mV)?{_END}"
)
_TIMES = re.compile(rf"(?<![^ :,])x(?P<number>1/[24]|{_NUMBER}){_END}")
_RATE = re.compile(rf"{_ALONE}(?<!\d[ :,])(?P<number>\d{{2,3}}) ?(?:[bB]p[mM]|/min){_END}")
_NAMED_RATE = re.compile(r"(?:H[RF]|[rRV*][a*]t[e*])[.:]? ?:? ?(?P<number>\d{2,3})(?=$| )")
_GROUPS = {LeadGroup.LIMB: "limb", LeadGroup.CHEST: "chest"}
_WORD = re.compile(r"([^\d :,./]{3,})[ :]*$")

_TIMES_MM_MV = {"1/4": 2.5, "1/2": 5.0, ".5": 5.0, "0.5": 5.0, "1": 10.0, "1.0": 10.0, "2": 20.0, "2.0": 20.0}
"""Gains as multiples of 10 mm/mV. They stand in the line that states the speed."""


def settings_of(letters: Sequence[Letter]) -> list[Setting]:
    """The settings that a line states for certain."""
    text = "".join(letter.letter for letter in letters)
    found = [*_plain(text), *_pairs(text), *_words(text), *_rates(text)]
    known = {stated.setting.quantity for stated in found}
    if Quantity.SPEED in known and Quantity.GAIN not in known:
        found += _multiples(text)
    return [stated.setting for stated in found if _certain(letters, stated)]


def states_anything(text: str) -> int:
    """How many settings a line seems to state, sure or not."""
    return max(len(re.findall("[mnM]/", text)), len(_words(text)), len(_rates(text)))


def names_group(text: str) -> LeadGroup | None:
    """The group of leads that a line ends with the name of, such as ``Chest:``."""
    group = _group_before(text)
    return None if group is LeadGroup.ALL else group


def states_gains(text: str) -> int:
    """How many gains in mm/mV a line seems to state, sure or not."""
    return len(re.findall(r"/\*?[mnM]V", text))


def _plain(text: str) -> list[_Stated]:
    found = []
    for match in _SETTING.finditer(text):
        speed = "/s" in match["unit"]
        number = match["number"].translate(_CLEAR)
        if _rest(text, match) or not re.search(r"[\d.,]", match["number"]):
            continue
        value = _value(number) * (10.0 if match["unit"].startswith("c") else 1.0)
        if value not in (SPEEDS_MM_S if speed else GAINS_MM_MV):
            continue
        group = LeadGroup.ALL if speed else _group_before(text[: match.start()])
        if group is not None:
            setting = Setting(Quantity.SPEED if speed else Quantity.GAIN, value, group)
            found.append(_Stated(setting, match.span(), (match.span("number"),)))
    return found


def _pairs(text: str) -> list[_Stated]:
    """``10/5 mm/mV``."""
    return [stated for match in _PAIR.finditer(text) for stated in _both(match)]


def _words(text: str) -> list[_Stated]:
    """``Limb 10 Chest 5``, without units."""
    return [
        stated
        for match in _WORDS.finditer(text)
        if _like(match["first"], "limb") <= 1 and _like(match["then"], "chest") <= 1
        for stated in _both(match)
    ]


def _both(match: re.Match[str]) -> list[_Stated]:
    values = {group: _value(match[group.value]) for group in (LeadGroup.LIMB, LeadGroup.CHEST)}
    if any(value not in GAINS_MM_MV for value in values.values()):
        return []
    digits = tuple(match.span(group.value) for group in values)
    start = match.start("limb")
    return [
        _Stated(Setting(Quantity.GAIN, value, group), (start, match.end()), digits) for group, value in values.items()
    ]


def _multiples(text: str) -> list[_Stated]:
    """``x1``, ``x1/2``."""
    found = []
    for match in _TIMES.finditer(text):
        value = _TIMES_MM_MV.get(match["number"].replace(",", "."))
        if value is not None:
            found.append(_Stated(Setting(Quantity.GAIN, value), match.span(), (match.span("number"),)))
    return found


def _rates(text: str) -> list[_Stated]:
    matches = [match for pattern in (_RATE, _NAMED_RATE) for match in pattern.finditer(text)]
    return [
        _Stated(Setting(Quantity.RATE, float(match["number"])), match.span("number"), (match.span("number"),))
        for match in matches
        if RATES_BPM[0] <= int(match["number"]) <= RATES_BPM[1]
    ]


def _rest(text: str, match: re.Match[str]) -> bool:
    """Whether a number may be no more than the end of one."""
    alone = re.match(r"\d\d", match["number"]) is None
    return alone and _REST.search(text[: match.start()]) is not None


def _value(number: str) -> float:
    """Of ``05`` and the like, from which a point was lost, nothing that is any setting."""
    return 0.0 if re.match(r"0\d", number) else float(number.replace(",", "."))


def _group_before(text: str) -> LeadGroup | None:
    """The leads that the word before a gain names; None where it might."""
    match = _WORD.search(text)
    if match is None:
        return LeadGroup.ALL
    word = match[1]
    unlike = {group: min(_like(word, name), _edits(word, name)) for group, name in _GROUPS.items()}
    for group, count in unlike.items():
        if count <= 1:
            return group
    return None if any(count <= len(_GROUPS[group]) // 2 for group, count in unlike.items()) else LeadGroup.ALL


def _edits(word: str, name: str) -> int:
    """How many letters of a word, as it was read, were lost, added or taken for others; many for unlike lengths."""
    if abs(len(word) - len(name)) > 1 or word.count("*") > len(name) // 2:
        return len(name)
    before = list(range(len(name) + 1))
    for row, read in enumerate(word.lower(), start=1):
        now = [row]
        for column, letter in enumerate(name, start=1):
            now.append(min(before[column - 1] + (read not in ("*", letter)), before[column] + 1, now[-1] + 1))
        before = now
    return before[-1]


def _like(word: str, name: str) -> int:
    """In how many letters a word, as it was read, is another than a name; ``*`` may be any letter, but not all."""
    if len(word) != len(name) or word.count("*") > len(name) // 2:
        return len(name)
    return sum(read not in ("*", letter) for read, letter in zip(word.lower(), name, strict=True))


def _certain(letters: Sequence[Letter], stated: _Stated) -> bool:
    first, last = stated.letters
    number = max((end for _, end in stated.digits), default=last)
    known = all(
        letter.sure >= (LEAST_SURE if first + k < number else LEAST_SURE_UNIT)
        for k, letter in enumerate(letters[first:last])
        if letter.letter != " "
    )
    digits = [letter for span in stated.digits for letter in letters[slice(*span)]]
    return known and all(letter.digits <= MOST_DIGITS * letter.sure for letter in digits if letter.letter.isdigit())
