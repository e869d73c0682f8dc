"""Ratios of figures with intervals, and limits as people write them."""

from __future__ import annotations

import math
import re

from vizecg.spec import UsageError
from vizecg_bench.run.schema import Interval

_SHARE = re.compile(r"(?P<number>[0-9]+(\.[0-9]*)?|\.[0-9]+)\s*(?P<percent>%?)")
_ROUNDING = 1e-9


def ratio(upper: Interval, lower: Interval, *, minus: float = 0.0) -> Interval | None:
    """``upper / lower - minus`` of two figures measured apart, with its interval.

    The ends are those of the difference of logarithms (MOVER: Zou and Donner, 2008), which takes intervals as they are,
    also lopsided ones. A figure without an interval gives a ratio without one. None where there is no ratio.
    """
    if upper.value is None or lower.value is None or upper.value <= 0 or lower.value <= 0:
        return None
    value = upper.value / lower.value
    ends = (upper.low, upper.high, lower.low, lower.high)
    if any(end is None or end <= 0 for end in ends):
        return Interval(value=value - minus)
    up_low, up_high, down_low, down_high = (math.log(end) for end in ends if end is not None)
    up, down = math.log(upper.value), math.log(lower.value)
    below = math.hypot(up - up_low, down_high - down)
    above = math.hypot(up_high - up, down - down_low)
    return Interval(value=value - minus, low=value * math.exp(-below) - minus, high=value * math.exp(above) - minus)


def within(change: float, limit: float) -> bool:
    """A change of just the limit is within it, whatever binary fractions make of it."""
    return change <= limit + _ROUNDING


def parse_share(text: str, *, option: str) -> float:
    """``5%``, ``5 %`` and ``0.05`` are 0.05.

    Raises:
        UsageError: anything else. ``5`` is refused: 5 % is meant, and 500 % would be read.
    """
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{option} is a share such as 5% or 0.05, not {text!r}")
    value = float(found["number"])
    if found["percent"]:
        return value / 100
    if value >= 1:
        raise UsageError(f"{option} {text} would be {100 * value:g} %: write {value:g}% or {value / 100:g}")
    return value
