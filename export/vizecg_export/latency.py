"""How long one sheet takes, beside the float network: a figure for orientation, measured in one run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from vizecg_export.job import Run
from vizecg_export.targets import FLOAT

_WARMUP = 3
_PAUSE_S = 0.02
"""Threads of the contender before spin for a while, and would take the cores of the next one."""


def latencies(contenders: Mapping[str, Run], image: np.ndarray, *, rounds: int = 30) -> dict[str, dict[str, Any]]:
    """Median milliseconds of one sheet for each contender, taken in turn so that a busy machine slows all alike.

    Args:
        contenders: by name; ``FLOAT`` is what the ratios refer to.
        image: float32 (1, 1, H, W).
        rounds: measured runs of each.
    """
    taken = in_turn({name: partial(run, image) for name, run in contenders.items()}, rounds=rounds)
    medians = {name: float(np.median(values)) for name, values in taken.items()}
    return {
        name: {
            "p50_ms": round(median, 3),
            "p90_ms": round(float(np.percentile(taken[name], 90)), 3),
            "of_float": round(median / medians[FLOAT], 4),
            "rounds": rounds,
            "cores": len(os.sched_getaffinity(0)),
        }
        for name, median in medians.items()
    }


def in_turn(runs: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every run of each, taken in turn; the first few are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(_WARMUP + rounds):
        for name, run in runs.items():
            time.sleep(_PAUSE_S)
            start = time.perf_counter()
            run()
            if turn >= _WARMUP:
                taken[name].append((time.perf_counter() - start) * 1000)
    return taken
