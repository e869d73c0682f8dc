"""How far a long loop has come, in lines that a log can hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Say = Callable[[str], None]
T = TypeVar("T")
EVERY_S = 20.0


def paced(
    items: Sequence[T],
    *,
    what: str,
    say: Say,
    every_s: float = EVERY_S,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yield ``items``, and say every ``every_s`` seconds how many are done and how long the others will take.

    Hand over those alone that are still to be done: what is done in no time would spoil the reckoning.
    """
    began = told = clock()
    for done, item in enumerate(items):
        now = clock()
        if done and now - told >= every_s:
            told = now
            left = (now - began) / done * (len(items) - done)
            say(f"{what}: {done} of {len(items)}, about {duration(left)} left")
        yield item


def duration(seconds: float) -> str:
    """In words, as exact as a guess may be."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
