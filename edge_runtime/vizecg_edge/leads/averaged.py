"""The usual beat of a page: its beats laid on each other, one mean beat for each stretch of a lead."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.leads.beats import Run, gathered

FINE_HZ = 500.0
BEFORE_S, AFTER_S = 0.45, 0.65
"""Of the middle of the QRS, what a mean beat holds."""
ALIKE_S = 0.11
LEAST_ALIKE = 0.75
"""Correlation of a beat's QRS with the usual one, over all leads that show it; below, it is another kind of beat."""
EARLY = 0.85
"""A beat after less than this share of the usual interval came early: its P and T are not the usual ones."""
LEAST_SEEN = 0.95


@dataclass(frozen=True, kw_only=True)
class MeanBeats:
    """Mean beats at ``FINE_HZ``; sample 0 lies ``BEFORE_S`` before the middle of the QRS.

    Attributes:
        leads: the name of each row's lead.
        mv: float32 (rows, samples), 0 where nothing is known.
        known: bool (rows, samples).
        counts: int (rows,), how many beats are in each.
        columns: int (rows,), rows of one number were printed at the same time.
    """

    leads: tuple[str, ...]
    mv: np.ndarray
    known: np.ndarray
    counts: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Windows:
    """All beats of a run, cut out: float32 (traces, beats, samples) millivolts, NaN where a trace has none of it.

    Attributes:
        alike: float64 (beats,), correlation of each QRS with the usual one.
        usual: bool (beats,), those that make the mean beat.
    """

    run: Run
    mv: np.ndarray
    rate: float
    alike: np.ndarray
    usual: np.ndarray


def cut(run: Run, rate: float) -> Windows:
    """The beats of a run one by one, and which of them are of the usual kind and did not come early."""
    samples = round((run.end_s - run.start_s) * rate)
    mv = gathered(run.traces, run.start_s, samples)
    before, after = round(BEFORE_S * rate), round(AFTER_S * rate)
    padded = np.pad(mv, ((0, 0), (before, after + 1)), constant_values=np.nan)
    middles = np.clip(np.round((run.times_s - run.start_s) * rate).astype(int), 0, samples - 1)
    windows = padded[:, middles[:, None] + np.arange(before + after + 1)]
    alike = _alike(windows, rate)
    usual = alike >= LEAST_ALIKE
    gaps = np.diff(run.times_s)
    if len(gaps) > 2:
        usual_gap = float(np.median(gaps))
        on_time = np.concatenate([[True], gaps >= EARLY * usual_gap])
        if (usual & on_time).sum() >= max(2, usual.sum() // 2):
            usual = usual & on_time
    return Windows(run=run, mv=windows, rate=rate, alike=alike, usual=usual)


def _alike(windows: np.ndarray, rate: float) -> np.ndarray:
    """float64 (beats,): how alike each QRS is to the usual one, over traces weighted by the beats that they show."""
    middle, reach = round(BEFORE_S * rate), round(ALIKE_S * rate)
    qrs = windows[:, :, middle - reach : middle + reach + 1]
    whole = np.isfinite(qrs).all(axis=2)
    qrs = np.where(whole[:, :, None], qrs, 0.0)
    qrs = (qrs - qrs.mean(axis=2, keepdims=True)) * whole[:, :, None]
    shares = whole.astype(np.float64)
    score = np.ones(windows.shape[1])
    for _ in range(2):
        weight = shares * np.clip(score, 0.05, 1.0)[None] ** 4
        template = (weight[:, :, None] * qrs).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)[:, None]
        norms = np.linalg.norm(qrs, axis=2) * np.linalg.norm(template, axis=1)[:, None]
        correlations = np.einsum("tbs,ts->tb", qrs, template) / np.maximum(norms, 1e-9)
        trusted = shares * np.maximum(whole.sum(axis=1) - 1, 0)[:, None]
        total = trusted.sum(axis=0)
        score = np.where(total > 0, (trusted * correlations).sum(axis=0) / np.maximum(total, 1e-9), 1.0)
    return np.asarray(score)


def mean_beats(windows: tuple[Windows, ...]) -> MeanBeats | None:
    """The mean of the usual beats of every trace that shows one; None where there is none.

    Runs that do not share an axis of time are laid on each other by how fast their leads move.
    """
    rows, known, names, counts, columns = [], [], [], [], []
    for window in windows:
        if not window.usual.any():
            continue
        used = window.mv[:, window.usual]
        middle = round(BEFORE_S * window.rate)
        near = used[:, :, middle - round(0.1 * window.rate) : middle + round(0.1 * window.rate)]
        enough = np.isfinite(near).mean(axis=2) >= LEAST_SEEN
        finite = np.isfinite(used) & enough[:, :, None]
        number = finite.sum(axis=1)
        # Baselines differ from beat to beat: each beat's own level before the QRS is taken off.
        level = _level(used, window.rate)
        total = np.where(finite, used - level[:, :, None], 0.0).sum(axis=1)
        for trace, mean, seen, count in zip(
            window.run.traces, total / np.maximum(number, 1), number, enough.sum(axis=1), strict=True
        ):
            if not count:
                continue
            rows.append(mean)
            known.append(seen >= max(1, 0.5 * count))
            names.append(trace.lead)
            counts.append(int(count))
            columns.append(-1 if trace.strip else round(trace.start_s * 1000))
        rate = window.rate
    if not rows:
        return None
    samples = round((BEFORE_S + AFTER_S) * FINE_HZ) + 1
    mv = _finer(np.stack(rows).astype(np.float32), rate, samples)
    seen = _finer(np.stack(known).astype(np.float32), rate, samples) > 0.99
    return MeanBeats(
        leads=tuple(names),
        mv=np.where(seen, mv, 0.0).astype(np.float32),
        known=seen,
        counts=np.array(counts),
        columns=np.unique(columns, return_inverse=True)[1],
    )


def _level(beats: np.ndarray, rate: float) -> np.ndarray:
    """(traces, beats): the level of each beat, of the hundred milliseconds around the middle of its QRS the median."""
    middle, reach = round(BEFORE_S * rate), round(0.25 * rate)
    near = beats[:, :, middle - reach : middle + reach + 1]
    finite = np.isfinite(near)
    return np.asarray(np.where(finite, near, 0.0).sum(axis=2) / np.maximum(finite.sum(axis=2), 1))


def _finer(rows: np.ndarray, rate: float, samples: int) -> np.ndarray:
    """float32 (rows, n) at ``rate`` -> (rows, samples) at ``FINE_HZ``, cubic; the first samples coincide."""
    where = np.arange(samples, dtype=np.float32) * np.float32(rate / FINE_HZ)
    across = np.repeat(where[None], len(rows), axis=0)
    down = np.repeat(np.arange(len(rows), dtype=np.float32)[:, None], samples, axis=1)
    return np.asarray(cv2.remap(rows, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
