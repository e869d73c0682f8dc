"""Decisions of two networks on the same records: which turned over, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Records that only the first (``lost``) or only the second network (``won``) decides right, and McNemar's p."""

    lost: int
    won: int
    mcnemar_p: float


def flips_by_class(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, *, names: Sequence[str]
) -> dict[str, Flips]:
    """Per class, of decisions and labels (n, classes) of 0 and 1: what turned over from ``before`` to ``after``."""
    truth = np.asarray(labels) > 0
    was_right, is_right = (before > 0) == truth, (after > 0) == truth
    lost, won = (was_right & ~is_right).sum(axis=0), (~was_right & is_right).sum(axis=0)
    return {
        name: Flips(lost=int(lost[i]), won=int(won[i]), mcnemar_p=round(mcnemar_p(int(lost[i]), int(won[i])), 5))
        for i, name in enumerate(names)
    }


def mcnemar_p(lost: int, won: int) -> float:
    """McNemar's exact test, two-sided: how likely so uneven a split is where either way is as likely."""
    turned = lost + won
    tail, ways = 0, 1  # binomial coefficients, exactly
    for k in range(min(lost, won) + 1):
        tail += ways
        ways = ways * (turned - k) // (k + 1)
    return min(1.0, 2 * tail / 2**turned)
