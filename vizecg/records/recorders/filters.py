"""The filters of recorders; they are scipy's. Every lead is filtered alike, so that sums of leads stay sums."""

from __future__ import annotations

import numpy as np
from scipy import signal as scipy_signal

from vizecg.records.recorders.recorder import Edge, Family

USABLE = 0.45
"""Of the sampling rate: what is faster a signal hardly holds, and no filter of it takes off."""
_RIPPLE_DB = 0.5
_SETTLE_PERIODS = 2.0
"""Of a cut-off, for which a signal is continued backwards before it is filtered: the recorder was on before."""


def passed(signal: np.ndarray, edge: Edge, *, kind: str, sampling_rate: float) -> np.ndarray:
    """Through one edge.

    Args:
        signal: float64 (leads, samples).
        edge: which.
        kind: ``highpass`` or ``lowpass``; a low-pass beyond what the signal holds does nothing.
        sampling_rate: of the signal, Hz.

    Returns:
        float64 (leads, samples).
    """
    if edge.hz >= USABLE * sampling_rate:
        if kind == "lowpass":
            return signal
        raise ValueError(f"a high-pass at {edge.hz} Hz leaves nothing of a signal at {sampling_rate} Hz")
    return _through(
        signal, _sections(edge, kind, sampling_rate), edge.hz, zero_phase=edge.zero_phase, rate=sampling_rate
    )


def notched(signal: np.ndarray, hz: float, *, quality: float, sampling_rate: float) -> np.ndarray:
    """Without the mains, as ``passed``; where the signal holds that frequency."""
    if hz >= USABLE * sampling_rate:
        return signal
    sections = scipy_signal.tf2sos(*scipy_signal.iirnotch(hz, quality, fs=sampling_rate))
    # It rings for as long as it is narrow.
    return _through(signal, sections, hz / quality, zero_phase=False, rate=sampling_rate)


def in_band(noise: np.ndarray, band_hz: tuple[float, float], *, order: int, sampling_rate: float) -> np.ndarray:
    """White noise of variance 1 -> that of a band, of variance 1 had the signal room for the whole band."""
    low, high = band_hz[0], min(band_hz[1], USABLE * sampling_rate)
    if low >= high:
        return np.zeros_like(noise)
    sections = scipy_signal.butter(order, (low, high), btype="bandpass", fs=sampling_rate, output="sos")
    coloured = scipy_signal.sosfilt(sections, noise, axis=1)
    share = (high - low) / (band_hz[1] - band_hz[0])
    return np.asarray(coloured * np.sqrt(share) / _spread(coloured))


def slow(noise: np.ndarray, hz: float, *, sampling_rate: float) -> np.ndarray:
    """White noise -> what is slower than ``hz``, of variance 1 about its mean."""
    sections = scipy_signal.butter(2, hz, fs=sampling_rate, output="sos")
    coloured = scipy_signal.sosfilt(sections, noise, axis=1)
    coloured = coloured - coloured.mean(axis=1, keepdims=True)
    return np.asarray(coloured / _spread(coloured))


def _spread(noise: np.ndarray) -> float:
    """One for all electrodes: they differ by chance."""
    return max(float(np.sqrt((noise**2).mean())), 1e-12)


def _sections(edge: Edge, kind: str, rate: float) -> np.ndarray:
    if edge.family is Family.BESSEL:
        sections = scipy_signal.bessel(edge.order, edge.hz, btype=kind, norm="mag", fs=rate, output="sos")
    elif edge.family is Family.CHEBYSHEV:
        sections = scipy_signal.cheby1(edge.order, _RIPPLE_DB, edge.hz, btype=kind, fs=rate, output="sos")
    else:
        sections = scipy_signal.butter(edge.order, edge.hz, btype=kind, fs=rate, output="sos")
    return np.asarray(sections)


def _through(signal: np.ndarray, sections: np.ndarray, hz: float, *, zero_phase: bool, rate: float) -> np.ndarray:
    if zero_phase:
        once = _settled(signal, sections, hz, rate=rate)
        return _settled(once[:, ::-1], sections, hz, rate=rate)[:, ::-1]
    return _settled(signal, sections, hz, rate=rate)


def _settled(signal: np.ndarray, sections: np.ndarray, hz: float, *, rate: float) -> np.ndarray:
    """Once through a filter that has seen the like before: the signal's mean for ever, then itself backwards."""
    before = min(signal.shape[1] - 1, max(16, round(_SETTLE_PERIODS * rate / hz)))
    continued = np.pad(signal, ((0, 0), (before, 0)), mode="reflect")
    state = scipy_signal.sosfilt_zi(sections)[:, None, :] * signal.mean(axis=1)[None, :, None]
    filtered, _ = scipy_signal.sosfilt(sections, continued, axis=1, zi=state)
    return np.asarray(filtered[:, before:])
