"""A seeded source of 12-lead ECGs that show the six diagnoses by their criteria.

It stands in where recorded ECGs cannot be had: in tests, demonstrations and smoke training. A record is a patient
(torso, heart), a rhythm (the moments of the beats) and noise, each drawn from its own stream of the seed, so that the
same seed at another sampling rate is the same patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vizecg.records.record import EcgRecord
from vizecg.records.synthetic.rhythm import QRS_S, draw_rhythm, qt_interval
from vizecg.records.synthetic.waves import (
    MEASURED_LEADS,
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
from vizecg.spec import CODE6, UsageError

F_WAVE_HZ = (4.5, 8.0)
DURATION_LIMITS_S = (5.0, 600.0)
"""Fewer seconds show too few beats to call a rhythm regular or irregular."""

_SINUS_ONLY = frozenset({"1dAVb", "SB", "ST"})
_BUNDLES = {"RBBB": Conduction.RIGHT_BLOCK, "LBBB": Conduction.LEFT_BLOCK}


def impossible_because(labels: Iterable[str]) -> str | None:
    """Why no heart shows these labels together, or None where one can."""
    present = set(labels)
    if {"SB", "ST"} <= present:
        return "a rate cannot be slow (SB) and fast (ST) at once"
    if {"RBBB", "LBBB"} <= present:
        return "RBBB with LBBB leaves no path to the ventricles"
    if "AF" in present and present & _SINUS_ONLY:
        return f"AF has no P wave, so no {', '.join(sorted(present & _SINUS_ONLY))}, which are read from P waves"
    return None


def _possible_combinations() -> tuple[tuple[str, ...], ...]:
    every = (tuple(name for bit, name in enumerate(CODE6.names) if code >> bit & 1) for code in range(2 ** len(CODE6)))
    return tuple(sorted((labels for labels in every if impossible_because(labels) is None), key=len))


POSSIBLE_COMBINATIONS: tuple[tuple[str, ...], ...] = _possible_combinations()
"""Every drawable set of labels in label order, the fewest labels first: () is a normal ECG."""


def synthesise(
    labels: Iterable[str] = (), *, seed: int, sampling_rate: float = 400.0, duration_s: float = 10.0
) -> EcgRecord:
    """One ECG that shows exactly these diagnoses; none of them is a normal ECG.

    Raises:
        UsageError: a label is unknown, the labels exclude each other, or a number is out of range.
    """
    present = _checked_labels(labels)
    _check_numbers(seed=seed, sampling_rate=sampling_rate, duration_s=duration_s)
    code = POSSIBLE_COMBINATIONS.index(present)
    record_id = f"synthetic-{seed}-{'+'.join(present) or 'normal'}"
    return _record(present, (seed, code), record_id=record_id, sampling_rate=sampling_rate, duration_s=duration_s)


@dataclass(frozen=True, kw_only=True)
class TrueIntervals:
    """What ``synthesise`` drew a record with, milliseconds; ``pr_ms`` is None in AF, which has no P wave.

    ``onsets_s`` are the onsets of the QRS, some before the record and some after it.
    """

    pr_ms: float | None
    qrs_ms: float
    onsets_s: tuple[float, ...]


def true_intervals(labels: Iterable[str] = (), *, seed: int, duration_s: float = 10.0) -> TrueIntervals:
    """The intervals of the record that ``synthesise`` gives for the same arguments; raises as it does."""
    present = _checked_labels(labels)
    _check_numbers(seed=seed, sampling_rate=400.0, duration_s=duration_s)
    patient, rhythm_rng, _ = _streams((seed, POSSIBLE_COMBINATIONS.index(present)))
    heart = _patient(patient, present)[1]
    rhythm = draw_rhythm(rhythm_rng, present, qrs_s=heart.qrs_s, duration_s=duration_s)
    return TrueIntervals(
        pr_ms=None if rhythm.pr_s is None else 1000 * rhythm.pr_s,
        qrs_ms=1000 * heart.qrs_s,
        onsets_s=tuple(rhythm.onsets.tolist()),
    )


def synthetic_record(index: int, *, seed: int, sampling_rate: float = 400.0, duration_s: float = 10.0) -> EcgRecord:
    """Record ``index`` of the endless mixed set of a seed; it does not depend on the other indices.

    Each run of ``len(_MIX)`` indices holds every possible combination in a shuffled order, normal and single diagnoses
    several times, so that also a small set has all of them.
    """
    _check_numbers(seed=seed, sampling_rate=sampling_rate, duration_s=duration_s)
    if index < 0:
        raise UsageError(f"index must not be negative, got {index}")
    block, place = divmod(index, len(_MIX))
    present = _MIX[np.random.default_rng((seed, block, 2)).permutation(len(_MIX))[place]]
    record_id = f"synthetic-{seed}-{index}-{'+'.join(present) or 'normal'}"
    return _record(present, (seed, index, 1), record_id=record_id, sampling_rate=sampling_rate, duration_s=duration_s)


def synthetic_records(
    n: int, *, seed: int, sampling_rate: float = 400.0, duration_s: float = 10.0
) -> Iterator[EcgRecord]:
    """The first ``n`` records of the mixed set of a seed."""
    for index in range(n):
        yield synthetic_record(index, seed=seed, sampling_rate=sampling_rate, duration_s=duration_s)


def _mix() -> tuple[tuple[str, ...], ...]:
    # AF excludes most others, so it is drawn alone more often to come near the prevalence of the rest.
    copies = {labels: (8, 3, 1, 1)[len(labels)] for labels in POSSIBLE_COMBINATIONS} | {("AF",): 5}
    return tuple(labels for labels, count in copies.items() for _ in range(count))


_MIX = _mix()


def _checked_labels(labels: Iterable[str]) -> tuple[str, ...]:
    try:
        vector = CODE6.vector(labels)
    except ValueError as error:
        raise UsageError(str(error)) from error
    present = tuple(name for name, value in zip(CODE6.names, vector, strict=True) if value)
    reason = impossible_because(present)
    if reason is not None:
        raise UsageError(f"cannot synthesise {' + '.join(present)}: {reason}")
    return present


def _check_numbers(*, seed: int, sampling_rate: float, duration_s: float) -> None:
    if seed < 0:
        raise UsageError(f"seed must not be negative, got {seed}")
    if not 50 <= sampling_rate <= 5000:
        raise UsageError(f"sampling rate must be 50 to 5000 Hz, got {sampling_rate}")
    if not DURATION_LIMITS_S[0] <= duration_s <= DURATION_LIMITS_S[1]:
        raise UsageError(f"duration must be {DURATION_LIMITS_S[0]} to {DURATION_LIMITS_S[1]} s, got {duration_s}")


def _record(
    present: tuple[str, ...],
    entropy: tuple[int, ...],
    *,
    record_id: str,
    sampling_rate: float,
    duration_s: float,
) -> EcgRecord:
    patient, rhythm_rng, noise_rng = _streams(entropy)
    torso, heart = _patient(patient, present)
    rhythm = draw_rhythm(rhythm_rng, present, qrs_s=heart.qrs_s, duration_s=duration_s)
    atrial: list[Wave] = []
    ventricular: list[Wave] = []
    for onset, rr_s in zip(rhythm.onsets, rhythm.rr_s, strict=True):
        # The QT follows the rate of the last half minute more than the last interval.
        qt_s = qt_interval(0.75 * rhythm.mean_rr_s + 0.25 * rr_s, rhythm.qtc_s, heart.qrs_s)
        swing = 1 + 0.04 * np.sin(2 * np.pi * rhythm.breath_hz * onset + rhythm.breath_phase)
        ventricular += [wave.shifted(onset, gain=swing) for wave in ventricular_waves(heart, qt_s)]
        if rhythm.pr_s is not None:
            atrial += [wave.shifted(onset) for wave in p_waves(heart, rhythm.pr_s)]
    samples = round(duration_s * sampling_rate)
    time = np.arange(samples) / sampling_rate
    atrial_dipole = dipole(atrial, samples=samples, sampling_rate=sampling_rate)
    if rhythm.pr_s is None:
        atrial_dipole += _fibrillation_dipole(patient, time)
    ventricular_dipole = dipole(ventricular, samples=samples, sampling_rate=sampling_rate)
    measured = torso.ventricles @ ventricular_dipole + torso.atria @ atrial_dipole
    measured += _noise(noise_rng, time, breath_hz=rhythm.breath_hz, sampling_rate=sampling_rate)
    return EcgRecord(
        signal=twelve_leads(measured),
        sampling_rate=sampling_rate,
        record_id=record_id,
        labels=CODE6.vector(present),
        patient_id=record_id,
    )


def _streams(entropy: tuple[int, ...]) -> list[np.random.Generator]:
    """Of the patient, of the rhythm, of the noise."""
    return [np.random.default_rng(one) for one in np.random.SeedSequence(entropy).spawn(3)]


def _patient(rng: np.random.Generator, present: tuple[str, ...]) -> tuple[Torso, Heart]:
    conduction = next((block for name, block in _BUNDLES.items() if name in present), Conduction.NORMAL)
    return draw_torso(rng), draw_heart(rng, conduction, rng.uniform(*QRS_S[conduction]))


def _fibrillation_dipole(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """f waves, float64 (3, samples) mV: one wandering circuit that points at V1, a weaker one that points down."""
    total = np.zeros((3, len(time)))
    for direction, amplitude in (((-0.25, 0.35, 0.85), rng.uniform(0.05, 0.11)), ((0.15, 0.7, 0.1), 0.035)):
        frequency, wander_hz, swell_hz = rng.uniform(*F_WAVE_HZ), rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.5)
        turns = frequency * time + 0.35 * np.sin(2 * np.pi * (wander_hz * time + rng.uniform())) + rng.uniform()
        swell = 1 + 0.35 * np.sin(2 * np.pi * (swell_hz * time + rng.uniform()))
        # The second harmonic makes the waves pointed rather than round.
        wave = np.sin(2 * np.pi * turns) + 0.25 * np.sin(4 * np.pi * turns + 0.8)
        total += np.array(direction)[:, None] * (amplitude * swell * wave)
    return total


def _noise(rng: np.random.Generator, time: np.ndarray, *, breath_hz: float, sampling_rate: float) -> np.ndarray:
    """Baseline wander, mains hum and muscle noise of each electrode, float64 (8, samples) mV."""
    leads = len(MEASURED_LEADS)
    wander, hum, muscle = rng.uniform(0.01, 0.05), rng.uniform(0.0, 0.006), rng.uniform(0.003, 0.010)
    phases = 2 * np.pi * rng.uniform(0, 1, (leads, 3, 1))
    share = rng.uniform(0.3, 1.0, (leads, 3, 1))
    mains_hz = float(rng.choice((50.0, 60.0)))
    total = share[:, 0] * wander * np.sin(2 * np.pi * breath_hz * time + phases[:, 0])
    total += share[:, 1] * wander * np.sin(2 * np.pi * 0.07 * time + phases[:, 1])
    if mains_hz < 0.45 * sampling_rate:  # a recorder at a lower rate has filtered the hum away
        total += share[:, 2] * hum * np.sin(2 * np.pi * mains_hz * time + phases[:, 2])
    return total + muscle * rng.standard_normal((leads, len(time)))


def twelve_leads(measured: np.ndarray) -> np.ndarray:
    """float64 (8, samples) of I, II, V1..V6 -> float32 (12, samples) in the order of ``LEADS``."""
    chest = measured[2:].astype(np.float32)
    lead_i, lead_ii = measured[0].astype(np.float32), measured[1].astype(np.float32)
    # From the rounded I and II, so that the identities hold to the last bit of what is stored.
    derived = (lead_ii - lead_i, -(lead_i + lead_ii) / 2, lead_i - lead_ii / 2, lead_ii - lead_i / 2)
    return np.concatenate([np.stack([lead_i, lead_ii, *derived]), chest])
