"""What electrodes pick up beside the heart: noise of muscles, the mains, a moving baseline.

It comes in at the electrodes, so that the leads that are made of them fit each other as ever.
"""

from __future__ import annotations

import numpy as np

from vizecg.records.recorders.filters import USABLE, in_band, slow
from vizecg.records.recorders.recorder import MEASURED, Hum, Muscle, Recorder, Wander

_LIMB_ELECTRODES = 3
_ELECTRODES = _LIMB_ELECTRODES + 6
"""RA, LA, LL, C1 to C6."""


def _leads_of_electrodes() -> np.ndarray:
    """(8, 9): ``MEASURED`` as differences of the electrodes, those of the chest against Wilson's central terminal."""
    leads = np.zeros((len(MEASURED), _ELECTRODES))
    leads[0, [0, 1]] = -1, 1
    leads[1, [0, 2]] = -1, 1
    leads[2:, :_LIMB_ELECTRODES] = -1 / _LIMB_ELECTRODES
    leads[2:, _LIMB_ELECTRODES:] = np.eye(6)
    return leads


_LEADS = _leads_of_electrodes()


def disturbance(
    recorder: Recorder, *, samples: int, sampling_rate: float, rng: np.random.Generator
) -> np.ndarray | None:
    """What a recorder's electrodes add to ``MEASURED``: float64 (8, samples) millivolts; None for nothing."""
    picked: list[np.ndarray] = []
    if recorder.muscle is not None:
        picked.append(_muscle(recorder.muscle, samples, sampling_rate, rng))
    if recorder.hum is not None:
        picked.append(_hum(recorder.hum, samples, sampling_rate, rng))
    if recorder.wander is not None:
        picked.append(_wander(recorder.wander, samples, sampling_rate, rng))
    return np.asarray(_LEADS @ np.sum(picked, axis=0)) if picked else None


def _muscle(muscle: Muscle, samples: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    white = rng.standard_normal((_ELECTRODES, samples))
    # Muscles lie nearer to some electrodes than to others.
    near = rng.uniform(0.5, 1.5, (_ELECTRODES, 1))
    return muscle.mv * near * in_band(white, muscle.band_hz, order=muscle.order, sampling_rate=rate)


def _hum(hum: Hum, samples: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(samples) / rate
    phase = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5, (_ELECTRODES, 1))
    size = hum.mv * rng.uniform(0.0, 1.5, (_ELECTRODES, 1))
    picked = np.zeros((_ELECTRODES, samples))
    for harmonic, share in ((1, 1.0), (3, hum.third)):
        if share and harmonic * hum.hz < USABLE * rate:
            picked += share * size * np.sin(harmonic * (2 * np.pi * hum.hz * time + phase))
    return picked


def _wander(wander: Wander, samples: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    if wander.walk:
        return wander.mv * slow(rng.standard_normal((_ELECTRODES, samples)), wander.hz, sampling_rate=rate)
    phase = 2 * np.pi * wander.hz * np.arange(samples) / rate + rng.uniform(0, 2 * np.pi)
    breath = rng.uniform(-1, 1, (_ELECTRODES, 1)) * np.sin(phase + rng.normal(0, 0.5, (_ELECTRODES, 1)))
    drift = rng.uniform(-1, 1, (_ELECTRODES, 1)) * np.linspace(-1, 1, samples)
    return np.asarray(wander.mv * (breath + drift))
