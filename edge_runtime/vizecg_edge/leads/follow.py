"""Which run of ink is the trace, column by column: the cheapest way through a row, for all rows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg_edge.leads.runs import Choices

JUMP, MOST_JUMP = 1.0, 30.0
"""Cost of a millimetre between one column's ink and the next one's, and the most that a jump costs."""
AWAY = 0.03
"""Cost of a millimetre from the baseline, per millimetre along the row."""
FAINT = 0.6
"""Cost of a millimetre along the row of ink that is hardly darker than the limit."""
BLANK, LEAVE = 0.5, 0.6
"""Cost of a millimetre along the row without ink, and of leaving the ink or coming back to it."""


def follow(rows: Sequence[Choices], *, baselines: Sequence[float], px_per_mm: float, level: float) -> np.ndarray:
    """The cheapest way through each row.

    Args:
        rows: of equal length.
        baselines: pixels.
        px_per_mm: of the picture.
        level: how dark traces are.

    Returns:
        int64 (rows, columns): the place in ``Choices`` of the run that is the trace; -1 where there is none.
    """
    top, bottom, dark, run = (np.stack([getattr(row, name) for row in rows], axis=1) for name in _FIELDS)
    columns, count, most = top.shape
    baseline = np.array(baselines, np.float32)[None, :, None]
    away = np.maximum(np.maximum(top - baseline, baseline - bottom), 0) / px_per_mm
    node = np.empty((columns, count, most + 1), np.float32)
    node[..., :most] = (AWAY * away + FAINT * np.clip(1 - dark / max(level, 1), 0, 1)) / px_per_mm
    node[..., :most][run < 0] = 1e6
    node[..., most] = BLANK / px_per_mm
    steps = np.zeros((columns, count, most + 1, most + 1), np.float32)
    apart = np.maximum(top[1:, :, None, :] - bottom[:-1, :, :, None], top[:-1, :, :, None] - bottom[1:, :, None, :])
    steps[1:, :, :most, :most] = np.minimum(np.maximum(apart, 0) * (JUMP / px_per_mm), MOST_JUMP)
    steps[:, :, most, :most] = LEAVE
    steps[:, :, :most, most] = LEAVE
    steps[:, :, most, most] = 0
    steps += node[:, :, None, :]
    # From the left the cost of the cheapest way to each run; ``came`` remembers from where.
    came = np.zeros((columns, count, most + 1), np.int64)
    cost = node[0]
    for column in range(1, columns):
        ways = cost[:, :, None] + steps[column]
        came[column] = ways.argmin(axis=1)
        cost = ways.min(axis=1)
    path = np.empty((columns, count), np.int64)
    here = cost.argmin(axis=1)
    every = np.arange(count)
    for column in range(columns - 1, -1, -1):
        path[column] = here
        here = came[column, every, here]
    path[path == most] = -1
    return path.T


_FIELDS = ("top", "bottom", "dark", "run")
