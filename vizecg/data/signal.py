"""Record -> input of the signal stream."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vizecg.records import EcgRecord, resample
from vizecg.spec import LEADS


@dataclass(frozen=True, kw_only=True)
class SignalSpec:
    """Rate and length of the signal input. The paper's is 4096 samples at 400 Hz; 100 Hz holds all of a 100 Hz
    recording."""

    sampling_rate: float = 100.0
    samples: int = 1000

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SignalSpec:
        return cls(**data)


def signal_input(record: EcgRecord, spec: SignalSpec) -> np.ndarray:
    """Resampled, cropped or zero-padded at the end, detrended to zero mean: float32 (12, samples), millivolts."""
    signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=spec.sampling_rate)[:, : spec.samples]
    padded = np.zeros((len(LEADS), spec.samples), np.float32)
    padded[:, : signal.shape[1]] = detrended(signal)
    return padded


def detrended(signal: np.ndarray) -> np.ndarray:
    """Without mean and slope of each lead: float32 (12, samples)."""
    time = np.linspace(-1.0, 1.0, signal.shape[1], dtype=np.float32)
    slope = (signal @ time) / (time @ time)
    return np.asarray(signal - slope[:, None] * time - signal.mean(axis=1, keepdims=True))
