"""The cheapest way through columns of states, against one column after the other."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg_edge.leads.cheapest import cheapest_ways
from vizecg_edge.leads.follow import follow
from vizecg_edge.leads.runs import MOST, Choices

pytestmark = pytest.mark.unit


def cost_of(steps: list[np.ndarray], start: np.ndarray, way: np.ndarray, row: int) -> float:
    """Of one row's way through steps (states, states, stretches, rows)."""
    every = [step[..., stretch, row] for stretch in range(steps[0].shape[2]) for step in steps]
    return float(start[way[0], row]) + sum(
        float(step[a, b]) for step, a, b in zip(every, way[:-1], way[1:], strict=True)
    )


@pytest.mark.parametrize(("columns", "stretches", "rows"), [(1, 1, 1), (1, 5, 2), (9, 4, 3), (30, 1, 2)])
def test_no_way_is_cheaper(columns: int, stretches: int, rows: int) -> None:
    rng = np.random.default_rng(columns)
    steps = [rng.random((4, 4, stretches, rows)).astype(np.float32) for _ in range(columns)]
    start = rng.random((4, rows)).astype(np.float32)
    way = cheapest_ways(steps, start)
    assert way.shape == (1 + columns * stretches, rows)
    for row in range(rows):
        best = start[:, row].astype(np.float64)
        for stretch in range(stretches):
            for step in steps:
                best = (best[:, None] + step[..., stretch, row]).min(axis=0)
        assert cost_of(steps, start, way[:, row], row) == pytest.approx(best.min(), rel=1e-5)


@pytest.mark.parametrize("columns", [1, 2, 7, 641])
def test_the_one_run_of_every_column_is_followed(columns: int) -> None:
    run = np.full((columns, MOST), -1)
    run[:, 0] = np.arange(columns)
    edges = np.zeros((columns, MOST), np.float32)
    row = Choices(run=run, top=edges + 9, bottom=edges + 11, dark=edges + 200)
    path = follow([row, row], baselines=[10.0, 12.0], px_per_mm=6.0, level=200.0)
    assert path.shape == (2, columns)
    assert not path.any()
