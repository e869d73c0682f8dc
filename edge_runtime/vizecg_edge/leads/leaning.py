"""Which way the QRS complexes of each lead point: what tells a page from itself upside down where it has no names."""

from __future__ import annotations

import numpy as np

LOGITS: dict[str, tuple[float, ...]] = {
    "I": (-2.7, -3.3, -2.3, -1.2, -0.4, 0.2, 0.7, 0.7),
    "II": (-2.5, -1.6, -0.8, -0.1, 0.2, 0.3, 0.5, 0.2),
    "III": (0.0, 0.4, 0.3, 0.3, 0.3, -0.1, -0.5, -1.2),
    "aVR": (1.5, 1.1, 0.3, -0.3, -1.3, -1.9, -3.5, -3.5),
    "-aVR": (-2.6, -3.0, -1.9, -1.4, -0.5, 0.3, 0.7, 1.4),
    "aVL": (-2.1, -1.1, -0.5, -0.3, 0.0, 0.3, 0.4, 0.4),
    "aVF": (-1.5, -0.3, -0.1, 0.2, 0.2, 0.3, 0.2, -0.3),
    "V1": (1.5, 1.1, 0.4, -0.7, -1.3, -1.4, -2.5, -3.5),
    "V2": (-0.5, 0.6, 1.1, 0.7, 0.0, -1.0, -2.0, -2.5),
    "V3": (-1.1, -0.2, 0.6, 0.8, 0.7, 0.1, -1.0, -1.3),
    "V4": (-1.7, -1.2, -0.6, 0.1, 0.5, 0.6, 0.0, 0.1),
    "V5": (-2.5, -2.2, -1.4, -0.8, -0.2, 0.2, 0.5, 0.8),
    "V6": (-2.7, -2.6, -1.7, -0.9, -0.6, 0.0, 0.5, 1.0),
}
"""Of each lead against all twelve, in eight equal steps of the leaning from -1 to 1: from stretches of 2.5 s of 900
records of the folds 1 to 3 of PTB-XL."""
PERCENT = 98.5
"""Waves are taken to reach as far as this share of a stretch, which leaves spikes out."""
LEAST_MM = 1.0
"""Stretches whose waves are smaller than this, from the lowest to the highest, lean nowhere."""


def leanings(heights: np.ndarray) -> np.ndarray:
    """float32 (rows, samples), mm -> (rows,) -1 where all waves point down, 1 where all point up; NaN without waves."""
    low, middle, high = np.percentile(heights, [100 - PERCENT, 50.0, PERCENT], axis=1)
    reach = high - low
    return np.where(reach >= LEAST_MM, (high + low - 2 * middle) / np.maximum(reach, LEAST_MM), np.nan)


def leaning_logit(name: str, leaning: float) -> float:
    """How much more a leaning speaks for a lead than for any other; 0 where nothing is known of either."""
    steps = LOGITS.get(name)
    if steps is None or not np.isfinite(leaning):
        return 0.0
    return steps[min(len(steps) - 1, max(0, int((leaning + 1) / 2 * len(steps))))]
