"""Logits -> calibrated probabilities -> decisions. Fitted per artefact, stored in its manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import numpy as np

from vizecg.spec.checks import check_types
from vizecg.spec.labels import MOST_LABELS


class RuleSource(str, Enum):
    """What the decision rule of an artefact was fitted on.

    ``artefact``: the artefact's own answers to evaluation records. ``network``: the float network's, by which the
    artefact, close to it within its ``margin``, decides too. ``none``: nothing; probabilities are not calibrated and
    thresholds are 0.5.
    """

    ARTEFACT = "artefact"
    NETWORK = "network"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """Per-class calibration and thresholds of one artefact, in label order.

    ``p = sigmoid(scale * logit + bias)``; a label is decided present when ``p >= threshold``. It is left undecided
    (None) where moving the logit by ``margin``, the artefact's own numerical error, would turn the decision over, and
    where the calibrated logit ``scale * logit + bias`` is less than the label's ``undecided_margin`` from that of the
    threshold: another photograph of the same printout could then be decided the other way.
    """

    scale: tuple[float, ...]
    bias: tuple[float, ...]
    threshold: tuple[float, ...]
    margin: float = 0.0
    undecided_margin: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.scale) <= MOST_LABELS:
            raise ValueError(f"a rule is for 1 to {MOST_LABELS} labels, got {len(self.scale)}")
        for name in ("scale", "bias", "threshold", "undecided_margin"):
            values = getattr(self, name)
            if len(values) != len(self.scale) or not np.all(np.isfinite(values)):
                raise ValueError(f"{name} needs {len(self.scale)} finite numbers, got {values}")
        if min(self.scale) <= 0:
            raise ValueError(f"scale must be positive, got {self.scale}")
        if not (min(self.threshold) > 0 and max(self.threshold) < 1):
            raise ValueError(f"thresholds must lie between 0 and 1, got {self.threshold}")
        if not (np.isfinite(self.margin) and self.margin >= 0):
            raise ValueError(f"margin must be a finite number >= 0, got {self.margin}")
        if min(self.undecided_margin) < 0:
            raise ValueError(f"undecided_margin must not be negative, got {self.undecided_margin}")

    @classmethod
    def plain(cls, labels: int, **fields: Any) -> DecisionRule:
        """The rule of so many labels that nothing was fitted for: the sigmoid, and 0.5; ``fields`` are set instead."""
        unfitted = {"scale": 1.0, "bias": 0.0, "threshold": 0.5, "undecided_margin": 0.0}
        return cls(**{**{name: (value,) * labels for name, value in unfitted.items()}, **fields})

    def __len__(self) -> int:
        """Of how many labels it is."""
        return len(self.scale)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """logits (..., labels) -> calibrated probabilities float64 (..., labels)."""
        logits = np.asarray(logits, dtype=np.float64)
        if logits.shape[-1:] != (len(self),) or not np.all(np.isfinite(logits)):
            raise ValueError(f"expected finite logits (..., {len(self)}), got shape {logits.shape}")
        return sigmoid(logits * np.array(self.scale) + np.array(self.bias))

    def distances(self, logits: np.ndarray) -> np.ndarray:
        """logits (..., labels) -> float64 (..., labels), how far the calibrated logits lie above the thresholds'."""
        threshold = np.array(self.threshold)
        calibrated = np.asarray(logits, dtype=np.float64) * np.array(self.scale) + np.array(self.bias)
        return np.asarray(calibrated - np.log(threshold / (1 - threshold)))

    @property
    def cuts(self) -> np.ndarray:
        """float64 (labels,), the network's logits at which the probabilities are the thresholds."""
        threshold = np.array(self.threshold)
        return np.asarray((np.log(threshold / (1 - threshold)) - np.array(self.bias)) / np.array(self.scale))

    def decide(self, logits: np.ndarray) -> tuple[bool | None, ...]:
        """logits (labels,) -> present, absent or undecided (None), per label."""
        low = self.probabilities(np.asarray(logits) - self.margin)
        high = self.probabilities(np.asarray(logits) + self.margin)
        near = np.abs(self.distances(logits)) < np.array(self.undecided_margin)
        return tuple(
            None if close else True if below >= threshold else False if above < threshold else None
            for below, above, threshold, close in zip(low, high, self.threshold, near, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DecisionRule:
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        rule = cls(**fields)
        check_types(rule)
        return rule


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function that does not overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64)))
