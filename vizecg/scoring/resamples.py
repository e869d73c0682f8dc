"""Bootstrap over records: the resamples, and the 95 % intervals that come of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Interval = dict[str, "float | None"]
"""``value``, and ``low`` and ``high`` of its 95 % interval; null where it is not defined."""

_BLOCK = 2**21
"""Weights at a time, 16 MiB: half a thousand resamples of a large test set would take gigabytes at once."""


@dataclass(frozen=True, kw_only=True)
class Resamples:
    """All ``n`` records once, then ``bootstraps`` draws of n of them with replacement.

    Two of the same arguments hold the same records, so that what is measured on them is paired.
    """

    n: int
    bootstraps: int
    seed: int = 0

    def weights(self) -> Iterator[np.ndarray]:
        """Blocks of rows of float64 (1 + bootstraps, n): how often each record is in each resample."""
        rng = np.random.default_rng(self.seed)
        height = max(1, _BLOCK // self.n)
        for start in range(0, 1 + self.bootstraps, height):
            rows = range(start, min(start + height, 1 + self.bootstraps))
            counts = [
                np.bincount(rng.integers(0, self.n, self.n), minlength=self.n) if row else np.ones(self.n, np.int64)
                for row in rows
            ]
            yield np.stack(counts).astype(np.float64)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Of values (n,) of the records: float64 (1 + bootstraps,)."""
        return np.concatenate([block @ values for block in self.weights()]) / self.n


def interval(values: np.ndarray) -> Interval:
    """Of a figure (1 + bootstraps,): the first, and the middle 95 % of the others, of which those that are not finite
    do not count."""
    value, samples = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value) or not len(samples):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(samples, [2.5, 97.5])
    return {"value": round(value, 5), "low": round(float(low), 5), "high": round(float(high), 5)}
