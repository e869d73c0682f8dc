"""How far PR and QRS of a page are from known intervals, and from another delineation of recorded ECGs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.records.synthetic import POSSIBLE_COMBINATIONS, synthesise, true_intervals
from vizecg_edge.leads.measure import measure
from vizecg_edge.leads.measured import Measured
from vizecg_lab.measuring.pages import page_of
from vizecg_lab.measuring.references import delineated


def synthetic_figures(count: int, *, seed: int) -> dict[str, Any]:
    """Differences from the intervals that synthetic records were drawn with, every combination of labels in turn."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in track(range(count), description="synthetic records"):
        labels = POSSIBLE_COMBINATIONS[index % len(POSSIBLE_COMBINATIONS)]
        known = true_intervals(labels, seed=seed + index)
        found = measure(page_of(synthesise(labels, seed=seed + index), rng))
        rows.append((found, known.pr_ms, known.qrs_ms))
    return _figures(rows)


def recorded_figures(records: Sequence[Any], *, seed: int) -> dict[str, Any]:
    """Differences from neurokit2's delineation of records of 500 Hz."""
    rng = np.random.default_rng(seed)
    rows = []
    for record in track(records, description="500 Hz records"):
        other = delineated(record)
        rows.append((measure(page_of(record, rng)), other.pr_ms, other.qrs_ms))
    sinus = [row for row in rows if row[0].sinus]
    return {**_figures(rows), "in_sinus_rhythm": _figures(sinus)}


def _figures(rows: Sequence[tuple[Measured, float | None, float | None]]) -> dict[str, Any]:
    return {
        "records": len(rows),
        "pr_ms": differences([(row.pr.ms, row.pr.uncertainty_ms, known) for row, known, _ in rows]),
        "qrs_ms": differences([(row.qrs.ms, row.qrs.uncertainty_ms, known) for row, _, known in rows]),
    }


def differences(rows: Sequence[tuple[float | None, float | None, float | None]]) -> dict[str, Any]:
    """Of (measured, its stated uncertainty, known), milliseconds: how far apart, and how often none is given."""
    known = [row for row in rows if row[2] is not None]
    both = np.array([row for row in known if row[0] is not None], float).reshape(-1, 3)
    if not len(both):
        return {"known": len(known), "none_given": len(known)}
    off = both[:, 0] - both[:, 2]
    return {
        "known": len(known),
        "none_given": len(known) - len(both),
        "none_given_share": round(1 - len(both) / len(known), 4),
        "median_difference": round(float(np.median(off)), 1),
        "median_absolute_difference": round(float(np.median(np.abs(off))), 1),
        "p90_absolute_difference": round(float(np.percentile(np.abs(off), 90)), 1),
        "within_stated_uncertainty": round(float((np.abs(off) <= both[:, 1]).mean()), 4),
    }
