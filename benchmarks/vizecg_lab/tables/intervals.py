"""Means with bootstrap intervals, and how the studies print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import bootstrap

BOOTSTRAPS = 2000

Interval = dict[str, Any]
"""``value``, ``low``, ``high`` of a 95 % interval, null where not defined, and ``n``, how many values there were."""


def mean_interval(values: np.ndarray, *, seed: int = 0) -> Interval:
    """Mean of the values that are finite, and its 95 % percentile bootstrap interval.

    For a paired difference give the differences. Fewer than two values have no interval.
    """
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return {"value": None, "low": None, "high": None, "n": 0}
    value, low, high = float(known.mean()), None, None
    if len(known) > 1:
        found = bootstrap(
            (known,), np.mean, n_resamples=BOOTSTRAPS, method="percentile", rng=np.random.default_rng(seed)
        ).confidence_interval
        low, high = round(float(found.low), 5), round(float(found.high), 5)
    return {"value": round(value, 5), "low": low, "high": high, "n": len(known)}


def shown(found: Mapping[str, Any], *, digits: int = 3, signed: bool = False) -> str:
    """``0.954 (0.947 to 0.960)``, or a dash."""
    if found["value"] is None:
        return "-"
    form = f"{'+' if signed else ''}.{digits}f"
    text = format(found["value"], form)
    if found["low"] is None:
        return text
    return f"{text} ({format(found['low'], form)} to {format(found['high'], form)})"
