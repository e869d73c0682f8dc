"""The sharpest still frames of a stream, and what to tell the person who holds the camera."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vizecg_edge.capture.frames import Frame, Frames
from vizecg_edge.capture.guidance import Hint, HintLimits, Watcher
from vizecg_edge.capture.interrupt import Interrupt

APART_S = 0.1
"""Frames closer than this show the same: only the better one is kept."""
SETTLED_S = 1.0
"""A camera is watched for this long after the burst is full of good frames: the hand may become steadier."""
HINT_EVERY_S = 0.4
_RANK = {Hint.FOUND: 4, Hint.GLARE: 3, Hint.TOO_FAR: 2, Hint.MOVING: 1, Hint.NO_SHEET: 1, Hint.TOO_DARK: 0}


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """A frame worth trying."""

    frame: Frame
    hint: Hint
    sharpness: float

    @property
    def rank(self) -> tuple[int, float]:
        return _RANK[self.hint], self.sharpness


@dataclass(frozen=True, kw_only=True)
class Burst:
    """``frames``, the best first; ``seen``: how many frames were looked at; ``ended``: whether the source ran out."""

    frames: tuple[Kept, ...]
    seen: int
    ended: bool


def collect(
    source: Frames,
    *,
    size: int,
    seconds: float,
    interrupt: Interrupt,
    say: Callable[[str], None],
    limits: HintLimits | None = None,
) -> Burst:
    """Look at every frame of a source and keep the best ones.

    Args:
        source: closed by the caller.
        size: how many frames to keep.
        seconds: how much of the source to look at. A live source is left earlier when enough good frames are kept.
        interrupt: ends the search.
        say: gets a few words a second at most, for a live source only.
        limits: where hints begin.

    Raises:
        InputRefusedError: the source does not open.
    """
    limits, watcher, guide = limits or HintLimits(), Watcher(), Guide(say=say if source.live else lambda text: None)
    kept: list[Kept] = []
    seen = 0
    full_since: float | None = None
    ended = True
    for frame in source:
        if interrupt.asked or frame.time_s > seconds:
            ended = False
            break
        seen += 1
        glance = watcher.glance(frame.image)
        hint = glance.hint(limits)
        guide.show(hint)
        keep(kept, Kept(frame=frame, hint=hint, sharpness=glance.sharpness), size)
        if source.live and len(kept) == size and all(one.hint is Hint.FOUND for one in kept):
            full_since = frame.time_s if full_since is None else full_since
            if frame.time_s - full_since >= SETTLED_S:
                ended = False
                break
    kept.sort(key=lambda one: one.rank, reverse=True)
    return Burst(frames=tuple(kept), seen=seen, ended=ended and not interrupt.asked)


def keep(kept: list[Kept], new: Kept, size: int) -> None:
    """Take ``new`` into ``kept`` if it is among the ``size`` best, and better than what was seen at the same time."""
    near = [one for one in kept if abs(one.frame.time_s - new.frame.time_s) < APART_S]
    if any(one.rank >= new.rank for one in near):
        return
    for one in near:
        kept.remove(one)
    kept.append(new)
    if len(kept) > size:
        kept.remove(min(kept, key=lambda one: one.rank))


class Guide:
    """Says what changed, at most every ``HINT_EVERY_S`` seconds."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._say = say
        self._last: Hint | None = None
        self._at = float("-inf")

    def show(self, hint: Hint) -> None:
        now = time.monotonic()
        if hint is not self._last and now - self._at >= HINT_EVERY_S:
            self._say(hint.value)
            self._last, self._at = hint, now
