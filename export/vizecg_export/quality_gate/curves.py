"""Risk and coverage: what is wrong among the answered, as fewer and fewer are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vizecg.spec.gate import QualityGate
from vizecg_export.quality_gate.fit import Judged

RESAMPLES, SEED = 1000, 5
POINTS = 60
"""Of a curve that is saved."""


def curve(scores: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and risk (n,) when the best 1, 2 ... n are answered; ``wrong`` (n,) holds each one's share, 0 to 1.

    Equal scores go together: their risk is the mean over all of them.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    length = np.diff(np.r_[start, len(ordered)])
    means = np.add.reduceat(wrong[order].astype(np.float64), start) / length
    counted = np.arange(1, len(ordered) + 1)
    return counted / len(ordered), np.cumsum(np.repeat(means, length)) / counted


def aurc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the risk-coverage curve: the mean risk over all coverages."""
    return float(curve(scores, wrong)[1].mean())


def figures_of(judged: Judged, gate: QualityGate, *, band: np.ndarray | None = None) -> dict[str, Any]:
    """Coverage and risks at the gate, and the curves' areas, each with a 95 % interval over records."""
    answered = judged.answered(gate)
    scores = judged.scores(gate)
    flips, decided = judged.flips(band), judged.decided(band)
    wrong = flips.any(axis=1) | judged.misplaced
    share = flips.mean(axis=1)

    def measure(use: np.ndarray) -> dict[str, float]:
        told = use[answered[use]]
        day = use[judged.everyday[use]]
        return {
            "coverage": len(told) / len(use),
            "everyday_coverage": float(answered[day].mean()) if len(day) else np.nan,
            "risk": _mean(wrong[told]),
            "everyday_risk": _mean(wrong[told[judged.everyday[told]]]),
            "pair_flips": _ratio(flips[told].sum(), decided[told].sum()),
            "undecided": 1 - _ratio(decided[told].sum(), decided[told].size),
            "misplaced": _mean(judged.misplaced[told]),
            "aurc_flips": aurc(scores[use], share[use]),
            "aurc_misplaced": aurc(scores[use], judged.misplaced[use]),
        }

    return {
        "photographs": len(scores),
        "records": len(np.unique(judged.records)),
        "answered": int(answered.sum()),
        **_with_intervals(judged.records, measure),
    }


def per_class(
    judged: Judged, gate: QualityGate, band: np.ndarray, *, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Each class with and without its band: share of pairs decided, and of those, decided the other way."""
    told = judged.part(judged.answered(gate))
    table: dict[str, dict[str, Any]] = {}
    for column, label in enumerate(names):
        row: dict[str, Any] = {"pairs": len(told.error_mm), "undecided_margin": float(band[column])}
        for name, used in (("without", None), ("with", band)):
            decided, flips = told.decided(used)[:, column], told.flips(used)[:, column]
            row[name] = {
                "decided": round(_mean(decided), 5),
                "flips": int(flips.sum()),
                "flip_share": round(_ratio(flips.sum(), decided.sum()), 5),
            }
        distance = np.abs(told.distances[:, column])
        row["aurc"] = round(aurc(distance, told.flips()[:, column]), 6)
        table[label] = row
    return table


def saved_curve(scores: np.ndarray, wrong: np.ndarray) -> dict[str, list[float]]:
    """About ``POINTS`` points of a curve."""
    coverage, risk = curve(scores, wrong)
    at = np.unique(np.linspace(0, len(coverage) - 1, POINTS).astype(int))
    return {"coverage": np.round(coverage[at], 4).tolist(), "risk": np.round(risk[at], 5).tolist()}


def _with_intervals(records: np.ndarray, measure: Any) -> dict[str, Any]:
    """``measure`` of all, and its 2.5 to 97.5 % over resampled records."""
    groups = [np.flatnonzero(records == record) for record in np.unique(records)]
    rng = np.random.default_rng(SEED)
    samples = [
        measure(np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))]))
        for _ in range(RESAMPLES)
    ]
    whole = measure(np.arange(len(records)))
    told = {}
    for name, value in whole.items():
        low, high = np.nanquantile([sample[name] for sample in samples], [0.025, 0.975])
        told[name] = {"value": round(value, 5), "low": round(float(low), 5), "high": round(float(high), 5)}
    return told


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def _ratio(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else 0.0
