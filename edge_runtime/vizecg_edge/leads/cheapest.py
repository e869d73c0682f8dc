"""The cheapest way through columns of states, in stretches side by side: a step of a few numbers takes as long as one
of thousands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FAR = np.float32(1e9)
"""Costs more than any way."""


def cheapest_ways(steps: Sequence[np.ndarray], start: np.ndarray) -> np.ndarray:
    """The states of the cheapest way of every row through all of its stretches, one after the other.

    Args:
        steps: of a stretch, float32 (states, states, stretches, rows) each: what it costs to go from a state (the first
            axis) to one of the next column (the second), itself included.
        start: float32 (states, rows), the cost of each state before the first stretch.

    Returns:
        int64 (1 + stretches * steps, rows), from that before the first stretch on.
    """
    states, _, count, rows = steps[0].shape
    flat = [step.reshape(states, states, -1) for step in steps]
    through = _through(flat).reshape(states, states, count, rows)
    enter = np.empty((states, count, rows), np.float32)
    enter[:, 0] = start
    for stretch in range(1, count):
        enter[:, stretch] = (enter[:, None, stretch - 1] + through[:, :, stretch - 1]).min(axis=0)
    last = (enter[:, None, -1] + through[:, :, -1]).min(axis=0).argmin(axis=0)
    every = np.arange(rows)
    ends = np.empty((count, rows), np.int64)
    ends[-1] = last
    for stretch in range(count - 1, 0, -1):
        ends[stretch - 1] = (enter[:, stretch] + through[:, ends[stretch], stretch, every]).argmin(axis=0)
    costs = [enter.reshape(states, -1)]
    for step in flat[:-1]:
        costs.append((costs[-1][:, None] + step).min(axis=0))
    way = np.empty((len(steps) + 1, count * rows), np.int64)
    way[-1] = ends.ravel()
    every = np.arange(count * rows)
    for column in range(len(steps) - 1, -1, -1):
        way[column] = (costs[column] + flat[column][:, way[column + 1], every]).argmin(axis=0)
    # Where a stretch ends the next begins.
    return np.concatenate([way[:-1].reshape(-1, count, rows).swapaxes(0, 1).reshape(-1, rows), ends[-1:]])


def _through(steps: Sequence[np.ndarray]) -> np.ndarray:
    """float32 (states, states, n): what it costs to come from each state before all steps to each behind them."""
    best = steps[0].copy()
    states = len(best)
    following, tried = np.empty_like(best), np.empty_like(best)
    for step in steps[1:]:
        np.add(best[:, 0, None], step[0], out=following)
        for state in range(1, states):
            np.add(best[:, state, None], step[state], out=tried)
            np.minimum(following, tried, out=following)
        best, following = following, best
    return best
