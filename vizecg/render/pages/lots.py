"""Drawing lots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")


def one(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """One of some choices, each as likely as the others."""
    return choices[int(rng.integers(len(choices)))]


def usually(rng: np.random.Generator, first: Choice, others: Sequence[Choice], *, share: float) -> Choice:
    """``first``, or one of the others in ``share`` of the draws."""
    return one(rng, others) if others and rng.random() < share else first
