"""``vizecg evaluate`` as a user types it: conditions, streams, calibration, reports, CODE-test."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from vizecg.data.signal import SignalSpec
from vizecg.data.source import synthetic_source
from vizecg.models import VizECGNetConfig
from vizecg.models.systems import build_system
from vizecg.records.code15.unit import VALUES_PER_MV
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import CODE6, Condition, InputRefusedError, UsageError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import CHECKPOINT_SCHEMA, TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.verbs.evaluate import evaluate as evaluate_verb

pytestmark = pytest.mark.integration

N = 42  # every combination of labels


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network: what it answers is nonsense, and measured like any other."""
    network = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(4, 8, 8, 16), signal_widths=(4, 8, 8, 16), width=16, heads=2
    )
    config = TrainConfig(
        model=network.to_dict(),
        preprocess=PreprocessSpec(height=96, width=192).to_dict(),
        signal=SignalSpec().to_dict(),
    )
    torch.manual_seed(1)
    weights = build_system(config.architecture, config.model).state_dict()
    path = tmp_path_factory.mktemp("checkpoint") / "untrained.ckpt"
    hyper = {"schema": CHECKPOINT_SCHEMA, "labels": list(CODE6.names), "config": config.model_dump(mode="json")}
    state = {f"network.{name}": value for name, value in weights.items()}
    torch.save({"hyper_parameters": hyper, "state_dict": state}, path)
    return path


def evaluate(checkpoint: Path | None, out: Path, **changes: object) -> dict[str, object]:
    options: dict[str, object] = {
        "checkpoint": checkpoint, "bundle": None, "data": "synthetic", "root": None, "fold": 9, "split": None,
        "condition": (), "all_conditions": False, "stream": "image", "fit": "none", "limit": N, "figures": out,
        "report": None, "cache": None, "workers": 1, "seed": 0,
    }  # fmt: skip
    evaluate_verb(**{**options, **changes})
    figures: dict[str, object] = json.loads(out.read_text())
    return figures


def test_conditions_with_cross_fitting_and_a_report(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, report = tmp_path / "cache", tmp_path / "report"
    figures = evaluate(
        checkpoint, tmp_path / "f.json", condition=[Condition.CLEAN, Condition.SCAN, Condition.CLEAN], fit="cross",
        cache=cache, report=report,
    )  # fmt: skip
    assert list(figures["conditions"]) == ["clean", "scan"]  # type: ignore[call-overload]
    assert sorted(path.name for path in cache.iterdir()) == ["clean", "scan"]
    assert json.loads((report / "figures.json").read_text()) == figures
    shown = capsys.readouterr().out
    assert "minus clean" in shown
    assert f"report: {report / 'report.md'}" in shown


def test_a_signal_is_evaluated_without_drawing(checkpoint: Path, tmp_path: Path) -> None:
    figures = evaluate(checkpoint, tmp_path / "f.json", stream="signal", cache=tmp_path / "cache")
    assert (figures["stream"], figures["condition"], figures["n"]) == ("signal", "signal", N)
    assert not (tmp_path / "cache" / "inks.npy").exists()
    image = evaluate(checkpoint, tmp_path / "g.json")
    assert image["macro"] != figures["macro"]


def test_validation_fits_are_applied_to_the_test_split(checkpoint: Path, tmp_path: Path) -> None:
    figures = evaluate(checkpoint, tmp_path / "f.json", stream="signal", split="test", fit="val")
    calibrated = figures["conditions"]["signal"]["calibrated"]  # type: ignore[index]
    assert set(calibrated["folds"].values()) == {1}
    assert figures["data"] == "synthetic seed 2"


def test_predictions_carry_ids_of_the_index(checkpoint: Path, tmp_path: Path) -> None:
    source = synthetic_source(5, seed=3)

    def read(index: int) -> object:
        if index == 1:
            raise InputRefusedError("record x1: every lead is flat", reason="bad_record")
        return source.read(index)

    patients = ["a", "b", None, "a", " "]
    known = type(source)(**{**vars(source), "patient_ids": patients, "read": read})
    found = predict(
        checkpoint_classifier(checkpoint), source=known, condition=Condition.CLEAN, cache=tmp_path, workers=1
    )
    assert found.record_ids == tuple(source.record_ids[row] for row in (0, 2, 3, 4))
    assert found.patient_ids == ("a", None, "a", " ")
    assert len(set(found.groups)) == 3
    assert found.logits.shape == found.labels.shape == (4, 6)
    assert list(found.refused.values()) == ["record x1: every lead is flat"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fit": "val"}, "use --fit cross"),
        ({"fit": "best"}, "unknown --fit 'best': expected one of none, cross, val"),
        ({"stream": "both"}, "unknown --stream 'both'"),
        ({"stream": "signal", "all_conditions": True}, "reads no print"),
        ({"condition": [Condition.SCAN], "all_conditions": True}, "not both"),
        ({"checkpoint": None, "bundle": Path("b"), "stream": "signal"}, "image stream alone"),
        ({"checkpoint": None}, "name one of --checkpoint and --bundle"),
        ({"data": "code-test"}, "needs --root"),
        ({"experts": Path("annotations")}, "annotators of code-test: they say nothing of --data synthetic"),
        ({"limit": 3, "fit": "cross", "stream": "signal"}, r"cross-fitting \w+ needs"),
    ],
)
def test_what_cannot_be_measured_is_told(
    checkpoint: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    options = {"checkpoint": checkpoint, "out": tmp_path / "f.json"} | changes
    with pytest.raises(UsageError, match=message):
        evaluate(**options)  # type: ignore[arg-type]


def test_code_test_from_its_files(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "annotations").mkdir(parents=True)
    tracings, rows = np.zeros((N, 4096, 12)), []
    for index in range(N):
        record = synthetic_record(index, seed=8, duration_s=7.0)
        tracings[index, 648 : 648 + record.signal.shape[1]] = VALUES_PER_MV * record.signal.T
        assert record.labels is not None
        rows.append([int(value) for value in record.labels])
    with h5py.File(folder / "ecg_tracings.hdf5", "w") as file:
        file["tracings"] = tracings
    with (folder / "annotations" / "gold_standard.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([CODE6.names, *rows])
    figures = evaluate(checkpoint, tmp_path / "f.json", data="code-test", root=tmp_path, limit=None, fit="cross")
    assert (figures["data"], figures["n"], figures["refused_records"]) == ("CODE-test (2 values a mV)", N, {})
    assert figures["positives"] == dict(zip(CODE6.names, np.sum(rows, axis=0).tolist(), strict=True))
    readers = tmp_path / "readers"
    readers.mkdir()
    for name, said in (("gold_standard", rows), ("cardiologist1", rows), ("medical_students", [[0] * 6] * N)):
        with (readers / f"{name}.csv").open("w", newline="") as handle:
            csv.writer(handle).writerows([CODE6.names, *said])
    asked: dict[str, object] = {"data": "code-test", "root": tmp_path, "stream": "signal", "experts": readers}
    report = tmp_path / "report"
    figures = evaluate(checkpoint, tmp_path / "g.json", limit=None, fit="cross", report=report, **asked)
    beside = figures["experts"]["signal"]  # type: ignore[index]
    assert list(beside["readers"]) == ["network", "network, fitted", "cardiologist1", "medical_students"]
    assert beside["readers"]["network"]["macro"]["f1"] is not None
    own = figures["classes"]["ST"]["f1"]["value"]  # type: ignore[index]
    assert beside["readers"]["network"]["classes"]["ST"]["f1"]["value"] == pytest.approx(own, abs=1e-5)
    assert len(beside["pairs"]) == 4
    assert (report / "experts_signal.png").is_file()
    assert "| network, fitted - medical students |" in (report / "report.md").read_text()
    assert evaluate(checkpoint, tmp_path / "h.json", limit=5, **asked)["experts"]["signal"]["n"] == 5  # type: ignore[index]
    with (readers / "gold_standard.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([CODE6.names, *rows[:-1]])
    (readers / "cardiologist1.csv").unlink()
    with (readers / "medical_students.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([CODE6.names, *rows[:-1]])
    with pytest.raises(UsageError, match=f"its tables have {N - 1} lines for the {N} tracings"):
        evaluate(checkpoint, tmp_path / "i.json", limit=5, **asked)
