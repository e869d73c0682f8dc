"""The moving heart dipole behind the synthetic ECGs: Gaussian waves in space, seen by the leads.

Convention: body axes are (left, down, front), millivolts; time is seconds after the onset of the QRS of the beat.
A Gaussian is taken to begin and end ``EDGE`` standard deviations from its centre, at 4 % of its peak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

EDGE = 2.5
MEASURED_LEADS: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""The leads an electrocardiograph records; the other four are differences of I and II."""

Vector = tuple[float, float, float]

_CHEST_ANGLES_DEG = (115.0, 92.0, 70.0, 50.0, 25.0, 0.0)
"""V1..V6 in the horizontal plane: 0 is left, 90 is front."""
_CHEST_DOWN = (-0.05, 0.0, 0.05, 0.12, 0.15, 0.15)
_VENTRICLE_GAINS = (0.95, 1.5, 1.6, 1.5, 1.25, 0.95)
_ATRIUM_GAINS = (1.2, 0.8, 0.6, 0.5, 0.5, 0.5)
"""The atria lie behind V1 and far from the apex, so the chest leads weigh their dipole differently."""


class Conduction(str, Enum):
    """How the ventricles are activated."""

    NORMAL = "normal"
    RIGHT_BLOCK = "RBBB"
    LEFT_BLOCK = "LBBB"


@dataclass(frozen=True, kw_only=True)
class Wave:
    """One Gaussian of the dipole: ``vector`` mV at its peak, ``centre`` and ``sigma`` seconds."""

    vector: Vector
    centre: float
    sigma: float

    def shifted(self, seconds: float, *, gain: float = 1.0) -> Wave:
        """The same wave later and ``gain`` times as strong."""
        left, down, front = self.vector
        return replace(self, vector=(gain * left, gain * down, gain * front), centre=self.centre + seconds)


@dataclass(frozen=True, kw_only=True)
class Torso:
    """How the electrodes of one patient see the two dipoles.

    Attributes:
        ventricles: float64 (8, 3), rows in the order of ``MEASURED_LEADS``.
        atria: float64 (8, 3).
    """

    ventricles: np.ndarray
    atria: np.ndarray


def draw_torso(rng: np.random.Generator) -> Torso:
    """Lead vectors with the electrodes a little off their places, as they always are."""
    angles = np.deg2rad(np.array(_CHEST_ANGLES_DEG) + rng.normal(0, 2.5, 6).clip(-5, 5))
    chest = np.stack([np.cos(angles), np.array(_CHEST_DOWN), np.sin(angles)], axis=1)
    limb = np.array([[1.0, 0.0, 0.0], [np.cos(np.pi / 3), np.sin(np.pi / 3), 0.0]])
    contact = rng.uniform(0.9, 1.1, (6, 1))
    ventricles = chest * np.array(_VENTRICLE_GAINS)[:, None] * contact
    atria = chest * np.array(_ATRIUM_GAINS)[:, None] * contact
    return Torso(ventricles=np.concatenate([limb, ventricles]), atria=np.concatenate([limb, atria]))


@dataclass(frozen=True, kw_only=True)
class Heart:
    """The shape of the beats of one patient.

    Attributes:
        conduction: how the ventricles are activated.
        qrs_s: QRS duration, seconds.
        rotation: float64 (3, 3), turns every ventricular vector: the position of the heart in the chest.
        gains: float64 (8,), the strengths of the waves, around 1.
        p_axis: float64 (3, 3), the same for the atria.
    """

    conduction: Conduction
    qrs_s: float
    rotation: np.ndarray
    gains: np.ndarray
    p_axis: np.ndarray


def draw_heart(rng: np.random.Generator, conduction: Conduction, qrs_s: float) -> Heart:
    """A heart of a given conduction and QRS duration in a random position and of a random size."""
    normal = conduction is Conduction.NORMAL
    frontal = rng.uniform(-45, 45) if normal else rng.uniform(-30, 12)
    # Blocks are diagnosed by which chest leads are positive, so their horizontal turn stays small.
    horizontal = rng.uniform(-14, 14) if normal else rng.uniform(-6, 6)
    size = rng.uniform(0.85, 1.35) if normal else rng.uniform(0.9, 1.25)
    return Heart(
        conduction=conduction,
        qrs_s=qrs_s,
        rotation=_rotation(frontal, horizontal),
        gains=size * rng.uniform(0.88, 1.14, 8),
        p_axis=_rotation(rng.uniform(-15, 15), 0.0) * rng.uniform(0.8, 1.3),
    )


def _rotation(frontal_deg: float, horizontal_deg: float) -> np.ndarray:
    """float64 (3, 3): ``frontal_deg`` turns left towards down, ``horizontal_deg`` turns left towards front."""
    (cos_f, cos_h), (sin_f, sin_h) = (f(np.deg2rad([frontal_deg, horizontal_deg])) for f in (np.cos, np.sin))
    frontal = np.array([[cos_f, -sin_f, 0], [sin_f, cos_f, 0], [0, 0, 1]])
    horizontal = np.array([[cos_h, 0, -sin_h], [0, 1, 0], [sin_h, 0, cos_h]])
    return np.asarray(frontal @ horizontal, dtype=np.float64)


def p_waves(heart: Heart, pr_s: float) -> list[Wave]:
    """The right, then the left atrium: biphasic in V1. The P onset lies ``pr_s`` before the QRS onset."""
    sigma = 0.0175
    start = -pr_s + EDGE * sigma
    right = Wave(vector=(0.05, 0.095, 0.075), centre=start, sigma=sigma)
    left = Wave(vector=(0.075, 0.06, -0.04), centre=start + 0.022, sigma=sigma)
    return _turned([right, left], heart.p_axis, np.ones(2))


def ventricular_waves(heart: Heart, qt_s: float) -> list[Wave]:
    """QRS and T of one beat.

    Args:
        qt_s: from the onset of the QRS to the end of the T wave, seconds.
    """
    qrs = _QRS[heart.conduction]
    depolarisation = [
        Wave(vector=vector, centre=centre * heart.qrs_s, sigma=sigma * heart.qrs_s) for vector, centre, sigma in qrs
    ]
    repolarisation = _t_waves(_T[heart.conduction], heart, qt_s)
    gains = np.concatenate([heart.gains[: len(qrs)], np.repeat(heart.gains[-1], len(repolarisation))])
    return _turned(depolarisation + repolarisation, heart.rotation, gains)


_QRS: dict[Conduction, tuple[tuple[Vector, float, float], ...]] = {
    # (vector, centre, sigma); centre and sigma as parts of the QRS duration
    Conduction.NORMAL: (
        ((-0.15, 0.00, 0.22), 0.23, 0.085),  # septum: q in I and V6, r in V1
        ((0.45, 0.36, 0.33), 0.42, 0.100),  # apex
        ((0.72, 0.50, -0.45), 0.57, 0.105),  # free wall: R in V5-V6, S in V1-V2
        ((-0.20, -0.16, -0.30), 0.79, 0.085),  # base: s in I and V6
    ),
    # The left ventricle is activated as usual in the first 60 %; the right one follows late and slowly.
    Conduction.RIGHT_BLOCK: (
        ((-0.13, 0.00, 0.26), 0.14, 0.053),
        ((0.45, 0.36, 0.24), 0.25, 0.060),
        ((0.72, 0.48, -0.55), 0.35, 0.065),
        ((-0.40, -0.02, 0.55), 0.64, 0.100),  # R' in V1-V2, slurred S in I and V6
        ((-0.28, 0.03, 0.34), 0.80, 0.080),
    ),
    # The septum is activated from the right: no septal q, then two late leftward humps, the notched R. What lies
    # between them points backward, so that the notch shows in the lateral leads and hardly in the deep S of V1-V2.
    Conduction.LEFT_BLOCK: (
        ((0.13, 0.06, 0.10), 0.15, 0.060),
        ((0.80, 0.26, -0.50), 0.37, 0.125),
        ((0.00, 0.00, -0.28), 0.54, 0.080),
        ((0.76, 0.10, -0.72), 0.69, 0.124),
    ),
}
_T: dict[Conduction, Vector] = {
    Conduction.NORMAL: (0.23, 0.15, 0.14),
    Conduction.RIGHT_BLOCK: (0.24, 0.14, -0.15),
    Conduction.LEFT_BLOCK: (-0.26, -0.07, 0.32),
}


def _t_waves(vector: Vector, heart: Heart, qt_s: float) -> list[Wave]:
    """A slow rise and a faster fall; in left block also the discordant ST segment that leads into it."""
    sigma = 0.095 * qt_s
    peak = Wave(vector=vector, centre=qt_s - 2.2 * sigma, sigma=sigma)
    rise = replace(peak.shifted(-0.11 * qt_s, gain=0.5), sigma=0.115 * qt_s)
    if heart.conduction is not Conduction.LEFT_BLOCK:
        return [rise, peak]
    return [rise, peak, replace(peak, centre=heart.qrs_s + 0.07, sigma=0.045).shifted(0, gain=0.25)]


def _turned(waves: Sequence[Wave], rotation: np.ndarray, gains: np.ndarray) -> list[Wave]:
    turned = []
    for wave, gain in zip(waves, gains, strict=True):
        left, down, front = (gain * (rotation @ np.array(wave.vector))).tolist()
        turned.append(replace(wave, vector=(left, down, front)))
    return turned


def dipole(waves: Iterable[Wave], *, samples: int, sampling_rate: float) -> np.ndarray:
    """Sum of Gaussians -> float64 (3, samples) millivolts; centres are seconds after the first sample."""
    total = np.zeros((3, samples))
    for wave in waves:
        # Beyond 5 sigma less than 0.01 uV is left, so only a window of each wave is computed.
        first = max(0, int((wave.centre - 5 * wave.sigma) * sampling_rate))
        last = min(samples, int((wave.centre + 5 * wave.sigma) * sampling_rate) + 2)
        if first < last:
            time = np.arange(first, last) / sampling_rate
            shape = np.exp(-0.5 * ((time - wave.centre) / wave.sigma) ** 2)
            total[:, first:last] += np.array(wave.vector)[:, None] * shape
    return total
