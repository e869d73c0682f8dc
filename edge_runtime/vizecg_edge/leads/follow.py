"""Which run of ink is the trace, column by column: the cheapest way through a row, for all rows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg_edge.leads.cheapest import FAR, cheapest_ways
from vizecg_edge.leads.runs import Choices

JUMP, MOST_JUMP = 1.0, 30.0
"""Cost of a millimetre between one column's ink and the next one's, and the most that a jump costs."""
AWAY = 0.03
"""Cost of a millimetre from the baseline, per millimetre along the row."""
FAINT = 0.6
"""Cost of a millimetre along the row of ink that is hardly darker than the limit."""
BLANK, LEAVE = 0.5, 0.6
"""Cost of a millimetre along the row without ink, and of leaving the ink or coming back to it."""
NONE = 1e6
"""Cost of a run that is none."""
BESIDE = 320
"""Columns that are worked on side by side, of all rows together."""


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
    columns, most = rows[0].top.shape
    stretches = max(1, min(BESIDE // len(rows), columns // 2))
    length = max(1, -(-(columns - 1) // stretches))
    # The same column of every stretch, and the last one before it: (length + 1, runs, stretches, rows).
    place = np.arange(stretches) * length + np.arange(length + 1)[:, None]
    top, bottom, dark, run = (
        np.stack([getattr(row, name).T for row in rows], axis=-1)[:, np.minimum(place, columns - 1)].swapaxes(0, 1)
        for name in _FIELDS
    )
    away = np.maximum(np.maximum(top - _float(baselines), _float(baselines) - bottom), 0) / px_per_mm
    node = np.empty((length + 1, most + 1, stretches, len(rows)), np.float32)
    node[:, :most] = (AWAY * away + FAINT * np.clip(1 - dark / max(level, 1), 0, 1)) / px_per_mm
    node[:, :most][run < 0] = NONE
    node[:, most] = BLANK / px_per_mm
    steps = []
    for column in range(1, length + 1):
        step = np.full((most + 1, *node.shape[1:]), LEAVE, np.float32)
        step[most, most] = 0
        jump = np.maximum(top[column] - bottom[column - 1, :, None], top[column - 1, :, None] - bottom[column])
        np.maximum(jump, 0, out=jump)
        jump *= JUMP / px_per_mm
        np.minimum(jump, MOST_JUMP, out=step[:most, :most])
        step += node[column]
        # Behind the last column nothing changes.
        step[:, :, place[column] >= columns] = np.where(np.eye(most + 1, dtype=bool), 0, FAR)[..., None, None]
        steps.append(step)
    path = cheapest_ways(steps, node[0, :, 0])[:columns]
    path[path == most] = -1
    return path.T


def _float(values: Sequence[float]) -> np.ndarray:
    return np.array(values, np.float32)


_FIELDS = ("top", "bottom", "dark", "run")
