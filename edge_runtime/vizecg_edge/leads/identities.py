"""What the leads say of their own names: all six limb leads are sums of two of them, and a strip repeats a lead."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from vizecg.spec.labels import LIMB_OF_I_II
from vizecg_edge.leads.leaning import leanings

LEAST_REST, LEAST_POWER = 0.05, 0.05
"""Smaller rests than the first are the width of the pen; less power (mm^2) than the second is no wave."""


class Products:
    """Stretches of several rows that were recorded at the same time, as the products of their heights.

    Args:
        heights: float32 (rows, samples), mm.

    ``levels``: (rows,) their medians. ``leanings``: which way their waves point, see ``leaning``.
    """

    def __init__(self, heights: np.ndarray) -> None:
        self.levels = np.median(heights, axis=1) if heights.size else np.zeros(len(heights))
        centred = heights - self.levels[:, None]
        self._known: dict[tuple[tuple[str, int], ...], float] = {}
        self.leanings: list[float] = leanings(heights).tolist() if heights.size else [0.0] * len(heights)
        self.products = (centred @ centred.T / max(1, heights.shape[1])).astype(np.float64)

    def limb(self, rows: Mapping[str, int]) -> float:
        """How well some rows agree with being the limb leads that they are called.

        About 0 for unrelated signals, up to 3 for those that do, below 0 for those that contradict it.

        Args:
            rows: by name, a leading minus for one drawn upside down. With fewer than three nothing is known, and 0
                comes out.
        """
        if len(rows) < 3:
            return 0.0
        key = tuple(rows.items())
        if key not in self._known:
            self._known[key] = self._limb(rows)
        return self._known[key]

    def _limb(self, rows: Mapping[str, int]) -> float:
        index = list(rows.values())
        products = self.products[np.ix_(index, index)]
        rest = float(np.sum(_rest(tuple(rows)) * products))
        share = rest / len(rows) / max(float(np.trace(products)) / len(rows), LEAST_POWER)
        return surprise(share * len(rows) / (len(rows) - 2))

    def same(self, row: int, other: int) -> float:
        """How nearly two rows are the same signal: about 0 for unrelated ones, up to 3."""
        single = self.products[row, row] + self.products[other, other]
        rest = single - 2 * self.products[row, other]
        return surprise(float(rest) / max(float(single), LEAST_POWER)) if single else 0.0


@lru_cache(maxsize=256)
def _rest(names: tuple[str, ...]) -> np.ndarray:
    """(n, n): what takes out of the limb leads of these names all that two of them explain."""
    signs = [[-1.0 if name.startswith("-") else 1.0] for name in names]
    sums = np.array([LIMB_OF_I_II[name.lstrip("-")] for name in names]) * signs
    return np.asarray(np.eye(len(names)) - sums @ np.linalg.pinv(sums))


def surprise(rest: float) -> float:
    """The logarithm that makes 0.02 of a rest as much better than 0.1 as that is than 0.3."""
    return float(-np.log(max(rest, 0.0) + LEAST_REST))
