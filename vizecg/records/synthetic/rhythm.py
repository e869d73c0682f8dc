"""When the synthetic hearts beat: rates, intervals and their variation, within the criteria of the diagnoses.

The ranges keep clear of the limits the criteria set (rate 60 and 100 per minute, PR 200 ms, QRS 120 ms), so that a
label is true of the signal after variation, noise and measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.records.synthetic.waves import Conduction

Range = tuple[float, float]

NORMAL_RATE_BPM: Range = (62.0, 95.0)
BRADYCARDIA_RATE_BPM: Range = (38.0, 54.0)
TACHYCARDIA_RATE_BPM: Range = (105.0, 150.0)
FIBRILLATION_RATE_BPM: Range = (62.0, 125.0)
BLOCKED_TACHYCARDIA_RATE_BPM: Range = (105.0, 115.0)
"""With a long PR: at higher rates the P wave would vanish in the T wave before it, and nobody could call it."""
NORMAL_PR_S: Range = (0.130, 0.190)
TACHYCARDIA_PR_S: Range = (0.130, 0.150)
BLOCKED_PR_S: Range = (0.220, 0.320)
QRS_S: dict[Conduction, Range] = {
    Conduction.NORMAL: (0.080, 0.100),
    Conduction.RIGHT_BLOCK: (0.132, 0.160),
    Conduction.LEFT_BLOCK: (0.142, 0.172),
}
QTC_S: Range = (0.385, 0.425)
FIBRILLATION_RR_CV: Range = (0.20, 0.30)
FIBRILLATION_MIN_CV = 0.17
FIBRILLATION_RR_LIMITS_S: Range = (0.34, 1.80)

_BEATS_BEFORE = 2
"""Beats that begin before the record does: their T waves reach into it."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """The moments of the beats, all in seconds.

    Attributes:
        onsets: float64 (beats,), onsets of the QRS after the first sample; some lie before it, some after the last one.
        rr_s: float64 (beats,), the interval that ends at each onset.
        mean_rr_s: the interval drawn, around which ``rr_s`` varies.
        qtc_s: the QT interval at a rate of 60.
        pr_s: from the onset of the P wave to that of the QRS; None in AF, which has no P wave.
        breath_hz: breathing moves the rate, the amplitude and the baseline.
        breath_phase: radians.
    """

    onsets: np.ndarray
    rr_s: np.ndarray
    mean_rr_s: float
    qtc_s: float
    pr_s: float | None
    breath_hz: float
    breath_phase: float


def draw_rhythm(rng: np.random.Generator, present: tuple[str, ...], *, qrs_s: float, duration_s: float) -> Rhythm:
    """A rhythm that shows the present labels through a record of ``duration_s`` seconds."""
    breath_hz, breath_phase, qtc_s = rng.uniform(0.18, 0.32), rng.uniform(0, 2 * np.pi), rng.uniform(*QTC_S)
    mean_rr_s, phase = 60 / rng.uniform(*_rate_range(present)), rng.uniform()
    # The beat after the record leaves its P wave in it; in AF the realised mean may fall short of the drawn one.
    beats = int(duration_s / mean_rr_s * 1.2) + 8
    if "AF" in present:
        rr_s = _fibrillating_rr(rng, beats, mean_rr_s, phase=phase, duration_s=duration_s)
    else:
        rr_s = _sinus_rr(rng, beats, mean_rr_s, breath_hz=breath_hz, breath_phase=breath_phase)
    ends = np.cumsum(rr_s)
    onsets = ends - ends[_BEATS_BEFORE] + phase * rr_s[_BEATS_BEFORE]
    pr_s = None if "AF" in present else _draw_pr(rng, present, mean_rr_s, qt_interval(mean_rr_s, qtc_s, qrs_s))
    return Rhythm(
        onsets=onsets,
        rr_s=rr_s,
        mean_rr_s=mean_rr_s,
        qtc_s=qtc_s,
        pr_s=pr_s,
        breath_hz=breath_hz,
        breath_phase=breath_phase,
    )


def _rate_range(present: tuple[str, ...]) -> Range:
    if "AF" in present:
        return FIBRILLATION_RATE_BPM
    if "SB" in present:
        return BRADYCARDIA_RATE_BPM
    if "ST" in present:
        return BLOCKED_TACHYCARDIA_RATE_BPM if "1dAVb" in present else TACHYCARDIA_RATE_BPM
    return NORMAL_RATE_BPM


def _draw_pr(rng: np.random.Generator, present: tuple[str, ...], mean_rr_s: float, qt_s: float) -> float:
    if "1dAVb" not in present:
        return float(rng.uniform(*(TACHYCARDIA_PR_S if "ST" in present else NORMAL_PR_S)))
    # The P wave should start after the T wave before it, where the rate leaves room.
    room = 0.97 * mean_rr_s - qt_s
    return float(rng.uniform(BLOCKED_PR_S[0], np.clip(room, BLOCKED_PR_S[0] + 0.005, BLOCKED_PR_S[1])))


def _sinus_rr(
    rng: np.random.Generator, beats: int, mean_rr_s: float, *, breath_hz: float, breath_phase: float
) -> np.ndarray:
    """float64 (beats,) seconds: the mean is exact; breathing and a slow drift move it by a few per cent."""
    # The vagus, which carries respiratory arrhythmia, acts strongly at low rates and hardly at high ones.
    depth = rng.uniform(0.01, 0.035) * np.clip(mean_rr_s, 0.3, 1.2)
    times = np.arange(beats) * mean_rr_s
    drift = np.cumsum(rng.normal(0, 0.004, beats))
    drift -= np.linspace(drift[0], drift[-1], beats)
    factor = 1 + depth * np.sin(2 * np.pi * breath_hz * times + breath_phase) + drift.clip(-0.03, 0.03)
    return np.asarray(mean_rr_s * factor / factor.mean())


def _fibrillating_rr(
    rng: np.random.Generator, beats: int, mean_rr_s: float, *, phase: float, duration_s: float
) -> np.ndarray:
    """float64 (beats,) seconds, independent gamma intervals.

    A short record can come out nearly regular by chance and would belie its label; such a draw is made again.
    """
    cv = rng.uniform(*FIBRILLATION_RR_CV)
    while True:
        rr_s = rng.gamma(1 / cv**2, mean_rr_s * cv**2, beats).clip(*FIBRILLATION_RR_LIMITS_S)
        later = rr_s[_BEATS_BEFORE + 1 :]
        inside = int((phase * rr_s[_BEATS_BEFORE] + np.cumsum(later) < duration_s).sum())
        seen = later[: max(3, inside)]
        if seen.std() >= FIBRILLATION_MIN_CV * seen.mean():
            return rr_s


def qt_interval(rr_s: float, qtc_s: float, qrs_s: float) -> float:
    """QT seconds. Bazett's root suits fast rates and overstates slow ones, where Fridericia's cube root is used.

    A wide QRS lengthens the QT by as much as it is wider than a normal one.
    """
    root = 0.5 if rr_s < 1 else 1 / 3
    return qtc_s * float(rr_s**root) + max(0.0, qrs_s - QRS_S[Conduction.NORMAL][1])
