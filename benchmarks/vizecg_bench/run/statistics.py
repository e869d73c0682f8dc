"""Percentiles of timed runs. Intervals are over turns: what disturbs one run disturbs its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg_bench.run.schema import Interval, Latency

BOOTSTRAPS = 500
_PERCENTILES = (50, 90, 99)

Turns = Sequence[Sequence[float]]
"""Milliseconds of the timed runs of each turn; every turn has as many."""


def latency_figures(turns: Turns, *, span_s: float, cpu_s: float | None = None, seed: int = 0) -> Latency:
    """Percentiles with 95 % bootstrap intervals.

    Args:
        turns: milliseconds, (turns, runs).
        span_s: from the first timed run to the last.
        cpu_s: processor time of all timed runs.
        seed: of the resampling.

    Raises:
        ValueError: no run, turns of different length, or a time that is not finite and positive.
    """
    times = _checked(turns)
    samples = np.percentile(_resampled(times, seed), _PERCENTILES, axis=1)
    p50, p90, p99 = (
        _interval(float(value), sample)
        for value, sample in zip(np.percentile(times, _PERCENTILES), samples, strict=True)
    )
    busy_s = float(times.sum()) / 1000
    return Latency(
        runs=times.size,
        span_s=round(span_s, 3),
        busy_s=round(busy_s, 3),
        p50=p50,
        p90=p90,
        p99=p99,
        cpu_over_wall=None if cpu_s is None else round(cpu_s / busy_s, 3),
        quantiles=tuple(round(float(value), 4) for value in np.percentile(times, range(101))),
    )


def ratio_of_medians(turns: Turns, others: Turns, *, seed: int = 0) -> Interval:
    """Median of ``turns`` over that of ``others``, of the same run: turn i of both lie side by side in time, and
    resamples take both or neither.

    Raises:
        ValueError: as ``latency_figures``, or not as many turns.
    """
    own, other = _checked(turns), _checked(others)
    if len(own) != len(other):
        raise ValueError(f"{len(own)} turns beside {len(other)}")
    # The same seed draws the same turns for both.
    sample = np.median(_resampled(own, seed), axis=1) / np.median(_resampled(other, seed), axis=1)
    return _interval(float(np.median(own) / np.median(other)), sample)


def _checked(turns: Turns) -> np.ndarray:
    times = np.array([list(turn) for turn in turns], dtype=np.float64)
    if times.ndim != 2 or not times.size or not (np.isfinite(times).all() and (times > 0).all()):
        raise ValueError(f"expected turns of as many positive times each, got shape {times.shape}")
    return times


def _resampled(times: np.ndarray, seed: int) -> np.ndarray:
    """(turns, runs) -> (BOOTSTRAPS, turns * runs)."""
    index = np.random.default_rng(seed).integers(0, len(times), (BOOTSTRAPS, len(times)))
    return times[index].reshape(BOOTSTRAPS, -1)


def _interval(value: float, samples: np.ndarray) -> Interval:
    low, high = np.percentile(samples, [2.5, 97.5])
    return Interval(value=round(value, 4), low=round(float(low), 4), high=round(float(high), 4))
