"""``vizecg-export diff``: which numbers of two manifests differ, by how much, and where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_bundles import artefact, make_bundle
from vizecg.spec import DecisionRule
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import MANIFEST, Bundle, open_bundle
from vizecg_export.cli import app
from vizecg_export.verbs.diff import diff_bundles

pytestmark = pytest.mark.unit


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[Bundle, Bundle]:
    """The second has another threshold, another band and another gate."""
    first = make_bundle(tmp_path / "a")
    rule = DecisionRule.plain(6, threshold=(0.5, 0.4, 0.5, 0.5, 0.45, 0.5), undecided_margin=(0, 0, 0.25, 0, 0, 0))
    second = make_bundle(tmp_path / "b", artefact(decision=rule))
    gated = replace(second.manifest, gate=QualityGate(sharpness=(0.35, 0.75)))
    (second.path / MANIFEST).write_text(gated.to_json())
    return first, open_bundle(second.path)


def test_numbers_are_told_by_group(bundles: tuple[Bundle, Bundle]) -> None:
    told = diff_bundles(*bundles)["numbers"]
    field = "artefacts/onnx-fp32/decision/threshold/1"
    assert told["thresholds"] == {"compared": 6, "differ": 2, "largest": [field, 0.5, 0.4]}
    assert (told["undecided bands"]["differ"], told["calibration of scores"]["differ"]) == (1, 0)
    assert told["quality gate"] == {"compared": 23, "differ": 1, "largest": ["gate/sharpness/0", 0.3, 0.35]}
    assert told["accuracy, macro"] == {"compared": 0, "differ": 0, "largest": None}


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["diff", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_fields_are_picked_by_pattern(bundles: tuple[Bundle, Bundle]) -> None:
    names = [str(bundle.path) for bundle in bundles]
    told: dict[str, Any] = json.loads(invoke(*names, "--only", "gate/*", "--only", "*/undecided_margin/*", "--json"))
    assert told["fields"] == {
        "artefacts/onnx-fp32/decision/undecided_margin/2": [0.0, 0.25],
        "gate/sharpness/0": [0.3, 0.35],
    }
    text = invoke(*names, "--only", "gate/*")
    assert "+0.05" in text
    assert "thresholds" in text
    assert invoke(names[0], names[0]).strip() == "the same"
