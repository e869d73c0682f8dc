"""Leads that are disturbed: by breath, mains, muscles, a short amplifier."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg.records.synthetic import twelve_leads
from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import Ecg, Studio

FINE_HZ = 500.0
MAINS_HZ = 50.0


def _measured(ecg: Ecg) -> np.ndarray:
    """float64 (8, samples): I, II, V1 to V6."""
    return ecg.signal[[0, 1, *range(6, 12)]].astype(np.float64)


def wandering(ecg: Ecg, millivolts: float, rng: np.random.Generator) -> Ecg:
    """A baseline that moves so far, peak to peak."""
    time = np.arange(ecg.signal.shape[1]) / ecg.sampling_rate
    wander = np.zeros((8, len(time)))
    for hertz in (0.15, 0.3, 0.55):
        wander += rng.uniform(0.3, 1, (8, 1)) * np.sin(2 * np.pi * (hertz * time + rng.uniform(0, 1, (8, 1))))
    wander *= millivolts / np.ptp(wander, axis=1, keepdims=True)
    return ecg.with_signal(twelve_leads(_measured(ecg) + wander))


def humming(ecg: Ecg, millivolts: float, rng: np.random.Generator) -> Ecg:
    """Mains of this amplitude."""
    fine = ecg.at(FINE_HZ)
    time = np.arange(fine.signal.shape[1]) / FINE_HZ
    hum = rng.uniform(0.5, 1, (8, 1)) * np.sin(2 * np.pi * (MAINS_HZ * time + rng.uniform(0, 0.2, (8, 1))))
    return fine.with_signal(twelve_leads(_measured(fine) + millivolts * hum))


def trembling(ecg: Ecg, millivolts: float, rng: np.random.Generator) -> Ecg:
    """Muscles of this standard deviation, 15 to 60 a second."""
    fine = ecg.at(FINE_HZ)
    noise = rng.normal(0, 1, (8, fine.signal.shape[1]))
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5, sigmaY=1e-3) - cv2.GaussianBlur(noise, (0, 0), 6.0, sigmaY=1e-3)
    return fine.with_signal(twelve_leads(_measured(fine) + millivolts * noise / noise.std()))


def _wander(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(wandering(studio.ecg, millivolts, studio.rng)))


def _hum(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(humming(studio.ecg, millivolts, studio.rng)))


def _tremor(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(trembling(studio.ecg, millivolts, studio.rng)))


def _clipped(studio: Studio, millivolts: float) -> np.ndarray:
    """Nothing is drawn farther from the baseline."""
    centred = studio.ecg.signal - np.median(studio.ecg.signal, axis=1, keepdims=True)
    return studio.show(studio.printed(studio.ecg.with_signal(np.clip(centred, -millivolts, millivolts))))


def _lost(studio: Studio, seconds: float) -> np.ndarray:
    """All leads flat for a time in every column, as where an electrode slips."""
    signal = studio.ecg.signal - np.median(studio.ecg.signal, axis=1, keepdims=True)
    rate = studio.ecg.sampling_rate
    for start in np.arange(0.4, studio.ecg.duration_s, 2.5):
        signal[:, round(start * rate) : round((start + seconds) * rate)] = 0
    return studio.show(studio.printed(studio.ecg.with_signal(signal)))


DISTURBED = (
    Kind(name="wander", family=Family.SIGNAL, ways=numbered((1.0, 2.0, 3.0), "mV"), draw=_wander),
    Kind(name="hum", family=Family.SIGNAL, ways=numbered((0.2, 0.4, 0.8), "mV"), draw=_hum),
    Kind(name="tremor", family=Family.SIGNAL, ways=numbered((0.1, 0.2, 0.4), "mV"), draw=_tremor),
    Kind(name="clipped", family=Family.SIGNAL, ways=numbered((0.3, 0.5, 0.8), "mV"), draw=_clipped),
    Kind(name="lost_for_a_time", family=Family.SIGNAL, ways=numbered((0.5, 1.0, 1.6), "s"), draw=_lost),
)
