"""Runs of ink down the columns of a picture, and those of them that a row's trace may be."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
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
    upright = cv2.copyMakeBorder(cv2.transpose(ink), 0, 0, 1, 1, cv2.BORDER_CONSTANT)
    flat = upright.ravel()
    inked = flat > np.uint8(least)
    changes = np.flatnonzero(inked[1:] != inked[:-1])
    first, last = changes[::2] + 1, changes[1::2]
    column, high = np.divmod(first, upright.shape[1])
    top = (high - 1).astype(np.float32)
    bottom = top + (last - first + 1)
    if not len(first):
        return Runs(column=column, top=top, bottom=bottom, dark=top)
    lengths = last - first + 1
    dark = np.maximum.reduceat(flat[inked], np.cumsum(lengths) - lengths).astype(np.float32)
    # Between two pixel centres the ink crosses the limit where a straight line does.
    before, begin, end, after = (flat[place].astype(np.float32) for place in (first - 1, first, last, last + 1))
    top += 0.5 - (begin - least) / np.maximum(begin - before, 1)
    bottom += -0.5 + (end - least) / np.maximum(end - after, 1)
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
    column = runs.column[near] - first
    crowded = np.flatnonzero(np.bincount(column, minlength=last - first)[column] > MOST)
    if len(crowded):
        order = crowded[np.lexsort((away[near[crowded]], column[crowded]))]
        near = np.delete(near, order[_rank(column[order]) >= MOST])
        column = runs.column[near] - first
    rank = _rank(column)
    shape = (last - first, MOST)
    run = np.full(shape, -1, np.int64)
    run[column, rank] = near
    filled = [np.zeros(shape, np.float32) for _ in range(3)]
    for values, source in zip(filled, (runs.top, runs.bottom, runs.dark), strict=True):
        values[column, rank] = source[near]
    return Choices(run=run, top=filled[0], bottom=filled[1], dark=filled[2])


def _rank(values: np.ndarray) -> np.ndarray:
    """int (n,): of ascending values, how many like each come before it."""
    begins = np.flatnonzero(np.diff(values, prepend=-1))
    return np.arange(len(values)) - np.repeat(begins, np.diff(begins, append=len(values)))
