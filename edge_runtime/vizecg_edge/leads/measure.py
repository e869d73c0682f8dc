"""Leads -> what a reader would measure: rate, regularity, PR, QRS, QT."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vizecg_edge.leads.atrial import LEAST_ALIKE, other_p_share, p_alike
from vizecg_edge.leads.averaged import MeanBeats, Windows, cut, mean_beats
from vizecg_edge.leads.beats import Run
from vizecg_edge.leads.electrodes import exchanged
from vizecg_edge.leads.false_beats import true_runs
from vizecg_edge.leads.intervals import Marks, marks_of
from vizecg_edge.leads.measured import Interval, Measured, not_measured
from vizecg_edge.leads.one_heart import apart
from vizecg_edge.leads.other_rhythm import NOT_ALIKE, other_rhythms
from vizecg_edge.leads.signals import Leads

IRREGULAR = 0.10
MOST_IRREGULAR, LARGEST_CV = 0.20, 0.10
"""A rhythm with more intervals off the median, or a larger coefficient of variation, is not regular."""
LEAST_P, MOST_OTHER_P = 0.9, 0.34
LEAST_PR_P = 0.6
"""PR is given where at least this share of beats has a P wave."""
SURELY_ALIKE = 0.8
"""Of the waves before the QRS, the median correlation in sinus rhythm. In 150 records with AF of PTB-XL's fold 9 it is
above 0.4 in 10 %, and in 400 without a finding below 0.66 in 10 %."""
USUAL_ALIKE, UNLIKE, MOST_UNLIKE = 0.85, 0.3, 0.2
"""Irregular beats are none where half of them are less like the usual one than the first, correlation of their QRS, and
a fifth less than the second. Of 680 records of PTB-XL and synthetic ones none is like that; printouts are whose steep
strokes are too pale to be followed, and at a wrong speed."""
LONGEST_QRS_MS, SHORTEST_PR_MS, LONGEST_PR_OF_RR = 190.0, 80.0, 0.45
"""Durations beyond, the last in intervals between beats, are not believed: the end of the QRS, or the P wave, was
looked for in a T wave. Of 336 PR intervals of records of PTB-XL and synthetic ones this left out 12 of the 35 that were
off by more than 40 ms, and 4 others; QRS of PTB-XL above 190 ms were all more than twice as long as they are."""
QRS_SD_MS, PR_SD_MS, QT_SD_MS = 10.0, 11.0, 18.0
"""Spread of the differences from known intervals, where both halves of the leads say the same."""
WITHIN = 1.64
"""Times this spread. It holds 82 % of drawn records, and 75 to 79 % of recorded ones against another's delineation."""
LARGEST_SPLIT_MS, LARGEST_QRS_SPLIT_MS = 50.0, 70.0
"""Halves of the leads that differ by more measured something else; some leads hardly show the end of a broad QRS."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A page's beats, cut out, the longest stretch of time first. ``plain``: all that was measured of them, with what
    no reader would believe: it tells that a page is printed at another speed, or that beats are too wide to have an
    end."""

    windows: tuple[Windows, ...]
    plain: Measured

    @cached_property
    def believed(self) -> Measured:
        """What can be told; what cannot is None, with a reason."""
        believed, other = _believed(self.plain), other_rhythms(self.plain, self.windows)
        if self.plain.regular is False:
            alike = np.concatenate([one.alike for one in self.windows])
            if np.median(alike) < USUAL_ALIKE and (alike < UNLIKE).mean() >= MOST_UNLIKE:
                believed = replace(not_measured(NOT_ALIKE.words), alike=believed.alike)
                other = (*(one for one in other if one != NOT_ALIKE), NOT_ALIKE)
        return replace(believed, other=other)


def examine(leads: Leads) -> Examined:
    """Find and measure the beats of a page. Nothing is raised."""
    windows = tuple(cut(run, leads.sampling_rate) for run in true_runs(leads))
    plain = _measured(windows)
    if windows:
        plain = replace(plain, alike=round(float(np.median(np.concatenate([one.alike for one in windows]))), 3))
    return Examined(windows=windows, plain=plain)


def measure(leads: Leads, *, timed: bool = True) -> Measured:
    """What can be measured on a page; what cannot is None, with a reason. Nothing is raised.

    Args:
        leads: of the page.
        timed: whether its speed is known; else nothing is told of leads that do not beat together.
    """
    examined = examine(leads)
    return replace(examined.believed, apart=apart([window.run for window in examined.windows], leads, timed=timed))


def measure_all(leads: Leads) -> Measured:
    """The same, with what no reader would believe."""
    return examine(leads).plain


def _measured(windows: tuple[Windows, ...]) -> Measured:
    if not windows:
        return not_measured("no beats are seen")
    runs = tuple(one.run for one in windows)
    told = _rhythm(runs)
    beats = mean_beats(windows)
    gap = _usual_gap(told, runs)
    marks = None if beats is None else _marked(beats, gap, windows)
    if beats is None or marks is None:
        none = Interval(reason="no QRS stands out from the noise")
        return replace(told, pr=none, qrs=none, qt=none, qtc=none)
    return replace(_with_intervals(told, windows, beats, marks, gap), exchanged=exchanged(beats, marks))


def marks_in(beats: MeanBeats, windows: tuple[Windows, ...]) -> Marks | None:
    """The bounds of the waves of mean beats of these windows; None where no QRS stands out."""
    runs = tuple(one.run for one in windows)
    return _marked(beats, _usual_gap(_rhythm(runs), runs), windows)


def _usual_gap(told: Measured, runs: tuple[Run, ...]) -> float:
    """Seconds from beat to beat; those of the longest run where it shows one beat."""
    return float(np.median(told.rr_s)) if told.rr_s else float(runs[0].end_s - runs[0].start_s)


def _believed(told: Measured) -> Measured:
    """Without durations that are none of a heart; without the end of its QRS a beat's P wave is none either."""
    pr, qrs = told.pr, told.qrs
    if qrs.ms is not None and qrs.ms > LONGEST_QRS_MS:
        qrs = Interval(reason=f"the end of the QRS is not told from the T wave ({qrs.ms:.0f} ms)")
        pr = Interval(reason=qrs.reason)
    elif pr.ms is not None and pr.ms < SHORTEST_PR_MS:
        pr = Interval(reason=f"the P wave is not told from the QRS ({pr.ms:.0f} ms)")
    elif pr.ms is not None and told.rate_bpm is not None and pr.ms > LONGEST_PR_OF_RR * 60_000 / told.rate_bpm:
        pr = Interval(reason=f"the P wave is not told from the T wave before it ({pr.ms:.0f} ms)")
    return replace(told, pr=pr, qrs=qrs, sinus=told.sinus if pr.ms == told.pr.ms else None)


def _marked(beats: MeanBeats, rr_s: float, windows: tuple[Windows, ...]) -> Marks | None:
    """The bounds of the waves; the P wave is the last bump before the QRS that is alike in all beats."""
    first = marks_of(beats, rr_s)
    if first is None or not first.p_others:
        return first
    best, most = first, -1.0
    for peak in (first.p_peak, *first.p_others[:2]):
        marks = first if peak == first.p_peak else marks_of(beats, rr_s, p_peak=peak)
        alike = _alike(windows, marks) if marks is not None else np.empty(0)
        usual = float(np.median(alike)) if len(alike) else -1.0
        if marks is not None and usual > most:
            best, most = marks, usual
        if most >= SURELY_ALIKE:
            break
    return best


def _alike(windows: tuple[Windows, ...], marks: Marks) -> np.ndarray:
    alike = np.concatenate([p_alike(window, marks) for window in windows])
    return np.asarray(alike[np.isfinite(alike)])


def _rhythm(runs: tuple[Run, ...]) -> Measured:
    """Rate and regularity: of the longest axis of time, or of all where they are equally short."""
    longest = runs[0].end_s - runs[0].start_s
    used = [run for run in runs if run.end_s - run.start_s > 0.9 * longest]
    rr = np.concatenate([run.rr_s for run in used])
    times = tuple(round(float(at), 4) for run in used for at in run.times_s)
    told = Measured(beats=len(times), beat_times_s=times, rr_s=tuple(round(float(one), 4) for one in rr))
    if len(rr) < 2:
        return replace(told, reason="fewer than two intervals between beats are seen")
    usual = float(np.median(rr))
    cv = float(rr.std() / rr.mean())
    irregular = float((np.abs(rr / usual - 1) > IRREGULAR).mean())
    return replace(
        told,
        rate_bpm=round(60 / usual, 1),
        rate_low_bpm=round(60 / float(rr.max()), 1),
        rate_high_bpm=round(60 / float(rr.min()), 1),
        rr_cv=round(cv, 4),
        irregular_share=round(irregular, 4),
        regular=None if len(rr) < 3 else irregular <= MOST_IRREGULAR and cv <= LARGEST_CV,
    )


def _with_intervals(
    told: Measured, windows: tuple[Windows, ...], beats: MeanBeats, marks: Marks, rr_s: float
) -> Measured:
    rows = np.arange(len(beats.leads))
    halves = [
        found
        for half in (rows[::2], rows[1::2])
        if len(half) and (found := marks_of(beats, rr_s, rows=half, p_peak=marks.p_peak))
    ]
    number, most = len(set(beats.leads)), int(beats.counts.max())

    def interval(name: str, sd_ms: float, reason: str, most_ms: float = LARGEST_SPLIT_MS) -> Interval:
        whole = getattr(marks, name)
        if whole is None:
            return Interval(reason=reason)
        parts = [value for half in halves if (value := getattr(half, name)) is not None]
        split = abs(parts[0] - parts[1]) if len(parts) == 2 else LARGEST_SPLIT_MS / 2
        if split > most_ms:
            return Interval(reason=f"the leads differ by {split:.0f} ms")
        uncertain = WITHIN * float(np.hypot(sd_ms, split / 2))
        return Interval(ms=round(whole, 1), uncertainty_ms=round(uncertain, 1), leads=number, beats=most)

    alike = _alike(windows, marks)
    seen_p = marks.p_on is not None and len(alike) >= 2
    p_share = round(float((alike >= LEAST_ALIKE).mean()), 3) if seen_p else None
    pr = interval("pr_ms", PR_SD_MS, "no P wave stands out before the QRS")
    if pr.ms is not None and (p_share is None or p_share < LEAST_PR_P):
        pr = Interval(reason="no P wave is seen at one distance before the QRS")
    qrs = interval("qrs_ms", QRS_SD_MS, "", LARGEST_QRS_SPLIT_MS)
    qt = interval("qt_ms", QT_SD_MS, "the end of T is not seen")
    qtc = qt
    if qt.ms is not None and qt.uncertainty_ms is not None:
        factor = rr_s ** (-1 / 3)
        qtc = replace(qt, ms=round(qt.ms * factor, 1), uncertainty_ms=round(qt.uncertainty_ms * factor, 1))
    sinus = _sinus(told, windows, beats, marks, pr, p_share, float(np.median(alike)) if len(alike) else 0.0)
    return replace(
        told, p_share=p_share, sinus=sinus, pr=pr, qrs=qrs, qt=qt, qtc=qtc, leads=tuple(dict.fromkeys(beats.leads))
    )


def _sinus(
    told: Measured,
    windows: tuple[Windows, ...],
    beats: MeanBeats,
    marks: Marks,
    pr: Interval,
    p_share: float | None,
    alike: float,
) -> bool | None:
    if told.regular is None or p_share is None:
        return None
    if pr.ms is None or not told.regular or marks.p_peak is None or told.rate_bpm is None:
        return False
    if p_share < LEAST_P or alike < SURELY_ALIKE:
        return False
    # The sinus node's wave runs down and to the left.
    on, peak = round(marks.qrs_on), marks.p_peak
    heights = beats.mv[:, peak] - 0.5 * (beats.mv[:, max(0, on - 4)] + beats.mv[:, max(0, round(marks.p_on or 0))])
    signs = [
        (1 if lead == "II" else -1) * float(height)
        for lead, height in zip(beats.leads, heights, strict=True)
        if lead in ("II", "aVR")
    ]
    if signs and np.mean(signs) <= 0:
        return False
    return other_p_share(windows[0], marks) <= MOST_OTHER_P
