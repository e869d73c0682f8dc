"""Whether a P wave lies before every QRS, always at the same distance, and whether there are others."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.leads.averaged import BEFORE_S, FINE_HZ, Windows
from vizecg_edge.leads.beats import gathered
from vizecg_edge.leads.intervals import Marks

SMOOTH_S = 0.010
SHOWN_BESIDE_S = 0.020
LEAST_ALIKE = 0.5
"""Correlation of what lies before a QRS with the mean of the other beats: at least this, and it is a P wave."""
ANOTHER_ALIKE, ANOTHER_SIZE = 0.75, (0.5, 2.0)
"""A wave elsewhere of such correlation with the P wave, and of such size, is another P wave."""


def p_alike(windows: Windows, marks: Marks) -> np.ndarray:
    """float64 (beats,): how alike what lies before each QRS is to the mean of the other beats; NaN where not seen.

    All leads that show the beat are taken together.
    """
    parts = _before_qrs(windows, marks)
    if parts is None:
        return np.full(windows.mv.shape[1], np.nan)
    whole = np.isfinite(parts).all(axis=2)
    parts = np.where(whole[:, :, None], parts, 0.0)
    usual = (whole & windows.usual[None]).astype(np.float64)
    total = (parts * usual[:, :, None]).sum(axis=1)
    others = total[:, None] - parts * usual[:, :, None]
    number = usual.sum(axis=1)[:, None] - usual
    mean = others / np.maximum(number, 1)[:, :, None] * (whole & (number > 0))[:, :, None]
    shown = parts * (number > 0)[:, :, None]
    both = (mean * shown).sum(axis=(0, 2))
    norm = np.sqrt((mean * mean).sum(axis=(0, 2)) * (shown * shown).sum(axis=(0, 2)))
    return np.where(norm > 1e-9, both / np.maximum(norm, 1e-9), np.nan)


def other_p_share(windows: Windows, marks: Marks) -> float:
    """Of the intervals between beats that have room, the share with a further P wave (block, or two to one)."""
    parts = _before_qrs(windows, marks)
    if parts is None or marks.p_on is None:
        return 0.0
    run, rate = windows.run, windows.rate
    whole = np.isfinite(parts).all(axis=2) & windows.usual[None]
    template = np.where(whole[:, :, None], parts, 0.0).sum(axis=1) / np.maximum(whole.sum(axis=1), 1)[:, None]
    used = whole.any(axis=1)
    if not used.any():
        return 0.0
    mv = gathered(run.traces, run.start_s, round((run.end_s - run.start_s) * rate))[used]
    alike, size = _matches(_smooth(mv, rate), template[used].astype(np.float32))
    early = (marks.qrs_on - marks.p_on) / FINE_HZ + 0.12
    late = (marks.t_off or marks.qrs_off + 0.25 * FINE_HZ) / FINE_HZ - BEFORE_S + 0.06
    seen = found = 0
    for first, last in zip(run.times_s[:-1], run.times_s[1:], strict=True):
        begin, end = (round((at - run.start_s) * rate) for at in (first + late, last - early))
        if end - begin < 0.12 * rate:
            continue
        seen += 1
        fits = (alike[begin:end] > ANOTHER_ALIKE) & (size[begin:end] > ANOTHER_SIZE[0])
        found += bool((fits & (size[begin:end] < ANOTHER_SIZE[1])).any())
    return found / seen if seen else 0.0


def _before_qrs(windows: Windows, marks: Marks) -> np.ndarray | None:
    """(traces, beats, samples) of the P wave, smoothed, without its slope."""
    if marks.p_on is None or marks.p_peak is None:
        return None
    rate = windows.rate
    last = min(marks.qrs_on - 0.008 * FINE_HZ, marks.p_peak + 0.08 * FINE_HZ) * rate / FINE_HZ
    first = round((marks.p_on / FINE_HZ - SHOWN_BESIDE_S) * rate)
    if round(last) - max(0, first) < 6:
        return None
    part = _smooth(windows.mv, rate)[:, :, max(0, first) : round(last)]
    return _level(part)


def _smooth(mv: np.ndarray, rate: float) -> np.ndarray:
    sd = SMOOTH_S * rate
    rows = mv.reshape(-1, mv.shape[-1]).astype(np.float32)
    # NaN spreads over the reach of the filter, which is what is wanted: those samples are not known.
    reach = max(1, round(2 * sd))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2).astype(np.float32)
    blurred = cv2.filter2D(rows, cv2.CV_32F, (kernel / kernel.sum())[None], borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred).reshape(mv.shape)


def _level(part: np.ndarray) -> np.ndarray:
    """Without the line through each row's mean."""
    at = np.linspace(-1, 1, part.shape[-1])
    centred = part - part.mean(axis=-1, keepdims=True)
    slope = (centred * at).sum(axis=-1, keepdims=True) / (at * at).sum()
    return np.asarray(centred - slope * at)


def _matches(mv: np.ndarray, template: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At each sample, all rows together: correlation with the template that is laid on it, and its size there."""
    length = template.shape[1]
    known = np.isfinite(mv)
    rows = np.where(known, mv, 0.0).astype(np.float32)
    ramp = np.linspace(-1, 1, length).astype(np.float32)
    ones = np.ones(length, np.float32)
    seen = _laid(known.astype(np.float32), ones) > length - 0.5
    # What is left of a stretch without its mean and slope: the template has neither.
    own = _laid(rows * rows, ones) - _laid(rows, ones) ** 2 / length - _laid(rows, ramp) ** 2 / float(ramp @ ramp)
    both = np.concatenate([_laid(row[None], one) for row, one in zip(rows, template, strict=True)])
    of_template = ((template * template).sum(axis=1)[:, None] * seen).sum(axis=0)
    fits, energy = (both * seen).sum(axis=0), (own * seen).sum(axis=0)
    return fits / np.sqrt(np.maximum(energy * of_template, 1e-12)), fits / np.maximum(of_template, 1e-12)


def _laid(rows: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.filter2D(rows, cv2.CV_32F, kernel[None], borderType=cv2.BORDER_REPLICATE))
