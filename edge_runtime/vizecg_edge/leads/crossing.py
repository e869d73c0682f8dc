"""Where the traces of two rows meet in one run of ink: which part of it is whose."""

from __future__ import annotations

import numpy as np

BEYOND_PX = 1.5
"""Ink this far beyond the other row's line belongs to the wave that crosses it."""


def parted(top: np.ndarray, bottom: np.ndarray, run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the rows' own ink, NaN where a row only passes through another one's wave.

    Of two rows in one run, that with the longer strokes beside it is the one whose wave reaches the other's line.

    Args:
        top, bottom: float32 (rows, columns) pixels, of the run that each row takes; NaN for none.
        run: int64 (rows, columns), which run it is, -1 for none; rows from the top.
    """
    top, bottom = top.copy(), bottom.copy()
    for above in range(len(run) - 1):
        below = above + 1
        shared = np.flatnonzero((run[above] == run[below]) & (run[above] >= 0))
        if not len(shared):
            continue
        first, last = top[above, shared].copy(), bottom[below, shared].copy()
        edges = []
        for row in (above, below):
            top[row, shared] = bottom[row, shared] = np.nan
            known = np.flatnonzero(np.isfinite(top[row]))
            if not len(known):
                break
            edges.append([np.interp(shared, known, edge[row, known]) for edge in (top, bottom)])
        if len(edges) < 2:
            continue
        (top_above, bottom_above), (top_below, bottom_below) = edges
        falls = bottom_above - top_above >= bottom_below - top_below
        beyond = np.where(falls, last > bottom_below + BEYOND_PX, first < top_above - BEYOND_PX)
        own_last = np.where(beyond, last, np.minimum(last, np.maximum(top_below, first + 1)))
        own_first = np.where(beyond, first, np.maximum(first, np.minimum(bottom_above, last - 1)))
        top[above, shared[falls]], bottom[above, shared[falls]] = first[falls], own_last[falls]
        top[below, shared[~falls]], bottom[below, shared[~falls]] = own_first[~falls], last[~falls]
    return top, bottom
