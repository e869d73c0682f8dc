"""Runs of ink down the columns of a picture, and those of them that a row's trace may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST = 5
"""Runs of a column that are kept for a row: those nearest to its baseline."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs of ink, column by column, from the top. ``column`` int (n,); ``top``, ``bottom`` float32 (n,): the edges
    of the ink in pixel-edge coordinates, to a fraction of a pixel; ``dark`` float32 (n,): the darkest ink, 0 to 255."""

    column: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    dark: np.ndarray


def runs_of(ink: np.ndarray, *, least: float) -> Runs:
    """The runs of ink darker than ``least`` in uint8 (h, w)."""
    upright = np.zeros((ink.shape[1], ink.shape[0] + 2), np.uint8)
    upright[:, 1:-1] = ink.T
    flat = upright.ravel()
    inked = flat > least
    changes = np.flatnonzero(inked[1:] != inked[:-1])
    first, last = changes[::2] + 1, changes[1::2]
    column, high = np.divmod(first, upright.shape[1])
    top = (high - 1).astype(np.float32)
    bottom = top + (last - first + 1)
    if not len(first):
        return Runs(column=column, top=top, bottom=bottom, dark=top)
    dark = np.maximum.reduceat(flat, np.stack([first, last + 1], axis=1).ravel())[::2].astype(np.float32)
    # Between two pixel centres the ink crosses the limit where a straight line does.
    value = flat.astype(np.float32)
    top += 0.5 - (value[first] - least) / np.maximum(value[first] - value[first - 1], 1)
    bottom += -0.5 + (value[last] - least) / np.maximum(value[last] - value[last + 1], 1)
    return Runs(column=column, top=top, bottom=bottom, dark=dark)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The runs that the trace of a row may be, (columns, ``MOST``): ``run``, -1 for none; ``top``, ``bottom``,
    ``dark`` as in ``Runs``."""

    run: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    dark: np.ndarray


def choices_of(runs: Runs, *, columns: tuple[int, int], baseline: float, reach: float) -> Choices:
    """The runs of each column from the first to the last (exclusive) that come within ``reach`` of a baseline."""
    first, last = columns
    away = np.maximum(np.maximum(runs.top - baseline, baseline - runs.bottom), 0)
    near = np.flatnonzero((runs.column >= first) & (runs.column < last) & (away <= reach))
    near = near[np.lexsort((away[near], runs.column[near]))]
    column = runs.column[near] - first
    rank = np.arange(len(near)) - np.searchsorted(column, column)
    near, column, rank = (values[rank < MOST] for values in (near, column, rank))
    shape = (last - first, MOST)
    run = np.full(shape, -1, np.int64)
    run[column, rank] = near
    filled = [np.zeros(shape, np.float32) for _ in range(3)]
    for values, source in zip(filled, (runs.top, runs.bottom, runs.dark), strict=True):
        values[column, rank] = source[near]
    return Choices(run=run, top=filled[0], bottom=filled[1], dark=filled[2])
