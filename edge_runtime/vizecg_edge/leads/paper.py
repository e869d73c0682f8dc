"""The rhythm in millimetres of paper, before the paper speed is known; and what a speed would make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vizecg.spec import PAPER_SPEED_MM_S
from vizecg_edge.leads.averaged import cut, mean_beats
from vizecg_edge.leads.beats import find_runs
from vizecg_edge.leads.intervals import marks_of
from vizecg_edge.leads.signals import Leads

SPEEDS_MM_S = (12.5, 25.0, 50.0, 100.0)
LIVING_BPM = (25.0, 220.0)
LIVING_QRS_MS = (50.0, 230.0)
"""Of 100 records of PTB-XL, half of them with a diagnosis of the six, all lie inside, with room for what is rarer."""


@dataclass(frozen=True, kw_only=True)
class SpeedTried:
    """What the traces would be at a paper speed; None where it cannot be measured.

    Attributes:
        speed_mm_s: the speed.
        beats: how many are found.
        rate_bpm, qrs_ms: at this speed.
        beat_mm, qrs_mm: the same on the paper.
        likely: whether a heart can beat like this: rate and QRS are within ``LIVING_BPM`` and ``LIVING_QRS_MS``.
            True also where nothing was measured, which excludes nothing.
    """

    speed_mm_s: float
    beats: int = 0
    rate_bpm: float | None = None
    qrs_ms: float | None = None
    beat_mm: float | None = None
    qrs_mm: float | None = None
    likely: bool = True


def at_speed(leads: Leads, speed_mm_s: float, *, read_at_mm_s: float = PAPER_SPEED_MM_S) -> Leads:
    """The same traces on the time axis of another paper speed.

    Args:
        leads: as they were read.
        speed_mm_s: the speed that they may have.
        read_at_mm_s: the speed at which their seconds were reckoned.
    """
    faster = speed_mm_s / read_at_mm_s
    traces = tuple(
        replace(trace, start_s=trace.start_s / faster, sampling_rate=trace.sampling_rate * faster)
        for trace in leads.traces
    )
    return replace(leads, traces=traces, sampling_rate=leads.sampling_rate * faster)


def try_speed(leads: Leads, speed_mm_s: float, *, read_at_mm_s: float = PAPER_SPEED_MM_S) -> SpeedTried:
    """Rate and QRS of the traces if they were printed at ``speed_mm_s``; arguments as of ``at_speed``."""
    moved = at_speed(leads, speed_mm_s, read_at_mm_s=read_at_mm_s)
    runs = find_runs(moved)
    intervals = np.concatenate([run.rr_s for run in runs]) if runs else np.empty(0)
    count = sum(len(run.times_s) for run in runs)
    if not len(intervals):
        return SpeedTried(speed_mm_s=speed_mm_s, beats=count)
    rr_s = float(np.median(intervals))
    beats = mean_beats(tuple(cut(run, moved.sampling_rate) for run in runs))
    marks = None if beats is None else marks_of(beats, rr_s)
    qrs_ms = None if marks is None else marks.qrs_ms
    rate = 60 / rr_s
    likely = LIVING_BPM[0] <= rate <= LIVING_BPM[1] and (
        qrs_ms is None or LIVING_QRS_MS[0] <= qrs_ms <= LIVING_QRS_MS[1]
    )
    return SpeedTried(
        speed_mm_s=speed_mm_s,
        beats=count,
        rate_bpm=rate,
        qrs_ms=qrs_ms,
        beat_mm=rr_s * speed_mm_s,
        qrs_mm=None if qrs_ms is None else qrs_ms * speed_mm_s / 1000,
        likely=likely,
    )


def try_speeds(
    leads: Leads, *, read_at_mm_s: float = PAPER_SPEED_MM_S, speeds_mm_s: tuple[float, ...] = SPEEDS_MM_S
) -> tuple[SpeedTried, ...]:
    """``try_speed`` of each."""
    return tuple(try_speed(leads, speed, read_at_mm_s=read_at_mm_s) for speed in speeds_mm_s)
