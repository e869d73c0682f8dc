"""ECGs of rhythms that the synthetic source does not draw, and what is done to recorded beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from vizecg.records.synthetic import twelve_leads
from vizecg.records.synthetic.waves import (
    Conduction,
    Heart,
    Torso,
    Wave,
    dipole,
    draw_heart,
    draw_torso,
    p_waves,
    ventricular_waves,
)
from vizecg_lab.attacks.studio import Ecg

DURATION_S = 10.0
_NOISE_MV = 0.008
_SPIKE_S = 0.004


def fast(rng: np.random.Generator, bpm: float, *, broad: bool, sampling_rate: float) -> Ecg:
    """Regular and without P waves: supraventricular where it is narrow, ventricular where it is broad."""
    heart = _ventricular_heart(rng) if broad else draw_heart(rng, Conduction.NORMAL, 0.085)
    return _ecg(rng, _beats(heart, _onsets(rng, bpm), 60 / bpm), (), sampling_rate=sampling_rate)


def ventricular(rng: np.random.Generator, bpm: float, *, sampling_rate: float) -> Ecg:
    """Broad beats without P waves, from the ventricles."""
    return fast(rng, bpm, broad=True, sampling_rate=sampling_rate)


def paced(rng: np.random.Generator, bpm: float, *, sampling_rate: float) -> Ecg:
    """Broad beats, a spike before each."""
    onsets = _onsets(rng, bpm)
    ecg = _ecg(rng, _beats(_ventricular_heart(rng), onsets, 60 / bpm), (), sampling_rate=sampling_rate)
    return spiked(ecg, [onset - 0.01 for onset in onsets], 1.0, rng)


def bigeminy(rng: np.random.Generator, bpm: float, *, sampling_rate: float) -> Ecg:
    """A sinus beat and a ventricular one by turns, which comes early and is followed by a pause."""
    onsets = _onsets(rng, bpm)
    own, early = draw_heart(rng, Conduction.NORMAL, 0.09), _ventricular_heart(rng)
    coupled = np.array(onsets[1::2]) - 0.38 * 60 / bpm
    ventricles = [*_beats(own, onsets[::2], 60 / bpm), *_beats(early, coupled, 60 / bpm)]
    atria = [wave.shifted(onset) for onset in onsets[::2] for wave in p_waves(own, 0.15)]
    return _ecg(rng, ventricles, atria, sampling_rate=sampling_rate)


def complete_block(rng: np.random.Generator, bpm: float, *, sampling_rate: float) -> Ecg:
    """P waves at 80 a minute, beats on their own."""
    heart = draw_heart(rng, Conduction.NORMAL, 0.1)
    atria = [wave.shifted(onset) for onset in _onsets(rng, 80.0) for wave in p_waves(heart, 0.16)]
    return _ecg(rng, _beats(heart, _onsets(rng, bpm), 60 / bpm), atria, sampling_rate=sampling_rate)


def flutter(rng: np.random.Generator, ratio: float, *, sampling_rate: float) -> Ecg:
    """Saw teeth of the atria at 300 a minute, every second, third or fourth of which is conducted."""
    heart = draw_heart(rng, Conduction.NORMAL, 0.085)
    rr_s = ratio * 60 / 300
    time = np.arange(round(DURATION_S * sampling_rate)) / sampling_rate
    phase = np.mod(time / 0.2 + rng.uniform(), 1.0)
    teeth = cv2.GaussianBlur((0.75 - phase)[None], (0, 0), 0.012 * sampling_rate, sigmaY=1e-3)[0]
    atrium = np.array([0.02, -0.28, 0.1])[:, None] * teeth
    return _ecg(rng, _beats(heart, _onsets(rng, 60 / rr_s), rr_s), (), sampling_rate=sampling_rate, atrium=atrium)


def fibrillating_ventricles(rng: np.random.Generator, millivolts: float, *, sampling_rate: float) -> Ecg:
    """No beats: waves of 4 to 7 a second that come and go in every lead."""
    time = np.arange(round(DURATION_S * sampling_rate)) / sampling_rate
    measured = np.zeros((8, len(time)))
    for frequency in rng.uniform(4, 7, 5):
        swell = 1 + 0.6 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.5) * time + rng.uniform()))
        wave = np.sin(2 * np.pi * (frequency * time + rng.uniform()) + 0.6 * np.sin(2 * np.pi * 0.4 * time))
        measured += rng.normal(0, 1, (8, 1)) * swell * wave
    measured *= millivolts / 2 / measured.std(axis=1, keepdims=True)
    return Ecg(signal=twelve_leads(measured), sampling_rate=sampling_rate)


def spiked(ecg: Ecg, at_s: Sequence[float], millivolts: float, rng: np.random.Generator) -> Ecg:
    """Upright strokes as pacemakers make them, of one direction in the chest; ``millivolts`` in the lead that sees
    them best."""
    seen = rng.uniform(-1, 1, (8, 1))
    shape = twelve_leads(np.tile(millivolts * seen / np.abs(seen).max(), 2))[:, :1]
    signal = ecg.signal.copy()
    width = max(1, round(_SPIKE_S * ecg.sampling_rate))
    for moment in at_s:
        start = round(moment * ecg.sampling_rate)
        if 0 <= start < signal.shape[1] - width:
            signal[:, start : start + width] += shape
    return ecg.with_signal(signal)


def beats_of(ecg: Ecg) -> list[float]:
    """Seconds at which the QRS complexes of a recording begin: where all leads together are steepest."""
    from scipy.signal import find_peaks

    steep = np.abs(np.diff(ecg.signal.astype(np.float64), axis=1)).sum(axis=0)[None]
    power = cv2.GaussianBlur(steep, (0, 0), 0.02 * ecg.sampling_rate, sigmaY=1e-3)[0]
    peaks, _ = find_peaks(power, distance=0.24 * ecg.sampling_rate, height=0.45 * float(np.percentile(power, 99)))
    return [float(peak / ecg.sampling_rate - 0.05) for peak in peaks]


def _onsets(rng: np.random.Generator, bpm: float) -> list[float]:
    rr_s = 60 / bpm
    return list(np.arange(-rr_s * rng.uniform(0.2, 1.0), DURATION_S + rr_s, rr_s))


def _beats(heart: Heart, onsets: Iterable[float], rr_s: float) -> list[Wave]:
    qt_s = max(heart.qrs_s + 0.12, 0.39 * min(1.0, rr_s) ** 0.5)
    return [wave.shifted(float(onset)) for onset in onsets for wave in ventricular_waves(heart, qt_s)]


def _ventricular_heart(rng: np.random.Generator) -> Heart:
    """A beat that begins in a ventricle: as broad as in left bundle branch block and broader, of any axis."""
    heart = draw_heart(rng, Conduction.LEFT_BLOCK, float(rng.uniform(0.16, 0.2)))
    turn = np.deg2rad(rng.uniform(-160, 160))
    frontal = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return Heart(
        conduction=heart.conduction, qrs_s=heart.qrs_s, rotation=frontal @ heart.rotation, gains=heart.gains,
        p_axis=heart.p_axis,
    )  # fmt: skip


def _ecg(
    rng: np.random.Generator,
    ventricles: Iterable[Wave],
    atria: Iterable[Wave],
    *,
    sampling_rate: float,
    atrium: np.ndarray | None = None,
) -> Ecg:
    torso: Torso = draw_torso(rng)
    samples = round(DURATION_S * sampling_rate)
    moving = dipole(atria, samples=samples, sampling_rate=sampling_rate)
    if atrium is not None:
        moving = moving + atrium
    measured = torso.ventricles @ dipole(ventricles, samples=samples, sampling_rate=sampling_rate)
    measured = measured + torso.atria @ moving + rng.normal(0, _NOISE_MV, (8, samples))
    return Ecg(signal=twelve_leads(measured), sampling_rate=sampling_rate)
