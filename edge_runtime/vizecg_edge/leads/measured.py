"""What a reader would measure on a page: what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vizecg.spec.electrodes import Exchange

QTC_FORMULA = "Fridericia"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A duration in milliseconds; ``ms`` is None where it cannot be measured, and ``reason`` then says why.

    ``uncertainty_ms``: four of five lie within it. ``leads``, ``beats``: how many it was measured in.
    """

    ms: float | None = None
    uncertainty_ms: float | None = None
    leads: int = 0
    beats: int = 0
    reason: str = ""

    def __str__(self) -> str:
        return "not measured" if self.ms is None else f"{self.ms:.0f} +-{self.uncertainty_ms or 0:.0f} ms"


class Sign(str, Enum):
    """What tells of a rhythm that is none of the usual ones."""

    SPIKES = "pacing_spikes"
    WIDE = "wide_without_p"
    FAST = "fast_regular"
    SHORT_PR = "short_pr_wide_qrs"
    ALTERNATING = "alternating"
    SLOW = "slow_without_p"
    UNLIKE = "beats_unlike"


@dataclass(frozen=True, kw_only=True)
class OtherRhythm:
    """A sign of another rhythm, and what was measured of it in a few ``words``."""

    sign: Sign
    words: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rate, rhythm and intervals of a page.

    Attributes:
        rate_bpm: beats a minute, of the median interval between beats; None where fewer than two intervals are seen.
        rate_low_bpm, rate_high_bpm: of the longest and of the shortest interval.
        beats: how many were found.
        beat_times_s: the middle of each QRS, from the beginning of the page.
        rr_s: the intervals between beats that are wholly seen.
        rr_cv: their coefficient of variation.
        irregular_share: of the intervals, those more than a tenth off the median.
        regular: whether ``irregular_share`` and ``rr_cv`` are small; None where fewer than three intervals are seen.
        p_share: of the beats, those with a P wave before them, alike and at one distance; None where not measured.
        sinus: whether everything is as in sinus rhythm: regular, one P wave before every QRS and no others, upright
            in II or downright in aVR; None where that cannot be said.
        pr, qrs, qt, qtc: the intervals; ``qtc`` is by ``QTC_FORMULA``.
        leads: those that it was measured in.
        reason: why there is no rate; empty where there is one.
        apart: what of the page is not of the same heart as the rest, in words; empty where nothing is told.
        exchanged: which electrodes, or parts of the page, seem to be.
        alike: how alike the QRS are from beat to beat, the median correlation with the usual one; None without beats.
        other: what tells of a rhythm that is none of the usual ones: paced, a ventricle's own, bigeminy ...
    """

    rate_bpm: float | None = None
    rate_low_bpm: float | None = None
    rate_high_bpm: float | None = None
    beats: int = 0
    beat_times_s: tuple[float, ...] = ()
    rr_s: tuple[float, ...] = ()
    rr_cv: float | None = None
    irregular_share: float | None = None
    regular: bool | None = None
    p_share: float | None = None
    sinus: bool | None = None
    pr: Interval = Interval()
    qrs: Interval = Interval()
    qt: Interval = Interval()
    qtc: Interval = Interval()
    leads: tuple[str, ...] = ()
    reason: str = ""
    apart: str = ""
    exchanged: Exchange | None = None
    alike: float | None = None
    other: tuple[OtherRhythm, ...] = ()

    @property
    def text(self) -> str:
        """In one line, for people: ``rate 62 (58-66) a minute, regular; PR 160 +-10 ms, ... (measured)``."""
        if self.rate_bpm is None:
            rate = f"rate not measured: {self.reason}"
        else:
            rhythm = {True: ", regular", False: ", irregular", None: ""}[self.regular]
            rate = f"rate {self.rate_bpm:.0f} ({self.rate_low_bpm:.0f}-{self.rate_high_bpm:.0f}) a minute{rhythm}"
        told = [f"{name} {one}" for name, one in (("PR", self.pr), ("QRS", self.qrs), ("QT", self.qt)) if one.ms]
        return f"{rate}; {', '.join(told)} (measured)" if told else f"{rate} (measured)"


def not_measured(reason: str) -> Measured:
    """Nothing, for one reason."""
    none = Interval(reason=reason)
    return Measured(reason=reason, pr=none, qrs=none, qt=none, qtc=none)
