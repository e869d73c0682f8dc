"""Records as recorders of their own would have stored them, and spoiled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from vizecg.records.identities import LIMB
from vizecg.spec import LEADS

Spoil = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """What a recorder does to each lead by itself.

    Attributes:
        gain: by how much the gains differ from 1 at most.
        highest_low_hz, lowest_high_hz: corner frequencies of the filters, between these and 0.05 or 48 Hz.
        offset_mv, wander_mv: most of an offset, and of a baseline.
        step_mv: least and most of a step.
    """

    gain: float
    highest_low_hz: float = 0.67
    lowest_high_hz: float = 35.0
    offset_mv: float = 0.3
    wander_mv: float = 0.15
    step_mv: tuple[float, float] = (0.008, 0.035)

    def __call__(self, signal: np.ndarray, rng: np.random.Generator, *, sampling_rate: float) -> np.ndarray:
        """float32 (12, samples) as it would have been stored."""
        time = np.arange(signal.shape[1]) / sampling_rate
        stored = np.empty(signal.shape, np.float32)
        for row, lead in enumerate(signal.astype(np.float64)):
            low, high = rng.uniform(0.05, self.highest_low_hz), rng.uniform(self.lowest_high_hz, 48.0)
            kept = sosfilt(butter(1, low, "high", fs=sampling_rate, output="sos"), lead - lead[0])
            kept = sosfilt(butter(2, high, "low", fs=sampling_rate, output="sos"), kept)
            kept = kept * (1 + rng.uniform(-self.gain, self.gain)) + rng.uniform(-self.offset_mv, self.offset_mv)
            phase = 2 * np.pi * (rng.uniform(0.1, 0.4) * time + rng.uniform())
            kept += rng.uniform(0, self.wander_mv) * np.sin(phase)
            step = rng.uniform(*self.step_mv)
            stored[row] = np.round(kept / step) * step
        return stored


RECORDERS = {
    "as they are": None,
    "own recorder": Recorder(gain=0.03),
    "gains 8 % apart": Recorder(gain=0.08),
    "steps of 20 to 50 microvolts": Recorder(gain=0.03, step_mv=(0.02, 0.05)),
}
"""Honest ones; the first two are spoiled too."""
SPOILT = ("as they are", "own recorder")


def _limb_gain(factor: float) -> Spoil:
    def spoil(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        spoilt = signal.copy()
        spoilt[rng.integers(len(LIMB))] *= factor
        return spoilt

    return spoil


def _exchanged(among: range, *, count: int) -> Spoil:
    """``count`` limb leads in each other's place, or one and another of ``among``."""

    def spoil(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if among.start:
            places = np.array([rng.integers(len(LIMB)), rng.choice(np.array(among))])
        else:
            places = rng.choice(np.array(among), size=count, replace=False)
        spoilt = signal.copy()
        spoilt[places] = signal[np.roll(places, 1)]
        return spoilt

    return spoil


def _flat(among: range, *, noise_mv: float) -> Spoil:
    def spoil(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        spoilt = signal.copy()
        spoilt[rng.choice(np.array(among))] = rng.uniform(-0.2, 0.2) + noise_mv * rng.normal(size=signal.shape[1])
        return spoilt

    return spoil


_LIMB, _CHEST, _ALL = range(len(LIMB)), range(len(LIMB), len(LEADS)), range(len(LEADS))
SPOILS: dict[str, Spoil] = {
    "two limb leads exchanged": _exchanged(_LIMB, count=2),
    "three limb leads exchanged": _exchanged(_LIMB, count=3),
    "a limb lead and a chest lead exchanged": _exchanged(_CHEST, count=2),
    "a limb lead at twice the gain": _limb_gain(2.0),
    "a limb lead at half the gain": _limb_gain(0.5),
    "a limb lead with the other sign": _limb_gain(-1.0),
    "a flat lead": _flat(_ALL, noise_mv=0.0),
    "a flat lead with 5 microvolts of noise": _flat(_ALL, noise_mv=0.005),
}
"""What becomes of the signal float32 (12, samples)."""
REQUIRED = tuple(name for name in SPOILS if "chest" not in name)
"""Those that the limb leads tell; a chest lead in the place of a limb lead may look just like it."""
