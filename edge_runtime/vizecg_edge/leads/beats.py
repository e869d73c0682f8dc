"""Where the beats of a page are: the moments at which many leads move fast together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from vizecg_edge.leads.signals import Leads, LeadTrace, Timing

SLOPE_S = 0.010
"""Standard deviation of the smoothed slope: its band is 5 to 30 Hz, of the QRS and hardly of T."""
QRS_S = 0.080
MIDDLE_S = 0.090
REFRACTORY_S = 0.22
VERY_NEAR_S, NEAR_S = 0.30, 0.40
"""A smaller deflection so near to a beat is its T or P wave; very near, also one that is hardly smaller."""
LEAST_SHARE, LEAST_SEARCHED = 0.36, 0.20
"""Of the usual beat's height, what counts as a beat; and as one where an interval is strangely long."""
LONG_AFTER, LEAST_PAIRS, PAIRS_SHARE, LOWER = 1.6, 3, 0.5, 0.8
LONG_INTERVAL = 1.6
LEAST_CREST = 3.2
"""Peak slope of a lead over its median; less is noise. Of white noise it is 2.6."""
LEAST_PEAK = 0.3
"""Of the usual peak slope of a page's leads, what is a QRS in each."""
LONGEST_GAP_S = 0.04
"""Gaps up to here are bridged."""
SEAM_S = 0.02
"""Where an end of a trace is not surely seen, neither is so much beside it: the foot of a rule may have been taken."""
LEAST_TOGETHER = 0.6
"""Columns go on in time if they move as fast as the strip does at the same time: correlation of both activities."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The beats on one axis of time, which all of its traces share.

    Attributes:
        traces: the stretches of leads.
        times_s: float64 (beats,), the middle of each QRS on the page's axis of time.
        seen: bool (beats - 1,): whether some lead shows the whole interval after each beat.
        start_s, end_s: of what is printed.
    """

    traces: tuple[LeadTrace, ...]
    times_s: np.ndarray
    seen: np.ndarray
    start_s: float
    end_s: float

    @property
    def rr_s(self) -> np.ndarray:
        """float64 (intervals,): those that are wholly seen."""
        return np.diff(self.times_s)[self.seen]


def find_runs(leads: Leads) -> tuple[Run, ...]:
    """The beats of every stretch of time, the longest stretch first.

    Where columns go on in time, or all begin together, there is one; where that is not known, and the strips do not
    tell, each column and the strips together have their own.
    """
    groups: dict[object, list[LeadTrace]] = {}
    apart = leads.timing is Timing.UNKNOWN and not _go_on(leads)
    for trace in leads.traces:
        if apart:
            groups.setdefault("strips" if trace.strip else round(trace.start_s, 3), []).append(trace)
        else:
            groups.setdefault("page", []).append(trace)
    runs = [run for group in groups.values() if (run := run_of(tuple(group), leads.sampling_rate)) is not None]
    return tuple(sorted(runs, key=lambda run: run.start_s - run.end_s))


def _go_on(leads: Leads) -> bool:
    """Whether strips show the beats of the columns as if these went on in time."""
    strips = tuple(trace for trace in leads.traces if trace.strip)
    columns = tuple(trace for trace in leads.traces if not trace.strip)
    if not strips or not columns:
        return False
    start, end = min(trace.start_s for trace in leads.traces), max(trace.end_s for trace in leads.traces)
    samples = round((end - start) * leads.sampling_rate)
    if samples < leads.sampling_rate:
        return False
    both = []
    for traces in (strips, columns):
        mv = gathered(traces, start, samples)
        both.append(activity(slopes(mv, leads.sampling_rate), np.isfinite(mv), leads.sampling_rate))
    if min(float(height.std()) for height in both) <= 0:
        return False
    return float(np.corrcoef(both)[0, 1]) >= LEAST_TOGETHER


def gathered(traces: tuple[LeadTrace, ...], start_s: float, samples: int) -> np.ndarray:
    """Millivolts float32 (traces, samples) on one axis of time from ``start_s`` on, NaN where a trace is not.

    Each lies on the nearest sample, ends that are not surely seen are level, and gaps of at most ``LONGEST_GAP_S`` are
    bridged.
    """
    found = np.full((len(traces), samples), np.nan, np.float32)
    for row, trace in zip(found, traces, strict=True):
        first = round((trace.start_s - start_s) * trace.sampling_rate)
        mv = _sure(trace)[max(0, -first) : samples - first]
        row[max(0, first) : max(0, first) + len(mv)] = mv
        known = np.flatnonzero(np.isfinite(row))
        if len(known) < 2 or len(known) == known[-1] - known[0] + 1:
            continue
        gaps = np.flatnonzero(np.diff(known) > 1)
        for left, right in zip(known[gaps], known[gaps + 1], strict=True):
            if right - left <= LONGEST_GAP_S * trace.sampling_rate + 1:
                row[left : right + 1] = np.linspace(row[left], row[right], right - left + 1)
    return found


def _sure(trace: LeadTrace) -> np.ndarray:
    """Millivolts (n,), level where an end of the trace was bridged, and beside it."""
    sure = np.flatnonzero(trace.confidence >= 1)
    count, seam = len(trace.mv), round(SEAM_S * trace.sampling_rate)
    if not len(sure) or (sure[0] == 0 and sure[-1] == count - 1):
        return trace.mv
    mv = trace.mv.copy()
    first, last = min(sure[0] + seam, sure[-1]), max(sure[-1] - seam, sure[0])
    if sure[0] > 0:
        mv[:first] = np.where(np.isfinite(mv[:first]), mv[first], np.nan)
    if sure[-1] < count - 1:
        mv[last + 1 :] = np.where(np.isfinite(mv[last + 1 :]), mv[last], np.nan)
    return mv


def slopes(mv: np.ndarray, rate: float, *, sd_s: float = SLOPE_S) -> np.ndarray:
    """Smoothed slopes float32 (traces, samples), mV/s, of millivolts with NaN; 0 where nothing is known."""
    radius = max(1, round(3 * sd_s * rate))
    at = np.arange(-radius, radius + 1) / rate
    kernel = at * np.exp(-0.5 * (at / sd_s) ** 2)
    kernel /= (kernel * at).sum()
    known = np.isfinite(mv)
    # Beside a gap the trace goes on level: a step would be the fastest thing on the page.
    level = np.where(known, mv, 0.0).astype(np.float32)
    if not known.all():
        last = np.maximum.accumulate(np.where(known, np.arange(mv.shape[1]), -1), axis=1)
        last = np.where(last < 0, known.argmax(axis=1)[:, None], last)
        level = np.take_along_axis(level, last, axis=1)
    found = cv2.filter2D(level, cv2.CV_32F, kernel[None].astype(np.float32), borderType=cv2.BORDER_REPLICATE)
    if not known.all():
        inner = cv2.erode(known.astype(np.uint8), np.ones((1, 2 * (radius // 2) + 1), np.uint8)).astype(bool)
        return np.where(inner, found, 0.0).astype(np.float32)
    return np.asarray(found)


def run_of(traces: tuple[LeadTrace, ...], rate: float) -> Run | None:
    """The beats of traces that share an axis of time; None where there are none, or less than a second."""
    start = min(trace.start_s for trace in traces)
    end = max(trace.end_s for trace in traces)
    samples = round((end - start) * rate)
    if samples < rate:
        return None
    mv = gathered(traces, start, samples)
    slope, known = slopes(mv, rate), np.isfinite(mv)
    height = activity(slope, known, rate)
    peaks = find_peaks(height, rate)
    if not len(peaks):
        return None
    seen = known.any(axis=0)
    whole = [bool(seen[first:last].mean() > 0.97) for first, last in pairwise(peaks)]
    times = _aligned(slope, known, _middles(peaks, height, rate), rate) / rate + start
    return Run(traces=traces, times_s=times, seen=np.array(whole, bool), start_s=start, end_s=end)


def activity(slope: np.ndarray, known: np.ndarray, rate: float) -> np.ndarray:
    """How fast the leads move together, float64 (samples,); 1 is about a usual QRS. From slopes (traces, samples)."""
    size = np.abs(slope)
    crests = [_crest(row[seen], rate) for row, seen in zip(size, known, strict=True)]
    # A column may hold no QRS: its T waves are held against those of the others.
    least = LEAST_PEAK * float(np.median([peak for peak, _ in crests if peak] or [0.0]))
    scales = [max(peak, least, 1e-6) for peak, _ in crests]
    weights = [min(8.0, max(0.02, peak / usual - LEAST_CREST)) if peak else 0.0 for peak, usual in crests]
    weight = np.array(weights)[:, None] * known
    total = (weight * size / np.array(scales)[:, None]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-6)
    width = round(QRS_S * rate)
    window = np.hanning(width + 2)[1:-1]
    return np.convolve(total, window / window.sum(), "same")


def _crest(size: np.ndarray, rate: float) -> tuple[float, float]:
    """Of the slopes of one lead: how fast it is in a QRS and as a rule; 0 where too little is seen."""
    own = np.sort(size)
    if len(own) < 0.5 * rate:
        return 0.0, 1.0
    # The fastest 3 % belong to the QRS, even of one beat in 2.5 s.
    return float(own[-max(3, len(own) * 3 // 100) :].mean()), max(float(own[len(own) // 2]), 1e-6)


def find_peaks(height: np.ndarray, rate: float) -> np.ndarray:
    """The beats in an activity (samples,): int (beats,)."""
    apart = round(REFRACTORY_S * rate)
    rising = np.flatnonzero((height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:])) + 1
    candidates: list[int] = []
    free = np.ones(len(height), bool)
    for at in rising[np.argsort(-height[rising], kind="stable")]:
        if free[at]:
            candidates.append(int(at))
            free[max(0, at - apart + 1) : at + apart] = False
    if not candidates:
        return np.empty(0, int)
    highest = height[candidates[: max(1, round(len(height) / rate / 1.4))]]
    usual = float(np.median(highest))
    chosen = sorted(at for at in candidates if height[at] >= LEAST_SHARE * usual)
    kept = _without_steep_t(_without_others(chosen, height, rate), height, rate)
    return np.array(_with_missed(kept, candidates, height, usual), int)


def _without_others(chosen: list[int], height: np.ndarray, rate: float) -> list[int]:
    """Without the T waves after beats and the P waves before them."""
    kept: list[int] = []
    for at in chosen:
        while kept and height[kept[-1]] < _least(at - kept[-1], rate) * height[at]:
            kept.pop()
        if not kept or height[at] >= _least(at - kept[-1], rate) * height[kept[-1]]:
            kept.append(at)
    return kept


def _without_steep_t(kept: list[int], height: np.ndarray, rate: float) -> list[int]:
    """Without T or P waves that are as steep as the QRS complexes beside them: time after time a short interval is
    followed by a long one. Extra beats hardly ever come so early, and not so regularly."""
    gaps = np.diff(kept) / rate
    short = np.flatnonzero((gaps[:-1] <= NEAR_S) & (gaps[1:] >= LONG_AFTER * gaps[:-1]))
    if len(short) < LEAST_PAIRS or len(short) < PAIRS_SHARE * len(gaps) / 2:
        return kept
    peaks = np.array(kept)
    before, after = float(np.median(height[peaks[short]])), float(np.median(height[peaks[short + 1]]))
    # Where neither is clearly lower, it is the T wave.
    waves = set((short if before < LOWER * after else short + 1).tolist())
    return [peak for index, peak in enumerate(kept) if index not in waves]


def _least(apart: int, rate: float) -> float:
    """Of a beat's height, what another deflection so near to it must have to be a beat itself."""
    return 0.8 if apart < VERY_NEAR_S * rate else 0.55 if apart < NEAR_S * rate else 0.0


def _with_missed(kept: list[int], candidates: list[int], height: np.ndarray, usual: float) -> list[int]:
    """Low beats are looked for where an interval is strangely long."""
    if len(kept) < 3:
        return kept
    typical = float(np.median(np.diff(kept)))
    found = list(kept)
    for first, last in pairwise(kept):
        if last - first < LONG_INTERVAL * typical:
            continue
        room = 0.6 * typical
        inside = [
            at for at in candidates
            if first + room < at < last - room and height[at] >= LEAST_SEARCHED * usual
        ]  # fmt: skip
        if inside:
            found.append(max(inside, key=lambda at: float(height[at])))
    return sorted(found)


def _middles(peaks: np.ndarray, height: np.ndarray, rate: float) -> np.ndarray:
    """The middle of each QRS, float64 (beats,): a broad one has two tops, either of which may be the higher."""
    reach = round(MIDDLE_S * rate)
    padded = np.pad(height, reach)
    around = padded[peaks[:, None] + np.arange(2 * reach + 1)]
    around = np.maximum(around - 0.3 * around.max(axis=1, keepdims=True), 0.0)
    return np.asarray(peaks + (around * np.arange(-reach, reach + 1)).sum(axis=1) / around.sum(axis=1))


def _aligned(slope: np.ndarray, known: np.ndarray, middles: np.ndarray, rate: float) -> np.ndarray:
    """Beats (beats,) to a fraction of a sample: each is laid on the usual one, in the leads that show all of them."""
    reach, around = round(0.04 * rate), round(0.08 * rate)
    times, places = middles.copy(), np.round(middles).astype(int)
    margin = around + 2 * reach
    inside = np.flatnonzero((places >= margin) & (places < slope.shape[1] - margin))
    rows = slope[known.mean(axis=1) > 0.9]
    if not len(rows) or len(inside) < 3:
        return times
    rows = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-6)
    span, lags = np.arange(-around, around + 1), np.arange(-reach, reach + 1)
    # (beats, lags, rows * samples)
    moved = rows[:, places[inside, None, None] + lags[:, None] + span].transpose(1, 2, 0, 3)
    moved = moved.reshape(len(inside), len(lags), -1)
    template = np.median(moved[:, reach], axis=0)
    for _ in range(2):
        scores = moved @ template
        best = np.argmax(scores, axis=1)
        template = np.median(moved[np.arange(len(inside)), best], axis=0)
    for index, score, at in zip(inside, scores, best, strict=True):
        shift = float(at)
        if 0 < at < len(lags) - 1:
            left, middle, right = score[at - 1 : at + 2]
            bend = left - 2 * middle + right
            shift += float(0.5 * (left - right) / bend) if bend < 0 else 0.0
            times[index] = places[index] + shift - reach
    return times
