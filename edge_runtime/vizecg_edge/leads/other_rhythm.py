"""Rhythms that are none of those a network was taught: what tells of them on a page, from its beats as measured."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.leads.averaged import BEFORE_S, Windows
from vizecg_edge.leads.measured import Measured, OtherRhythm, Sign

STROKE_S, AROUND_S = 0.015, 0.035
"""A pacing spike has fallen back within the first on both sides; how far all moves is reckoned within the second."""
LEAST_STROKE_MV, LEAST_SHARP = 0.1, 0.6
"""A stroke is one where it falls back by so much, and by this share of all that moves around it. Of R waves of 330
records of PTB-XL a third does so as a rule, and 0.6 in hardly any."""
LEAST_TOGETHER, TOGETHER_SHARE = 2, 0.3
"""Leads that show a stroke at one time, and their share of those that are printed there."""
EARLIEST_S, LATEST_S, PAST_T = 0.30, 0.03, 0.15
"""A spike stands between the first and the second before the middle of the QRS, and no nearer than the third to the
beat before."""
BROAD_QRS_MS, LATEST_IN_BROAD_S = 120.0, -0.02
"""Of beats that are so broad no wave is thin: what is, is a spike in their middle, too, where it stands if it is what
moves fastest. Of 100 such records without a pacemaker none has such strokes."""
SAME_PLACE_S = 0.012
LEAST_SPIKED, LEAST_BEATS = 0.6, 4
"""Share of beats that have a stroke at one distance before their QRS."""
WIDE_MS, MOST_P = 150.0, 0.5
"""Regular beats that are so wide, or whose end is not told from T, and half of which have no P wave before them, are a
ventricle's own or paced."""
WIDEST_MS, WIDE_BPM = 190.0, 110.0
"""Beats that are wider, or have no end, are so at this rate whatever looks like a P wave: it is the T wave's end."""
ENDLESS_MS = 210.0
"""Still wider ones are so at any rate. Of PTB-XL's fold 9 all that measure 200 ms and more are paced; the widest of
bundle branch blocks 198."""
SLOW_BPM, SLOW_P = 50.0, 0.6
"""Slower regular beats, as many of which have a P wave at most, are none of a sinus node."""
LEAST_ALIKE = 0.65
"""Beats that are less alike, by the median, have nothing in common: the ventricles fibrillate, or there are none."""
FAST_BPM, MOST_UNEVEN = 135.0, 0.15
"""Faster beats are hardly those of a sinus node, if they are regular, or no more are off the usual interval than the
second, as where one was missed; those of fibrillation are more uneven."""
SHORT_PR_MS, BROAD_MS, MOST_UNCERTAIN_MS = 115.0, 140.0, 50.0
"""Beats that are so broad, so soon after their P wave, come by another way than the AV node; where both are certain."""
LEAST_ALTERNATING, STEP, LEAST_INTERVALS = 0.7, 0.15, 5
"""Share of the intervals between two that are both longer, or both shorter, by so much of the usual one. These limits
and those above were chosen on 1,328 records of PTB-XL's folds 1 to 8: of 1,000 without paced beats, flutter, other
tachycardia, bigeminy, complete or second-degree block and pre-excitation they warn of 9."""

NOT_ALIKE = OtherRhythm(sign=Sign.UNLIKE, words="what moves fast is not alike, from beat to beat")


def other_rhythms(measured: Measured, windows: tuple[Windows, ...]) -> tuple[OtherRhythm, ...]:
    """Every sign of another rhythm, the surest first.

    Args:
        measured: of the page, with what no reader would believe: beats that are too wide to have an end are wide.
        windows: its beats, the longest stretch first.
    """
    found = []
    broad = measured.qrs.ms is not None and measured.qrs.ms >= BROAD_QRS_MS
    spiked = spiked_share(windows[0], measured.rate_bpm, broad=broad) if windows else 0.0
    if spiked >= LEAST_SPIKED:
        found.append(OtherRhythm(sign=Sign.SPIKES, words=f"pacing spikes before {spiked:.0%} of the beats"))
    rate, qrs, pr = measured.rate_bpm, measured.qrs.ms, measured.pr.ms
    if rate is not None and measured.regular:
        p_share = measured.p_share or 0.0
        if (qrs is None or qrs >= WIDE_MS) and p_share <= MOST_P:
            told = "" if qrs is None else f" of {qrs:.0f} ms"
            found.append(OtherRhythm(sign=Sign.WIDE, words=f"wide beats{told} without P waves"))
        elif qrs is not None and qrs >= ENDLESS_MS:
            found.append(OtherRhythm(sign=Sign.WIDE, words=f"wide beats of {qrs:.0f} ms"))
        elif (qrs is None or qrs >= WIDEST_MS) and rate >= WIDE_BPM:
            found.append(OtherRhythm(sign=Sign.WIDE, words=f"wide beats, {rate:.0f} a minute"))
        if rate < SLOW_BPM and p_share <= SLOW_P:
            found.append(OtherRhythm(sign=Sign.SLOW, words=f"{rate:.0f} beats a minute without P waves before them"))
    uneven = measured.irregular_share
    even = measured.regular or (uneven is not None and uneven <= MOST_UNEVEN)
    if rate is not None and rate >= FAST_BPM and even:
        found.append(OtherRhythm(sign=Sign.FAST, words=f"{rate:.0f} regular beats a minute"))
    certain = all((one.uncertainty_ms or 0.0) <= MOST_UNCERTAIN_MS for one in (measured.pr, measured.qrs))
    if pr is not None and pr < SHORT_PR_MS and qrs is not None and qrs >= BROAD_MS and certain:
        found.append(OtherRhythm(sign=Sign.SHORT_PR, words=f"PR of {pr:.0f} ms before wide beats of {qrs:.0f} ms"))
    if _alternating(measured.rr_s) >= LEAST_ALTERNATING:
        found.append(OtherRhythm(sign=Sign.ALTERNATING, words="intervals short and long by turns"))
    if measured.alike is not None and measured.alike < LEAST_ALIKE:
        found.append(NOT_ALIKE)
    return tuple(found)


def spiked_share(windows: Windows, rate_bpm: float | None, *, broad: bool = False) -> float:
    """Share of the beats of a stretch that have a stroke before their QRS, thin and at one distance, in several leads.

    Args:
        windows: the beats.
        rate_bpm: of the page.
        broad: whether its QRS are.
    """
    _, beats, samples = windows.mv.shape
    if beats < LEAST_BEATS:
        return 0.0
    earliest = EARLIEST_S if rate_bpm is None else min(EARLIEST_S, 60 / rate_bpm - PAST_T)
    first, last = (
        round((BEFORE_S - before) * windows.rate) for before in (earliest, LATEST_IN_BROAD_S if broad else LATEST_S)
    )
    if first >= last:
        return 0.0
    strokes = _strokes(windows.mv.reshape(-1, samples), windows.rate).reshape(windows.mv.shape)
    # A stroke of one lead may be seen a sample beside that of another.
    near = cv2.dilate(strokes.reshape(-1, samples).astype(np.uint8), np.ones((1, 3), np.uint8))
    together = near.reshape(windows.mv.shape).sum(axis=0)
    shown = np.isfinite(windows.mv).sum(axis=0)
    hits = (together >= np.maximum(LEAST_TOGETHER, TOGETHER_SHARE * shown)).astype(np.uint8)
    wide = 2 * max(1, round(SAME_PLACE_S * windows.rate)) + 1
    around = cv2.dilate(hits, np.ones((1, wide), np.uint8))[:, first:last]
    return float(around.mean(axis=0).max())


def _strokes(mv: np.ndarray, rate: float) -> np.ndarray:
    """bool (rows, samples): the middles of strokes that come back, up or down, faster than any wave of a heart."""
    narrow, around = max(1, round(STROKE_S * rate)), round(AROUND_S * rate)
    padded = np.pad(mv, ((0, 0), (narrow, narrow)), constant_values=np.nan)
    with np.errstate(invalid="ignore"):
        beside = padded[:, : -2 * narrow], padded[:, 2 * narrow :]
        back = np.maximum(mv - np.maximum(*beside), np.minimum(*beside) - mv)
    level = np.nan_to_num(mv).astype(np.float32)
    window = np.ones((1, 2 * around + 1), np.uint8)
    moved = cv2.dilate(level, window) - cv2.erode(level, window)
    return np.nan_to_num(back) >= np.maximum(LEAST_STROKE_MV, LEAST_SHARP * moved)


def _alternating(rr_s: tuple[float, ...]) -> float:
    """Share of the intervals between two others that are both longer, or both shorter, by ``STEP`` of the usual one."""
    if len(rr_s) < LEAST_INTERVALS:
        return 0.0
    steps = np.diff(np.array(rr_s)) / float(np.median(rr_s))
    turns = steps[:-1] * steps[1:] < 0
    return float((turns & (np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])) > STEP)).mean())
