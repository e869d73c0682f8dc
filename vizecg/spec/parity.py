"""Does an artefact compute what the float network computes? The exporter asks it of files, a device of its engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from vizecg.spec.decide import DecisionRule
from vizecg.spec.errors import BundleError, ParityError


@dataclass(frozen=True, kw_only=True)
class ParityLimits:
    """An artefact outside these is not written."""

    max_abs: float
    min_cosine: float
    min_sqnr_db: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    def within(self, others: ParityLimits) -> bool:
        """Whether these let nothing pass that ``others`` do not."""
        return (
            self.max_abs <= others.max_abs
            and self.min_cosine >= others.min_cosine
            and self.min_sqnr_db >= others.min_sqnr_db
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ParityLimits:
        """As the manifest has them.

        Raises:
            BundleError: a limit is missing or no number.
        """
        try:
            return cls(**{field.name: float(data[field.name]) for field in fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"the manifest has no usable limits of parity: {error!r}") from error


LIMITS: Mapping[str, ParityLimits] = {
    "fp32": ParityLimits(max_abs=1e-3, min_cosine=0.99999, min_sqnr_db=80.0),
    "fp16": ParityLimits(max_abs=0.1, min_cosine=0.9999, min_sqnr_db=45.0),
    # int8 moves logits by tenths; what it does to accuracy is measured apart, on the evaluation records.
    "int8": ParityLimits(max_abs=2.0, min_cosine=0.995, min_sqnr_db=25.0),
}
"""Of each number format."""
WIDEST = LIMITS["int8"]
"""What a bundle says beyond these would vouch for nothing."""


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Differences of logits (n, labels) from the float network's. ``sqnr_db`` is signal over quantisation noise."""

    n: int
    max_abs: float
    p99_abs: float
    cosine: float
    sqnr_db: float
    decision_flips: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(reference: np.ndarray, logits: np.ndarray, *, rule: DecisionRule) -> Parity:
    """Compare logits (n, labels). ``rule`` turns both into decisions, to count those that differ."""
    if reference.shape != logits.shape:
        raise ParityError(f"logits of shape {logits.shape} against {reference.shape} of the float network")
    if not np.isfinite(logits).all():
        raise ParityError("the artefact gives logits that are not finite")
    a, b = reference.astype(np.float64), logits.astype(np.float64)
    difference = np.abs(a - b)
    noise = float(((a - b) ** 2).sum())
    thresholds = np.array(rule.threshold)
    # Of logits that are all 0 it is not a number, which no limit lets pass.
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))
    flips = (rule.probabilities(a) >= thresholds) != (rule.probabilities(b) >= thresholds)
    return Parity(
        n=len(a),
        max_abs=float(difference.max()),
        p99_abs=float(np.percentile(difference, 99)),
        cosine=cosine,
        sqnr_db=float(10 * np.log10((a**2).sum() / noise)) if noise else 200.0,
        decision_flips=int(flips.sum()),
    )


def check(parity: Parity, *, limits: ParityLimits, artefact: str) -> None:
    """Raise ParityError when ``parity`` is outside ``limits``."""
    # Written so that a figure that is not a number fails.
    inside = (
        parity.max_abs <= limits.max_abs and parity.cosine >= limits.min_cosine and parity.sqnr_db >= limits.min_sqnr_db
    )
    if not inside:
        raise ParityError(
            f"{artefact} leaves the float network: largest difference {parity.max_abs:.4g} (at most {limits.max_abs:g})"
            f", cosine {parity.cosine:.5f} (at least {limits.min_cosine:g}), SQNR {parity.sqnr_db:.1f} dB (at least"
            f" {limits.min_sqnr_db:g}) on {parity.n} ECGs"
        )
