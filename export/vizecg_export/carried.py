"""What a checkpoint carries for its artefacts: is this the network it was fitted to, and does a copy decide as it does?

Calibration and thresholds were fitted to the float network. An artefact that stays near it decides by the same rule,
with a margin as wide as its own error; the scores stored with the rule prove both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vizecg.spec import CheckpointError, DecisionRule, ParityError, UsageError, parity
from vizecg.spec.deployment import Deployment
from vizecg.train.checkpoint import Checkpoint
from vizecg_export.request import ExportRequest
from vizecg_export.targets import Precision

HOW_TO_CALIBRATE = (
    "give --eval (ptbxl:FOLDER ...) to fit calibration and thresholds, or a checkpoint that `vizecg-export calibrate`"
    " wrote, or --uncalibrated for a bundle that says in every answer that it has none"
)


def check_carried(request: ExportRequest, checkpoint: Checkpoint) -> None:
    """Refuse a request that wants what the checkpoint does not carry.

    Raises:
        UsageError: neither calibration nor a way to fit it, or int8 without sheets to calibrate on.
    """
    deployment = checkpoint.deployment
    if request.uncalibrated and deployment is not None:
        raise UsageError(f"--uncalibrated: {checkpoint.path} carries its calibration, and every bundle of it has it")
    if deployment is None and request.evaluation is None and not request.uncalibrated:
        raise UsageError(f"{checkpoint.path} carries no calibration: {HOW_TO_CALIBRATE}")
    if request.int8 and request.calibration is None and (deployment is None or deployment.drawn_calibration is None):
        raise UsageError(
            "--precision int8 needs --calib (ptbxl:FOLDER ...): the checkpoint names no sheets on which int8 was found"
            " to read as well, and quantisation without calibration data is guesswork"
        )


def check_network(deployment: Deployment, logits: np.ndarray, *, checkpoint: Checkpoint) -> None:
    """Hold the float network's logits (n, labels) of the stored sheets against those that were stored.

    Raises:
        CheckpointError: this code, or this machine, computes others than the calibration was fitted to.
    """
    largest = float(np.abs(logits - deployment.logits).max())
    allowed = parity.LIMITS[Precision.FP32.value].max_abs
    # Written so that a figure that is not a number fails.
    if not largest <= allowed:
        raise CheckpointError(
            f"{checkpoint.path}: the network gives other scores here than those its calibration was fitted to (largest"
            f" difference {largest:.3g}, at most {allowed:g}): calibrate it anew"
        )


def carried_rule(deployment: Deployment, *, largest_error: float) -> DecisionRule:
    """The network's rule for an artefact whose logits are at most ``largest_error`` off."""
    return replace(deployment.rule, margin=largest_error)


def check_decisions(deployment: Deployment, rule: DecisionRule, logits: np.ndarray, *, artefact: str) -> dict[str, Any]:
    """Hold an artefact's decisions on the stored sheets against the network's.

    Args:
        rule: the artefact's.
        logits: (n, labels), the artefact's.

    Returns:
        How many are decided by both, by one of them only, and none that are turned over.

    Raises:
        ParityError: one is decided the other way.
    """
    floating = [deployment.rule.decide(one) for one in deployment.logits]
    own = [rule.decide(one) for one in logits]
    pairs = [pair for both in zip(floating, own, strict=True) for pair in zip(*both, strict=True)]
    turned = sum(a is not None and b is not None and a is not b for a, b in pairs)
    if turned:
        raise ParityError(
            f"{artefact} turns {turned} of {len(pairs)} stored decisions over, beyond its margin of {rule.margin:.3g}"
        )
    decided = sum(a is not None and b is not None for a, b in pairs)
    return {"sheets": len(own), "decisions": len(pairs), "decided_by_both": decided, "turned_over": turned}
