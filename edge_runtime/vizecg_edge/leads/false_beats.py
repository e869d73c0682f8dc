"""Beats that are none: letters, the ends of traces and T waves that move as fast as a QRS, where the others tell so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vizecg_edge.leads.beats import Run, find_runs, gathered, run_of, slopes
from vizecg_edge.leads.signals import Leads

REGULAR_CV, REGULAR_OFF = 0.05, 0.10
"""Strips whose intervals vary no more, none of them further off the median, are right where the page's vary more:
chance does not make beats regular."""
LEAST_INTERVALS = 5
SHORT = 0.8
"""Of the usual interval, where a beat is looked at again."""
AT_USUAL_DISTANCE = 0.15
"""By so much the interval between a beat's neighbours may be off the usual one, if it is to stand between two."""
CUT_S = 0.15
"""So near to an end of the traces a QRS may be cut, and what is left of a pulse or of a rule moves as fast as one."""
QRS_HALF_S = 0.06
LEAST_SLOPE = 0.5
"""Of the usual beats' slopes, what T waves do not reach and extra beats do. On 38 photographs and 54 printouts."""


def true_runs(leads: Leads) -> tuple[Run, ...]:
    """The beats of every stretch of time, the longest first, without those that are none."""
    runs = tuple(_by_strips(run, leads.sampling_rate) for run in find_runs(leads))
    intervals = np.concatenate([run.rr_s for run in runs]) if runs else np.empty(0)
    if len(intervals) < 3:
        return runs
    usual = float(np.median(intervals))
    return tuple(_without(run, leads.sampling_rate, usual) for run in runs)


def _by_strips(run: Run, rate: float) -> Run:
    """With the beats of the strips alone, where these are regular and all leads together are not."""
    strips = tuple(trace for trace in run.traces if trace.strip)
    if not strips or len(strips) == len(run.traces) or _regular(run.rr_s):
        return run
    alone = run_of(strips, rate)
    if alone is None or len(alone.rr_s) < LEAST_INTERVALS or not _regular(alone.rr_s) or not len(run.rr_s):
        return run
    if abs(float(np.median(alone.rr_s)) / float(np.median(run.rr_s)) - 1) > REGULAR_OFF:
        return run
    return replace(run, times_s=alone.times_s, seen=alone.seen)


def _regular(intervals: np.ndarray) -> bool:
    if not len(intervals):
        return False
    off = np.abs(intervals / np.median(intervals) - 1)
    return bool(intervals.std() <= REGULAR_CV * intervals.mean() and off.max() <= REGULAR_OFF)


def _without(run: Run, rate: float, usual: float) -> Run:
    """Without what is cut by an end, or stands between two beats, and comes too early to be a beat there."""
    while len(run.times_s) > 2 and (at := _false(run, rate, usual)) is not None:
        seen = list(run.seen)
        if 0 < at < len(seen):
            seen[at - 1 : at + 1] = [bool(seen[at - 1] and seen[at])]
        else:
            del seen[min(at, len(seen) - 1)]
        run = replace(run, times_s=np.delete(run.times_s, at), seen=np.array(seen, bool))
    return run


def _false(run: Run, rate: float, usual: float) -> int | None:
    """The number of a beat that is none."""
    times = run.times_s
    gaps = np.diff(times)
    if gaps[0] < SHORT * usual and times[0] - run.start_s < CUT_S:
        return 0
    if gaps[-1] < SHORT * usual and run.end_s - times[-1] < CUT_S:
        return len(times) - 1
    between = np.flatnonzero(
        (np.minimum(gaps[:-1], gaps[1:]) < SHORT * usual)
        & (np.abs((gaps[:-1] + gaps[1:]) / usual - 1) <= AT_USUAL_DISTANCE)
    )
    if not len(between):
        return None
    other = _steepness(run, rate) < LEAST_SLOPE
    doubted = between[other[between + 1]]
    return int(doubted[0]) + 1 if len(doubted) else None


def _steepness(run: Run, rate: float) -> np.ndarray:
    """float64 (beats,): how steep the leads are in each beat, of what they are in the others."""
    mv = gathered(run.traces, run.start_s, round((run.end_s - run.start_s) * rate))
    size = np.abs(slopes(mv, rate))
    reach = round(QRS_HALF_S * rate)
    middles = np.clip(np.round((run.times_s - run.start_s) * rate).astype(int), reach, size.shape[1] - reach - 1)
    most = size[:, middles[:, None] + np.arange(-reach, reach + 1)].max(axis=2)
    most[~np.isfinite(mv)[:, middles]] = np.nan
    told = np.ones(len(middles))
    for number in range(len(middles)):
        others = np.delete(most, number, axis=1)
        rows = np.isfinite(most[:, number]) & (np.isfinite(others).sum(axis=1) > 1)
        if rows.any():
            usual = np.maximum(np.nanmedian(others[rows], axis=1), 1e-6)
            told[number] = float(np.median(most[rows, number] / usual))
    return told
