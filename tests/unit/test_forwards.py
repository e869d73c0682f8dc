"""Which way time runs along rows of traces, and rows whose beats say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg_edge.leads.changes import LEAST_ROW, BeatChanges
from vizecg_edge.leads.forwards import MOST, forward_logit
from vizecg_edge.leads.layout import Piece
from vizecg_edge.rectify.traces import PX_PER_MM

pytestmark = pytest.mark.unit

EVERY_MM, WIDTH_MM = 20.0, 200.0
AT = np.arange(round(WIDTH_MM * PX_PER_MM)) / PX_PER_MM
BEATS_MM = np.arange(10.0, WIDTH_MM, EVERY_MM)
WITHIN = np.ones(len(AT), bool)


def _wave(offset_mm: float, height_mm: float, width_mm: float) -> np.ndarray:
    return np.asarray(sum(height_mm * np.exp(-0.5 * ((AT - at - offset_mm) / width_mm) ** 2) for at in BEATS_MM))


def _rows() -> np.ndarray:
    beat = _wave(-3.5, 1.0, 0.6) + _wave(0.0, 8.0, 0.5) + _wave(6.0, 2.5, 1.5)
    return np.stack([beat, -0.5 * beat]).astype(np.float32)


def _forward(heights: np.ndarray) -> float:
    return forward_logit(heights, np.round(BEATS_MM * PX_PER_MM).astype(int), WITHIN)


def test_time_runs_from_qrs_to_t():
    assert 1.0 < _forward(_rows()) <= MOST
    assert -MOST <= _forward(_rows()[:, ::-1]) < -1.0


def test_flat_rows_and_single_beats_tell_nothing():
    assert _forward(np.zeros_like(_rows())) == 0.0
    assert forward_logit(_rows(), np.array([300]), WITHIN) == 0.0


def test_a_row_that_could_not_be_followed_says_little():
    rng = np.random.default_rng(5)
    heights = np.concatenate([_rows(), rng.normal(0, 3, (1, len(AT))).astype(np.float32)])
    changes = BeatChanges(heights, left_mm=0.0, right_mm=WIDTH_MM)
    strips = [
        Piece(lead="II", row=row, column=0, left_mm=0.0, right_mm=WIDTH_MM, baseline_mm=20.0 * row, strip=True)
        for row in range(3)
    ]
    assert changes.score(strips[2:], first=0) == pytest.approx(LEAST_ROW)
    assert changes.score(strips, first=0) == pytest.approx(changes.score(strips[:2], first=0) + LEAST_ROW)
