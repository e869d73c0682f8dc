"""Which way time runs along the rows of a page: behind a QRS complex there is more of a wave, T, than before it."""

from __future__ import annotations

import numpy as np

NEAR, FAR = 0.12, 0.42
"""What is compared, on both sides of a beat, as a share of the usual interval between two."""
LEAST_MM = 0.1
WEIGHT, MOST = 5.0, 3.0
"""Of the logarithm of the heights behind over those before, in logits, and the most that it may say: of 175 drawn pages
with names 87 % have more behind, and three in four of the others hardly less."""


def forward_logit(heights: np.ndarray, beats: np.ndarray, within: np.ndarray) -> float:
    """How much more likely time runs from left to right than from right to left, in logits.

    Args:
        heights: float32 (rows, w), mm.
        beats: int (n,) columns in which the rows have their QRS complexes.
        within: bool (w,), the columns in which the traces are.
    """
    if len(beats) < 2:
        return 0.0
    usual = float(np.median(np.diff(beats)))
    reach, near = int(FAR * usual), max(1, int(NEAR * usual))
    inside = np.flatnonzero(within)
    before = behind = 0.0
    for beat in beats.tolist():
        if reach <= near or not len(inside) or beat - reach < inside[0] or beat + reach > inside[-1]:
            continue
        part = heights[:, beat - reach : beat + reach + 1]
        part = np.abs(part - np.median(part, axis=1, keepdims=True))
        before += float(part[:, : reach - near].mean())
        behind += float(part[:, reach + near + 1 :].mean())
    if not before + behind:
        return 0.0
    told = WEIGHT * np.log((behind + LEAST_MM) / (before + LEAST_MM))
    return float(np.clip(told, -MOST, MOST))
