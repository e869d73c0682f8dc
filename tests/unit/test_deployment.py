"""What a checkpoint carries for its artefacts: read as written, refused when damaged, and the checks made with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edge_bundles import artefact, make_bundle
from vizecg.spec import CheckpointError, DecisionRule, ParityError, UsageError
from vizecg.spec.deployment import Deployment, DrawnCalibration
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Bundle
from vizecg.train.deploying import SECTION, read_deployment, to_section
from vizecg_export.carried import carried_rule, check_decisions
from vizecg_export.verbs.calibrate import drawn_from

pytestmark = pytest.mark.unit

LOGITS = np.linspace(-4, 4, 30, dtype=np.float32).reshape(5, 6)


def deployment(**changes: Any) -> Deployment:
    plain = Deployment(
        rule=DecisionRule.plain(6, threshold=(0.3,) * 6, bias=(0.1,) * 6, undecided_margin=(0.2,) * 6),
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


def test_drawn_sheets_are_taken_over_from_bundles_that_were_held_to_the_gate(tmp_path: Path) -> None:
    def bundle(
        path: str, *ways: tuple[str, str], source: str = "synthetic varied seed 101", accuracy: object = None
    ) -> Bundle:
        made = make_bundle(
            tmp_path / path,
            *(
                artefact(
                    name, precision="int8", details={"calibrator": way},
                    accuracy={"data": "fold 9"} if accuracy is None else accuracy,
                )
                for name, way in ways
            ),
        )  # fmt: skip
        calibration = {"source": source, "seed": 0, "per_class": 28}
        return replace(made, manifest=replace(made.manifest, calibration=calibration))

    first = bundle("a", ("onnx-int8", "percentile"), ("tensorrt-int8", "entropy"))
    second = bundle("b", ("onnx-int8", "minmax"))
    assert drawn_from([first, second]) == DrawnCalibration(
        seed=0, per_class=28, calibrators={"onnx-int8": "minmax", "tensorrt-int8": "entropy"}, proven_on="fold 9"
    )
    with pytest.raises(UsageError, match="was not calibrated with --calib synthetic-varied"):
        drawn_from([bundle("c", ("onnx-int8", "minmax"), source="PTB-XL folds 1")])
    with pytest.raises(UsageError, match="was not held to the accuracy gate"):
        drawn_from([bundle("d", ("onnx-int8", "minmax"), accuracy={})])
