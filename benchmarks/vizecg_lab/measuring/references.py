"""What others' detectors and delineators find in the recorded signal: wfdb's XQRS and neurokit2."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.records.resample import resample
from vizecg.spec import LEADS, MissingToolError
from vizecg.spec.install import pip_install

RATE_LEAD = "II"
XQRS_HZ, NEUROKIT_HZ = 250, 500
AGREE_BPM = 2.0
DELINEATED = ("I", "II", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FROM_END = 2
"""The third-earliest onset and the third-latest end of nine leads count: one lead alone is often wrong."""
_MARKS = ("ECG_P_Onsets", "ECG_R_Onsets", "ECG_R_Offsets")


@dataclass(frozen=True, kw_only=True)
class Delineated:
    """Milliseconds, over all leads; None where too few leads show a wave."""

    pr_ms: float | None
    qrs_ms: float | None


def agreed_rate(record: Any) -> float | None:
    """The mean of two detectors' rates (each of the median interval in II); None where they differ by more than 2."""
    signal = record.signal[LEADS.index(RATE_LEAD)]
    rates = []
    for hz, find in ((XQRS_HZ, _xqrs), (NEUROKIT_HZ, _neurokit)):
        beats = find(resample(signal, source_hz=record.sampling_rate, target_hz=hz), hz)
        if len(beats) < 3:
            return None
        rates.append(60 * hz / float(np.median(np.diff(beats))))
    return float(np.mean(rates)) if abs(rates[0] - rates[1]) <= AGREE_BPM else None


def delineated(record: Any) -> Delineated:
    """neurokit2's delineation by prominence of nine leads of a record of 500 Hz, the bounds over all of them."""
    neurokit = _library()
    rate = round(record.sampling_rate)
    beats = _neurokit(record.signal[LEADS.index(RATE_LEAD)], rate)
    rows = []
    for lead in DELINEATED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                clean = neurokit.ecg_clean(record.signal[LEADS.index(lead)], sampling_rate=rate)
                found = neurokit.ecg_delineate(clean, beats, sampling_rate=rate, method="prominence")[1]
            except (ValueError, IndexError, ZeroDivisionError):
                continue  # it gives up on some leads
        rows.append([_usual(np.array(found[mark], float), beats, rate, early=mark == _MARKS[0]) for mark in _MARKS])
    marks = np.array(rows).reshape(-1, 3)
    p_on, on, off = _from_end(marks[:, 0]), _from_end(marks[:, 1]), _from_end(-marks[:, 2])
    return Delineated(
        pr_ms=None if p_on is None or on is None else on - p_on,
        qrs_ms=None if off is None or on is None else -off - on,
    )


def _usual(marks: np.ndarray, beats: np.ndarray, rate: int, *, early: bool) -> float:
    """Milliseconds from the R peak to a mark, of all beats the median; NaN where less than half of them have one."""
    marks = marks[np.isfinite(marks)]
    if len(marks) < max(2, len(beats) / 2):
        return float("nan")
    expected = beats - (0.15 * rate if early else 0.0)
    nearest = np.abs(expected[None] - marks[:, None]).argmin(axis=1)
    return float(np.median((marks - beats[nearest]) * 1000 / rate))


def _from_end(values: np.ndarray) -> float | None:
    known = np.sort(values[np.isfinite(values)])
    return float(known[FROM_END]) if len(known) > FROM_END else None


def _xqrs(signal: np.ndarray, rate: int) -> np.ndarray:
    from wfdb.processing import XQRS

    detector = XQRS(sig=signal.astype(np.float64), fs=rate)
    detector.detect(verbose=False)
    return np.asarray(detector.qrs_inds)


def _neurokit(signal: np.ndarray, rate: int) -> np.ndarray:
    neurokit = _library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clean = neurokit.ecg_clean(signal, sampling_rate=rate)
            return np.asarray(neurokit.ecg_peaks(clean, sampling_rate=rate)[1]["ECG_R_Peaks"])
        except (ValueError, IndexError):
            return np.empty(0, int)  # a signal without beats


def _library() -> Any:
    try:
        import neurokit2
    except ImportError as error:
        raise MissingToolError(f"the reference detectors need neurokit2: {pip_install('dev')}") from error
    return neurokit2
