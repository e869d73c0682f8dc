"""Whether leads look as if electrodes, or rows of a page, had been exchanged; of records as of printed pages.

How usual the shape of a beat is in all leads together has a density, fitted on recorded ECGs. Leads that are far more
usual once an exchange is undone were recorded with it: exchanged electrodes of the limbs are linear maps of I and II
(Kors 2001), those of the chest change places.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

FINE_HZ = 500.0
"""Of mean beats."""
DENSITY = Path(__file__).parent / "usual_beats.npz"
"""``mean`` (kinds, 40), ``covariance`` (kinds, 40, 40) of ``features_of``: of 4,140 records without a bundle branch
block, 433 with RBBB and 427 with LBBB of PTB-XL's folds 1 to 8, each as a 3x4 page shows it."""
FREEDOM = 6.0
"""Degrees of freedom of the Student's t densities."""
LEAST_USUAL = 6.0
"""Logarithm of the density without the exchange: beats that are strange either way prove none. Of 2,170 records of
PTB-XL's fold 9 all but 1.5 % have more."""
SHARES = (0.95, 0.025, 0.025)
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
LEADS = ("I", "II", *CHEST)
LEAST_P, T_FROM_S, T_LEAST_S, T_USUAL_S, LEVEL_S = 8, 0.040, 0.060, 0.28, 0.012
"""Samples of a P wave; where T is looked for behind the QRS, for how long at least and where its end is not seen; and
the stretch before the QRS that is its level."""
SMALLEST_MV, SMALLEST_P_MV = 0.05, 0.01
FLAT_BEFORE_S, FLAT_AFTER_S = 0.10, 0.30
"""About a QRS, where a limb lead is flat that shows the two legs."""
FLAT_SHARE = {"I": 0.09, "II": 0.14, "III": 0.09}
"""Of the larger of the other two, what is flat: of 6,508 records 1 to 3 each are."""


class Exchange(str, Enum):
    """What seems to be exchanged. ``words``: for people."""

    ARMS = "arms"
    RIGHT_ARM_LEFT_LEG = "right_arm_left_leg"
    LEFT_ARM_LEFT_LEG = "left_arm_left_leg"
    LIMBS_ON = "limbs_on"
    LIMBS_BACK = "limbs_back"
    ARM_RIGHT_LEG = "arm_right_leg"
    CHEST = "chest"
    ROWS = "rows"
    COLUMNS = "columns"
    FLIPPED = "flipped"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Exchange.ARMS: "the electrodes of both arms, or the heart lies to the right",
    Exchange.RIGHT_ARM_LEFT_LEG: "the electrodes of right arm and left leg",
    Exchange.LEFT_ARM_LEFT_LEG: "the electrodes of left arm and left leg",
    Exchange.LIMBS_ON: "the electrodes of both arms and the left leg",
    Exchange.LIMBS_BACK: "the electrodes of both arms and the left leg",
    Exchange.ARM_RIGHT_LEG: "the electrodes of an arm and the right leg",
    Exchange.CHEST: "electrodes of the chest",
    Exchange.ROWS: "rows of the page",
    Exchange.COLUMNS: "columns of the page",
    Exchange.FLIPPED: "above and below",
}


OF_PAGES = frozenset({Exchange.ROWS, Exchange.COLUMNS, Exchange.FLIPPED})
"""What no electrodes do."""


class Waves(Protocol):
    """Where the waves of a mean beat lie, in samples at ``FINE_HZ``; None where one is not seen."""

    @property
    def qrs_on(self) -> float: ...
    @property
    def qrs_off(self) -> float: ...
    @property
    def p_on(self) -> float | None: ...
    @property
    def p_peak(self) -> int | None: ...
    @property
    def t_off(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class _Undoing:
    """``limb``: (I, II) as they would be, of those that are seen; ``chest``: which of V1 to V6 each of them is then;
    ``sign`` of all; ``limit``: by how much the logarithm of the density must grow.

    The limits were chosen on PTB-XL's fold 9, where all together warn of 1 % of 2,170 records.
    """

    exchange: Exchange
    limit: float
    limb: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))
    chest: str = "123456"
    sign: float = 1.0

    def of(self, beats: np.ndarray) -> np.ndarray:
        """(8, samples) of ``LEADS`` -> the same, had nothing been exchanged."""
        chest = [1 + int(number) for number in self.chest]
        return self.sign * np.concatenate([np.array(self.limb) @ beats[:2], beats[chest]])


_UNDOINGS = (
    _Undoing(exchange=Exchange.ARMS, limb=((-1, 0), (-1, 1)), limit=6.0),
    _Undoing(exchange=Exchange.RIGHT_ARM_LEFT_LEG, limb=((1, -1), (0, -1)), limit=8.0),
    _Undoing(exchange=Exchange.LEFT_ARM_LEFT_LEG, limb=((0, 1), (1, 0)), limit=12.0),
    _Undoing(exchange=Exchange.LIMBS_ON, limb=((-1, 1), (-1, 0)), limit=10.0),
    _Undoing(exchange=Exchange.LIMBS_BACK, limb=((0, -1), (1, -1)), limit=10.0),
    _Undoing(exchange=Exchange.CHEST, chest="213456", limit=7.0),
    _Undoing(exchange=Exchange.CHEST, chest="132456", limit=11.0),
    _Undoing(exchange=Exchange.CHEST, chest="124356", limit=11.0),
    _Undoing(exchange=Exchange.CHEST, chest="123546", limit=14.0),
    _Undoing(exchange=Exchange.CHEST, chest="123465", limit=15.0),
    _Undoing(exchange=Exchange.CHEST, chest="321456", limit=6.0),
    _Undoing(exchange=Exchange.CHEST, chest="623451", limit=9.0),
    _Undoing(exchange=Exchange.CHEST, chest="654321", limit=13.0),
    _Undoing(exchange=Exchange.COLUMNS, chest="456123", limit=10.0),
    _Undoing(exchange=Exchange.ROWS, limb=((-1, 1), (0, 1)), chest="321654", limit=9.0),
    _Undoing(exchange=Exchange.FLIPPED, limb=((-1, 1), (0, 1)), chest="321654", sign=-1.0, limit=9.0),
)


def exchanged_in(beats: np.ndarray, marks: Waves) -> Exchange | None:
    """What seems to be exchanged in mean beats (8, samples) millivolts of ``LEADS`` at ``FINE_HZ``; None where nothing
    does."""
    if _has_flat_limb(beats[:2], marks):
        return Exchange.ARM_RIGHT_LEG
    every = np.stack([features_of(beats, marks), *(features_of(one.of(beats), marks) for one in _UNDOINGS)])
    told = _log_density(every)
    ahead = [gain - one.limit for gain, one in zip(told[1:] - told[0], _UNDOINGS, strict=True)]
    best = int(np.argmax(ahead))
    return _UNDOINGS[best].exchange if ahead[best] > 0 and told[1 + best] > LEAST_USUAL else None


def _has_flat_limb(limb: np.ndarray, marks: Waves) -> bool:
    """Whether one of I, II and III is hardly more than a line, which shows the two legs. ``limb``: I and II."""
    first = max(0, round(marks.qrs_on - FLAT_BEFORE_S * FINE_HZ))
    part = np.stack([limb[0], limb[1], limb[1] - limb[0]])[:, first : round(marks.qrs_off + FLAT_AFTER_S * FINE_HZ)]
    heights = np.ptp(part, axis=1)
    return any(heights[k] < share * max(heights[k - 1], heights[k - 2]) for k, share in enumerate(FLAT_SHARE.values()))


def features_of(beats: np.ndarray, marks: Waves) -> np.ndarray:
    """(8, samples) mean beats -> (40,): of each lead mean, highest and lowest of its QRS, mean of T, and of P; by the
    usual height of all QRS, P by that of all P. NaN without a P wave."""
    on, off = round(marks.qrs_on), round(marks.qrs_off)
    level = beats - beats[:, max(0, on - round(LEVEL_S * FINE_HZ)) : on + 1].mean(axis=1, keepdims=True)
    qrs = level[:, on : off + 1]
    high, low = qrs.max(axis=1), qrs.min(axis=1)
    start = min(off + round(T_FROM_S * FINE_HZ), beats.shape[1] - 2 * round(T_FROM_S * FINE_HZ))
    end = off + round(T_USUAL_S * FINE_HZ) if marks.t_off is None else int(marks.t_off)
    end = min(max(end, start + round(T_LEAST_S * FINE_HZ)), beats.shape[1])
    size = float((high - low).mean()) + SMALLEST_MV
    waves = np.concatenate([qrs.mean(axis=1), high, low, level[:, start:end].mean(axis=1)]) / size
    return np.concatenate([waves, _p_features(beats, marks, on)])


def _p_features(beats: np.ndarray, marks: Waves, on: int) -> np.ndarray:
    none = np.full(len(beats), np.nan)
    if marks.p_on is None or marks.p_peak is None:
        return none
    first = max(0, round(marks.p_on))
    last = min(on - 2, 2 * marks.p_peak - first)
    if last - first < LEAST_P:
        return none
    part = beats[:, first:last]
    along = np.linspace(0.0, 1.0, last - first)
    height = (part - (part[:, :1] * (1 - along) + part[:, -1:] * along)).mean(axis=1)
    return np.asarray(height / (np.sqrt((height**2).mean()) + SMALLEST_P_MV))


@lru_cache(maxsize=1)
def _densities() -> tuple[np.ndarray, np.ndarray]:
    with np.load(DENSITY, allow_pickle=False) as stored:
        return stored["mean"].astype(np.float64), stored["covariance"].astype(np.float64)


def _log_density(features: np.ndarray) -> np.ndarray:
    """(n, 40) -> (n,) logarithm of the density, less a constant; without P waves, of the rest."""
    known = np.isfinite(features).all(axis=0)
    told = []
    for mean, covariance, share in zip(*_densities(), SHARES, strict=True):
        lower = np.linalg.cholesky(covariance[np.ix_(known, known)])
        off = np.linalg.solve(lower, (features[:, known] - mean[known]).T)
        count = int(known.sum())
        peaked = (FREEDOM + count) / 2 * np.log1p((off**2).sum(axis=0) / FREEDOM)
        told.append(np.log(share) - peaked - np.log(np.diag(lower)).sum())
    return np.asarray(np.logaddexp.reduce(told, axis=0))
