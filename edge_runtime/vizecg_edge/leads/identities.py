"""What the leads say of their own names: all six limb leads are sums of two of them, and a strip repeats a lead.

Signals are heights in mm, (samples,), of stretches that were recorded at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

LIMB: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as a sum of I and II (Einthoven 1913, Goldberger 1942)."""
LEAST_REST, LEAST_POWER = 0.05, 0.05
"""Smaller rests than the first are the width of the pen; less power (mm^2) than the second is no wave."""


def limb_agreement(signals: Mapping[str, np.ndarray]) -> float:
    """How well simultaneous stretches agree with being the limb leads that they are called.

    About 0 for unrelated signals, up to 3 for those that do, below 0 for those that contradict it.

    Args:
        signals: by name, a leading minus for one drawn upside down; others than limb leads are left out. With fewer
            than three nothing is known, and 0 comes out.
    """
    limb = {name: signal for name, signal in signals.items() if name.lstrip("-") in LIMB}
    if len(limb) < 3:
        return 0.0
    sums = np.array([LIMB[name.lstrip("-")] for name in limb]) * [[-1.0 if n.startswith("-") else 1.0] for n in limb]
    heights = _centred(np.stack(list(limb.values())))
    rest = heights - sums @ (np.linalg.pinv(sums) @ heights)
    share = float(np.mean(rest**2)) / max(float(np.mean(heights**2)), LEAST_POWER)
    return surprise(share * len(limb) / (len(limb) - 2))


def same(first: np.ndarray, second: np.ndarray) -> float:
    """How nearly two stretches are the same signal: about 0 for unrelated ones, up to 2.3."""
    first, second = _centred(first), _centred(second)
    single = float(np.mean(first**2) + np.mean(second**2))
    return surprise(float(np.mean((first - second) ** 2)) / max(single, LEAST_POWER)) if single else 0.0


def surprise(rest: float) -> float:
    """The logarithm that makes 0.02 of a rest as much better than 0.1 as that is than 0.3."""
    return float(-np.log(max(rest, 0.0) + LEAST_REST))


def _centred(heights: np.ndarray) -> np.ndarray:
    return np.asarray(heights - np.median(heights, axis=-1, keepdims=True))
