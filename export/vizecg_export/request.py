"""What an export is asked for, and what can be refused before anything heavy is imported: no torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vizecg.data.source import RecordSource
from vizecg.spec import UsageError
from vizecg.spec.manifest import check_target
from vizecg_export.targets import OFFERS, OnFail, Precision, Target, require


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """An artefact below these is not written: MLPerf's rule, under every condition by itself.

    ``min_retention`` of the float network's macro F1 and AUROC; at most ``max_class_drop`` of recall lost in any class.
    """

    min_retention: float = 0.99
    max_class_drop: float = 0.02

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What ``vizecg-export`` was asked for.

    int8 takes ``calibration``, or the sheets that the checkpoint names for it. Thresholds and calibration are fitted to
    each artefact on ``evaluation``, or are those that the checkpoint carries; ``uncalibrated`` goes without, and the
    bundle says so in every answer. ``cache`` holds drawn sheets under hashes of what decides them. ``force`` replaces a
    bundle at ``out``.
    """

    checkpoint: Path
    targets: tuple[Target, ...]
    precision: Precision
    out: Path
    name: str
    cache: Path
    calibration: RecordSource | None = None
    evaluation: RecordSource | None = None
    uncalibrated: bool = False
    calibrator: str | None = None
    per_class: int = 28
    allow_few: bool = False
    qat_epochs: int = 0
    limits: GateLimits = field(default_factory=GateLimits)
    on_fail: OnFail = OnFail.STOP
    seed: int = 0
    workers: int = 2
    force: bool = False

    @property
    def int8(self) -> bool:
        return self.precision is Precision.INT8

    def plan(self) -> dict[str, Any]:
        """What was asked for, for ``--dry-run``."""
        return {
            "out": str(self.out),
            "replaces": self.out.exists(),
            "targets": [target.value for target in self.targets],
            "precision": self.precision.value,
            "checkpoint": str(self.checkpoint),
            "evaluation": None if self.evaluation is None else self.evaluation.name,
            "on_fail": self.on_fail.value,
            "limits": self.limits.to_dict(),
            "cache": str(self.cache),
            "dry_run": True,
        }


def check_request(request: ExportRequest) -> None:
    """Refuse what cannot end well, before hours of work and not after; the checkpoint itself is not read.

    Raises:
        UsageError: ``out`` cannot take a bundle, there is no such checkpoint, or options without a meaning.
        MissingToolError: a target's toolchain is not installed.
    """
    for target in request.targets:
        _check_offer(request, target)
    if request.qat_epochs and (not request.int8 or request.targets != (Target.EXECUTORCH,)):
        raise UsageError("--qat-epochs trains the int8 graph of --target executorch only")
    if request.calibration is not None and not request.int8:
        raise UsageError(f"--calib is for --precision int8, not for {request.precision.value}")
    if request.uncalibrated and request.evaluation is not None:
        raise UsageError("--uncalibrated and --eval contradict each other: --eval fits calibration and thresholds")
    if not request.checkpoint.is_file():
        raise UsageError(f"--checkpoint {request.checkpoint} does not exist")
    check_target(request.out, replace=request.force)
    for target in request.targets:
        require(target)


def _check_offer(request: ExportRequest, target: Target) -> None:
    offer = OFFERS[target]
    if request.precision not in offer.precisions:
        has = ", ".join(precision.value for precision in offer.precisions)
        raise UsageError(f"target {target.value} has no --precision {request.precision.value}, it has {has}")
    if request.calibrator is None:
        return
    if not request.int8:
        raise UsageError(f"--calibrator is for --precision int8, not for {request.precision.value}")
    if request.calibrator not in offer.calibrators:
        raise UsageError(
            f"target {target.value} has no --calibrator {request.calibrator!r}: {', '.join(offer.calibrators)}"
        )
