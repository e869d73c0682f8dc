"""What a checkpoint carries for its artefacts: read as written, refused when damaged, and the checks made with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from vizecg.spec import CheckpointError, DecisionRule, ParityError
from vizecg.spec.deployment import Deployment, DrawnCalibration
from vizecg.spec.gate import QualityGate
from vizecg.train.deploying import SECTION, read_deployment, to_section
from vizecg_export.carried import carried_rule, check_decisions

pytestmark = pytest.mark.unit

LOGITS = np.linspace(-4, 4, 30, dtype=np.float32).reshape(5, 6)


def deployment(**changes: Any) -> Deployment:
    plain = Deployment(
        rule=DecisionRule(threshold=(0.3,) * 6, bias=(0.1,) * 6, undecided_margin=(0.2,) * 6),
        rule_source={"data": "made up", "records": 3},
        gate=QualityGate(least_score=0.25),
        gate_source={"kind": "made up"},
        inks=np.arange(5 * 32 * 40, dtype=np.uint8).reshape(5, 32, 40),
        logits=LOGITS,
        drawn_calibration=DrawnCalibration(seed=3, per_class=9, calibrators={"onnx-int8": "minmax"}, proven_on="x"),
    )
    return replace(plain, **changes)


def test_it_is_read_as_it_was_written() -> None:
    written = deployment()
    found = read_deployment({SECTION: to_section(written)})
    assert found is not None
    assert found.to_dict() == written.to_dict()
    np.testing.assert_array_equal(found.inks, written.inks)
    np.testing.assert_array_equal(found.logits, written.logits)
    assert read_deployment({}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema_version", 9),
        ("rule", {"threshold": [2.0] * 6}),
        ("gate", {}),
        ("sheets", torch.zeros(10, dtype=torch.uint8)),
        ("sheets", "none"),
        ("drawn_calibration", {"seed": "three"}),
    ],
)
def test_a_damaged_one_is_refused(key: str, value: object) -> None:
    with pytest.raises(CheckpointError, match="calibration cannot be read"):
        read_deployment({SECTION: {**to_section(deployment()), key: value}})


def test_the_rule_is_carried_with_the_error_as_its_margin() -> None:
    carried = carried_rule(deployment(), largest_error=0.07)
    assert carried == replace(deployment().rule, margin=0.07)


def test_a_decision_turned_over_is_caught_and_an_undecided_one_is_not() -> None:
    whole = deployment()
    near = check_decisions(whole, carried_rule(whole, largest_error=0.05), LOGITS + 0.05, artefact="a")
    assert (near["turned_over"], near["decisions"]) == (0, 30)
    assert near["decided_by_both"] >= 26
    with pytest.raises(ParityError, match=r"a turns . of 30 stored decisions over"):
        check_decisions(whole, carried_rule(whole, largest_error=0.05), LOGITS + 1.5, artefact="a")
    # A margin as wide as the error leaves them undecided.
    undecided = check_decisions(whole, carried_rule(whole, largest_error=1.5), LOGITS + 1.5, artefact="a")
    assert undecided["decided_by_both"] < near["decided_by_both"]
