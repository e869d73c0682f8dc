"""Band-limited resampling, so that a 100 Hz record is drawn as ink and not as straight segments."""

from __future__ import annotations

import numpy as np


def resample(signal: np.ndarray, *, source_hz: float, target_hz: float) -> np.ndarray:
    """Fourier (sinc) interpolation along the last axis; the ends are mirrored so that they do not ring.

    Args:
        signal: float (..., samples).
        source_hz: its sampling rate.
        target_hz: the wanted sampling rate.

    Returns:
        float32 (..., round(samples * target_hz / source_hz)).
    """
    samples = signal.shape[-1]
    wanted = round(samples * target_hz / source_hz)
    if source_hz == target_hz:
        return signal.astype(np.float32, copy=False)
    # Padding by a whole number of seconds keeps both grids aligned whatever the two rates are.
    seconds = max(1, int(min(1.0, samples / source_hz)))
    pad = round(seconds * source_hz)
    if pad >= samples:
        raise ValueError(f"{samples} samples at {source_hz} Hz are too few to resample")
    widths = [(0, 0)] * (signal.ndim - 1) + [(pad, pad)]
    # An odd reflection continues the slope as well as the value.
    padded = np.pad(signal.astype(np.float32), widths, mode="reflect", reflect_type="odd")
    total = round(padded.shape[-1] * target_hz / source_hz)
    spectrum = np.fft.rfft(padded, axis=-1)
    keep = min(spectrum.shape[-1], total // 2 + 1)
    resampled = np.fft.irfft(spectrum[..., :keep], n=total, axis=-1) * (total / padded.shape[-1])
    start = round(pad * target_hz / source_hz)
    return resampled[..., start : start + wanted].astype(np.float32)
