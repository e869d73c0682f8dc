"""Two conditions of an evaluation: tables, report and pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawn_predictions import classifier, drawn
from vizecg.spec import CODE6, UsageError
from vizecg.train.evaluation.measure import Fit, measure, result
from vizecg.train.evaluation.report import write_report
from vizecg.train.evaluation.tables import text_tables

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("fit", [Fit.CROSS, Fit.VAL])
def test_conditions_are_compared_and_reported(tmp_path: Path, fit: Fit) -> None:
    found = drawn(240)
    found.labels[:, 5] = 0
    found.labels[[0, 30, 60], 5] = 1
    noisy = replace(found, logits=found.logits + np.random.default_rng(5).normal(0, 4, found.logits.shape))
    validation = drawn(240, seed=9) if fit is Fit.VAL else None
    measured = [
        measure(name, classifier(), one, fit=fit, validation=validation, bootstraps=10)
        for name, one in (("clean", found), ("photo", noisy))
    ]
    figures = result(classifier(), data="drawn", fit=fit, measured=measured)
    assert "macro" not in figures
    assert figures["differences"]["to"] == "clean"
    for kind in ("own", "calibrated"):
        assert set(figures["differences"][kind]) == {"photo"}
    assert figures["differences"]["own"]["photo"]["macro"]["auroc"]["high"] < 0
    calibrated = figures["conditions"]["clean"]["calibrated"]
    assert calibrated["folds"]["ST"] == (3 if fit is Fit.CROSS else 1)
    macro = calibrated["ece"]["macro"]
    assert macro["platt"]["value"] < macro["own"]["value"]
    assert calibrated["temperatures"]["RBBB"]["low"] <= calibrated["temperatures"]["RBBB"]["high"]
    text = text_tables(figures)
    assert ("ST: 3 folds, for 3 positive records" in text) == (fit is Fit.CROSS)
    assert "minus clean" in text

    report = write_report(tmp_path / "report", figures, measured)
    assert json.loads((report.parent / "figures.json").read_text()) == json.loads(json.dumps(figures, allow_nan=False))
    markdown = report.read_text()
    pictures = {path.name for path in report.parent.glob("*.png")}
    assert pictures == {f"curves_{label}.png" for label in CODE6.names} | {
        "reliability_clean.png", "reliability_photo.png",
    }  # fmt: skip
    assert all(f"({name})" in markdown for name in pictures)
    assert f"{calibrated['macro']['f1']['value']:.3f}" in markdown
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        write_report(tmp_path / "file", figures, measured)
