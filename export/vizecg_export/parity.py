"""Does an artefact compute what the float network computes? Measured on rendered and photographed ECGs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vizecg.spec import DecisionRule, ParityError


@dataclass(frozen=True, kw_only=True)
class ParityLimits:
    """An artefact outside these is not written."""

    max_abs: float
    min_cosine: float


LIMITS = {
    "fp32": ParityLimits(max_abs=1e-3, min_cosine=0.99999),
    # int8 moves logits by tenths; what it does to accuracy is measured apart, on the evaluation records.
    "int8": ParityLimits(max_abs=2.0, min_cosine=0.995),
}


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Differences of logits (n, 6) from the float network's."""

    n: int
    max_abs: float
    p99_abs: float
    cosine: float
    sqnr_db: float
    decision_flips: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(reference: np.ndarray, logits: np.ndarray, *, rule: DecisionRule) -> Parity:
    """Compare logits (n, 6). ``rule`` turns both into decisions, to count those that differ."""
    if reference.shape != logits.shape:
        raise ParityError(f"logits of shape {logits.shape} against {reference.shape} of the float network")
    if not np.isfinite(logits).all():
        raise ParityError("the artefact gives logits that are not finite")
    a, b = reference.astype(np.float64), logits.astype(np.float64)
    difference = np.abs(a - b)
    noise = float(((a - b) ** 2).sum())
    thresholds = np.array(rule.threshold)
    flips = (rule.probabilities(a) >= thresholds) != (rule.probabilities(b) >= thresholds)
    return Parity(
        n=len(a),
        max_abs=float(difference.max()),
        p99_abs=float(np.percentile(difference, 99)),
        cosine=float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b))),
        sqnr_db=float(10 * np.log10((a**2).sum() / noise)) if noise else 200.0,
        decision_flips=int(flips.sum()),
    )


def check(parity: Parity, *, precision: str, artefact: str) -> None:
    """Raise ParityError when ``parity`` is outside the limits of its precision."""
    limits = LIMITS[precision]
    if parity.max_abs > limits.max_abs or parity.cosine < limits.min_cosine:
        raise ParityError(
            f"{artefact} leaves the float network: largest difference {parity.max_abs:.4g} (at most {limits.max_abs:g})"
            f", cosine {parity.cosine:.5f} (at least {limits.min_cosine:g}) on {parity.n} ECGs"
        )
