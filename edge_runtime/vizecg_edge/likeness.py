"""Whether the traces on a sheet are those of an ECG, in the layout that is read: the leads are bound to each other.

I + III = II and aVR + aVL + aVF = 0 at every moment, and the rhythm strip repeats lead II. Rows of anything else do not
know of each other, and of leads in other places other sums hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg_edge.rectify.content import COLUMNS, NAME_MM
from vizecg_edge.rectify.traces import PX_PER_MM

LEAST_REST, LEAST_POWER = 0.05, 0.05
"""Smaller rests than the first are the width of the pen; less power (mm^2) than the second is no wave."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """``identities``: how well the leads agree, about 0 for unrelated traces, 9 at best. ``layout``: how much better
    they agree in the places of the layout that is read than in those of its relatives; negative speaks for these."""

    identities: float
    layout: float


def likeness(signals: np.ndarray) -> Likeness:
    """``Rectified.signals_mm``: (4, samples), heights of the rows in mm."""
    width = signals.shape[1] // COLUMNS
    skip = round(NAME_MM * PX_PER_MM)
    first, second = (
        part - np.median(part, axis=1, keepdims=True)
        for part in (signals[:, k * width + skip : (k + 1) * width - 3] for k in (0, 1))
    )
    limb = _cancels(first[0], -first[1], first[2])
    augmented = _cancels(second[0], second[1], second[2])
    strip = _cancels(first[3], -first[1])
    # Cabrera: aVL I -aVR, and II aVF III.
    cabrera = _cancels(first[0], first[2], -1.5 * first[1]) + _cancels(second[0], second[2], -2 * second[1])
    # Four rows of three leads: I II III aVR, or aVL I -aVR II.
    four_rows = _cancels(first[0], first[1], 2 * first[3])
    four_cabrera = _cancels(first[3], first[1], -2 * first[2])
    return Likeness(
        identities=max(limb, 0.0) + max(augmented, 0.0) + max(strip, 0.0),
        layout=min(limb + augmented - cabrera, strip - four_rows, strip - four_cabrera),
    )


def _cancels(*parts: np.ndarray) -> float:
    """How nearly signals add up to nothing: 3 all, 0 as little as unrelated ones, below where they strengthen each
    other."""
    single = sum(float(np.mean(part**2)) for part in parts)
    together = float(np.mean(np.sum(parts, axis=0) ** 2))
    return float(-np.log(together / max(single, LEAST_POWER) + LEAST_REST))
