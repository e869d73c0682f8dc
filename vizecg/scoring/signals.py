"""How well a signal that was read agrees with the one that was recorded."""

from __future__ import annotations

import numpy as np


def snr_db(recorded: np.ndarray, found: np.ndarray) -> float:
    """Signal-to-noise ratio of one lead as the 2024 PhysioNet Challenge defines it: the power of what was recorded over
    that of the difference. Nothing is aligned: neither in time nor in height.

    Args:
        recorded, found: (n,) millivolts at the same moments; NaN counts as zero in either.

    Returns:
        Decibels; inf where both are the same, -inf where nothing was recorded and something was found.

    Raises:
        ValueError: they differ in shape.
    """
    if recorded.shape != found.shape:
        raise ValueError(f"expected signals of one shape, got {recorded.shape} and {found.shape}")
    signal = np.nan_to_num(np.asarray(recorded, np.float64), nan=0.0)
    noise = float(np.sum((np.nan_to_num(np.asarray(found, np.float64), nan=0.0) - signal) ** 2))
    power = float(np.sum(signal**2))
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(power / noise)) if power > 0 else float("-inf")


def snr_aligned_db(
    recorded: np.ndarray, found: np.ndarray, *, most_shift: int, sampling_rate: float
) -> tuple[float, float, float]:
    """The same with the best shift in time and with equal means: what is left is the error of the shape.

    Args:
        recorded, found: as for ``snr_db``.
        most_shift: samples that ``found`` may be moved either way.
        sampling_rate: samples a second.

    Returns:
        Decibels; by how many seconds ``found`` is late; by how many millivolts it is high.
    """
    best = (float("-inf"), 0.0, 0.0)
    length = len(recorded)
    for shift in range(-most_shift, most_shift + 1):
        own = recorded[max(0, -shift) : length - max(0, shift)]
        moved = found[max(0, shift) : length - max(0, -shift)]
        both = np.isfinite(own) & np.isfinite(moved)
        if not both.any():
            continue
        high = float(np.mean(moved[both]) - np.mean(own[both]))
        value = snr_db(own - np.mean(own[both]), moved - np.mean(moved[both]))
        if value > best[0]:
            best = (value, shift / sampling_rate, high)
    return best
