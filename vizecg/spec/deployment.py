"""What was fitted to a float network and goes, with its checkpoint, into everything that is made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from vizecg.spec.checks import check_types
from vizecg.spec.decide import DecisionRule
from vizecg.spec.gate import QualityGate

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class DrawnCalibration:
    """Synthetic sheets on which int8 was found to read as well as after calibration on real records.

    Attributes:
        source: of the records, as ``--calib`` names it.
        seed: of the choice of records and of their drawing.
        per_class: records of each diagnosis.
        calibrators: name of an int8 artefact -> the way to calibrate that served it best.
        proven_on: the evaluation records on which that was found.
    """

    source: str = "synthetic-varied"
    seed: int = 0
    per_class: int = 28
    calibrators: dict[str, str] = field(default_factory=dict)
    proven_on: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Calibration, thresholds, bands and gate of a float network, and scores by which a copy of it is known.

    Attributes:
        rule: fitted to the network's own answers; ``margin`` is 0, the bands are those of ``gate_source``.
        rule_source: the evaluation records it was fitted on.
        gate: which photographs are answered.
        gate_source: what gate and bands were fitted on; empty where they were not.
        inks: uint8 (n, height, width), synthetic sheets.
        logits: float32 (n, labels), the network's of those.
        drawn_calibration: None where int8 wants records of its own.
    """

    rule: DecisionRule
    rule_source: dict[str, Any]
    inks: np.ndarray
    logits: np.ndarray
    gate: QualityGate = field(default_factory=QualityGate)
    gate_source: dict[str, Any] = field(default_factory=dict)
    drawn_calibration: DrawnCalibration | None = None

    def __post_init__(self) -> None:
        if self.inks.dtype != np.uint8 or self.inks.ndim != 3 or not len(self.inks):
            raise ValueError(f"inks need uint8 (n, height, width), got {self.inks.dtype} {self.inks.shape}")
        if self.logits.shape != (len(self.inks), len(self.rule)) or not np.isfinite(self.logits).all():
            raise ValueError(f"expected finite logits ({len(self.inks)}, {len(self.rule)}), got {self.logits.shape}")

    def to_dict(self) -> dict[str, Any]:
        """All but the arrays, of JSON types."""
        return {
            "schema_version": SCHEMA_VERSION,
            "rule": self.rule.to_dict(),
            "rule_source": self.rule_source,
            "gate": self.gate.to_dict(),
            "gate_source": self.gate_source,
            "drawn_calibration": None if self.drawn_calibration is None else self.drawn_calibration.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, inks: np.ndarray, logits: np.ndarray) -> Deployment:
        """What ``to_dict`` gave, with the arrays.

        Raises:
            ValueError, KeyError, TypeError: of another schema, or not what ``to_dict`` gives.
        """
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"deployment schema {data['schema_version']} is not {SCHEMA_VERSION}")
        drawn = data["drawn_calibration"]
        calibration = None if drawn is None else DrawnCalibration(**drawn)
        if calibration is not None:
            check_types(calibration)
        return cls(
            rule=DecisionRule.from_dict(data["rule"]),
            rule_source=dict(data["rule_source"]),
            gate=QualityGate.from_dict(data["gate"]),
            gate_source=dict(data["gate_source"]),
            inks=inks,
            logits=logits,
            drawn_calibration=calibration,
        )
