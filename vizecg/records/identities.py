"""Whether the six limb leads of a record are those of one heart, each in its place and at its gain.

Of three electrodes there are two voltages: III, aVR, aVL and aVF follow from I and II (Einthoven, Goldberger).
Recorders store every lead with an offset, a baseline, filters and a step of its own, and gains that differ by some per
cent. So beats are compared, without baselines, and a fault is told where one explains what does not fit: a lead whose
gain would be far from 1, or two that changed places. The limits were chosen on 240 records of PTB-XL's fold 9, as they
are and as recorders of that kind would have stored them; ``python -m vizecg_lab records`` counts on others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from vizecg.spec.labels import LIMB_OF_I_II

LIMB = tuple(LIMB_OF_I_II)
FROM_I_II = np.array(list(LIMB_OF_I_II.values()))
"""Each limb lead, of I and II."""
SMOOTH_S, BASELINE_S = 0.020, 0.40
"""Widths of the moving means that take off steps of the recorder and mains of 50 Hz, and what is slower than a beat."""
BLOCK_S, BEATING, FITTING = 0.1, 0.5, 0.9
"""A record is judged by the share of its blocks that moves most, and of these by the share that fits best: between
beats there is noise alone, and a spike does not decide."""
LEAST_MV = 0.003
"""A misfit below, root mean square over the blocks, is rounding."""
GAINS = (0.71, 1.41)
"""Half way, as a factor, to half and to twice the gain: a lead beyond is not at its own. Gains that differ by 8 %,
with filters and steps of their own, left all leads within 0.83 to 1.14."""
EXPLAINED, EXCHANGED, SURELY_EXCHANGED = 0.8, 0.6, 0.1
"""Of the misfit, in energy, what must be left at most without the lead, or with two in each other's place; where that
leaves more than the last, these are not the only ones."""
UNLIKE, SURELY_UNLIKE = 0.9, 0.985
"""Correlation of a lead with what the others make it: below the first it is another lead; below the second where the
others fit each other closely, ``CLOSELY`` of the misfit being left without it. Honest ones had 0.92 and more."""
CLOSELY = 0.02
LEAST_UNLIKE = 0.15
"""Of the limb leads' usual root mean square: what does not fit of a small lead may be noise."""
MOST_APART = 0.25
"""Of the limb leads' root mean square, what follows from no two voltages, whatever the reason: 0.02 in PTB-XL, and at
most 0.14 with recorders of their own."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What is wrong with the limb leads, in words, and with which; none are named where it is not told."""

    what: str
    leads: tuple[str, ...] = ()


def _residual(rows: Sequence[int]) -> np.ndarray:
    """(6, 6): what of these limb leads is in no two voltages; none of the other leads is in it."""
    some = FROM_I_II[list(rows)]
    whole = np.zeros((len(LIMB), len(LIMB)))
    whole[np.ix_(rows, rows)] = np.eye(len(rows)) - some @ np.linalg.pinv(some)
    return whole


def _made_of(lead: int) -> np.ndarray:
    """(6,): weights of the other limb leads that make this one, 0 for itself."""
    rest = [row for row in range(len(LIMB)) if row != lead]
    return np.insert(FROM_I_II[lead] @ np.linalg.pinv(FROM_I_II[rest]), lead, 0.0)


_LEADS = range(len(LIMB))
_APART = _residual(_LEADS)
_WITHOUT = np.stack([_residual([row for row in _LEADS if row != lead]) for lead in _LEADS])
_MADE = np.stack([_made_of(lead) for lead in _LEADS])
_PAIRS = tuple(combinations(_LEADS, 2))


def _in_order(pair: tuple[int, int]) -> np.ndarray:
    """``_APART`` of leads two of which are in each other's place."""
    order = np.arange(len(LIMB))
    order[list(pair)] = pair[::-1]
    return np.asarray(_APART[np.ix_(order, order)])


_EXCHANGED = np.stack([_in_order(pair) for pair in _PAIRS])


def limb_misfit(limb: np.ndarray, *, sampling_rate: float) -> Misfit | None:
    """What is wrong with limb leads, float (6, samples) millivolts in the order of ``LIMB``; None where nothing is.

    Found are a lead at another gain or sign, a lead that is flat or another one, and two that changed places. Not found
    are electrodes exchanged on the patient, whose leads follow from each other all the same, and a gain that is wrong
    in all six.
    """
    width = max(1, round(BLOCK_S * sampling_rate))
    blocks = _products(beats_alone(limb, sampling_rate), width)
    whole = np.trace(blocks, axis1=1, axis2=2)
    apart = np.einsum("ij,bji->b", _APART, blocks)
    beating = np.argsort(-whole, kind="stable")[: max(1, round(BEATING * len(blocks)))]
    fitting = np.argsort((apart / np.maximum(whole, 1e-12))[beating], kind="stable")
    used = beating[fitting[: max(1, round(FITTING * len(beating)))]]
    return _judged(blocks[used].sum(axis=0) / (len(used) * width))


def beats_alone(leads: np.ndarray, sampling_rate: float) -> np.ndarray:
    """float64 (leads, samples) without steps and baseline."""
    short, long = (max(1, round(seconds * sampling_rate)) for seconds in (SMOOTH_S, BASELINE_S))
    smooth = _moving_mean(leads.astype(np.float64), short)
    return np.asarray(smooth - _moving_mean(smooth, long))


def _moving_mean(signal: np.ndarray, width: int) -> np.ndarray:
    before = (width - 1) // 2
    padded = np.pad(signal, ((0, 0), (before + 1, width - 1 - before)), mode="edge")
    padded[:, 0] = 0.0
    total = np.cumsum(padded, axis=1)
    return np.asarray((total[:, width:] - total[:, :-width]) / width)


def _products(beats: np.ndarray, width: int) -> np.ndarray:
    """(blocks, 6, 6): sums of the products of any two leads, block by block; what is over at the end is in none."""
    count = max(1, beats.shape[1] // width)
    parts = beats[:, : count * width].reshape(len(beats), count, -1).swapaxes(0, 1)
    return np.asarray(parts @ parts.swapaxes(1, 2))


def _judged(products: np.ndarray) -> Misfit | None:
    """By (6, 6) mean products, square millivolts."""
    whole, apart = float(np.trace(products)), float(np.trace(_APART @ products))
    if apart <= LEAST_MV**2:
        return None
    faults = [*_single(products, whole, apart), *_exchanges(products, apart)]
    if faults:
        return min(faults, key=lambda fault: fault[0])[1]
    if apart > MOST_APART**2 * whole:
        return Misfit(what=f"{np.sqrt(apart / whole):.0%} of the limb leads follows from no two of them")
    return None


def _single(products: np.ndarray, whole: float, apart: float) -> Iterator[tuple[float, Misfit]]:
    """What is left of the misfit without a lead, and what is wrong with that lead."""
    for lead, left in enumerate(np.einsum("lij,ij->l", _WITHOUT, products).tolist()):
        if left > EXPLAINED * apart:
            continue
        name, weights = LIMB[lead], _MADE[lead]
        made, stored = float(weights @ products @ weights), float(products[lead, lead])
        common = float(weights @ products[:, lead])
        gain, alike = common / max(made, 1e-12), common / np.sqrt(max(made * stored, 1e-24))
        unlike = alike < UNLIKE or (left < CLOSELY * apart and alike < SURELY_UNLIKE)
        if not GAINS[0] <= gain <= GAINS[1] and (abs(alike) >= UNLIKE or abs(gain) < GAINS[0]):
            yield left, Misfit(what=f"{name} is {gain:.2f} times what the other limb leads make it", leads=(name,))
        elif unlike and stored - 2 * common + made > LEAST_UNLIKE**2 * whole / len(LIMB):
            yield left, Misfit(what=f"{name} does not follow from the other limb leads", leads=(name,))


def _exchanges(products: np.ndarray, apart: float) -> Iterator[tuple[float, Misfit]]:
    """What is left of the misfit with two leads in each other's place."""
    for pair, left in zip(_PAIRS, np.einsum("pij,ij->p", _EXCHANGED, products).tolist(), strict=True):
        if left < EXCHANGED * apart:
            names = LIMB[pair[0]], LIMB[pair[1]]
            what = f"{names[0]} and {names[1]} seem to be exchanged"
            if left > SURELY_EXCHANGED * apart:
                what = f"{names[0]}, {names[1]} or others are in each other's place"
            # Of four ways to misfit, three are left without a lead: so much less is left by itself.
            yield 0.75 * left, Misfit(what=what, leads=names)
