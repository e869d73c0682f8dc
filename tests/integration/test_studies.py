"""The studies of trained networks, on a tiny run over synthetic records."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vizecg.data.signal import SignalSpec
from vizecg.data.source import synthetic_source
from vizecg.models import VizECGNetConfig
from vizecg.render import Layout
from vizecg.spec import CODE6, LEADS, Condition, SheetSpec, UsageError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import OptimiserConfig, TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier
from vizecg.train.loop import RunOptions, train
from vizecg_lab.tables.agreement import course, measure_agreement, read_logs, smoothed
from vizecg_lab.tables.intervals import mean_interval, shown
from vizecg_lab.tables.robustness import measure_robustness
from vizecg_lab.tables.saliency.looks import AREA, INK, UNTRAINED, positives
from vizecg_lab.tables.saliency.measure import measure_saliency
from vizecg_lab.tables.saliency.regions import over_leads

pytestmark = pytest.mark.integration


def tiny(epochs: int) -> TrainConfig:
    network = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(4, 8, 8, 16), signal_widths=(4, 8, 8, 16), width=16, heads=2
    )
    return TrainConfig(
        model=network.to_dict(),
        preprocess=PreprocessSpec(height=96, width=192).to_dict(),
        signal=SignalSpec(sampling_rate=100.0, samples=1000).to_dict(),
        conditions=(Condition.CLEAN,),
        optimiser=OptimiserConfig(learning_rate=3e-3, warmup_steps=2),
        epochs=epochs,
        batch_size=2,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    sources = {"training": synthetic_source(42, seed=1), "validation": synthetic_source(12, seed=2)}
    for epochs, resume in ((1, False), (2, True)):
        options = RunOptions(out=out, cache=out / "cache", workers=0, accelerator="cpu", resume=resume)
        train(config=tiny(epochs), options=options, **sources)
    return out


def is_png(path: Path) -> bool:
    return path.read_bytes()[:4] == b"\x89PNG"


def test_saliency_report(run: Path, tmp_path: Path) -> None:
    checkpoints = {"one": run / "last.ckpt", "other": run / "best.ckpt"}
    result = measure_saliency(checkpoints, source=synthetic_source(42, seed=3), limit=2, out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "figures.json").read_text())["methods"] == result["methods"]
    for method in ("gradcam", "hirescam", "gradient"):
        for label in CODE6.names:
            figures = result["methods"][method][label]
            assert set(figures["inside"]) == {"one", "other", UNTRAINED, INK, AREA}
            assert set(figures["inside_first_minus"]) == {"other", UNTRAINED}
            assert 0.1 < figures["inside"][AREA]["value"] < figures["inside"][INK]["value"] + 0.2 < 0.8
            assert figures["inside"]["one"]["n"] + figures["empty_maps"]["one"] == 2
            for found in figures["distance"].values():
                assert found["value"] is None or 0 <= found["value"] <= 1
    spread = result["spread"]["RBBB"]["one"]
    assert tuple(spread["teacher"]) == LEADS
    assert sum(spread["teacher"].values()) == pytest.approx(1, abs=1e-3)
    assert sum(spread["gradient"].values()) == pytest.approx(1, abs=1e-3)
    report = (tmp_path / "out" / "report.md").read_text()
    pictures = ["expected.png", "distance.png", *(f"map_{label}.png" for label in CODE6.names)]
    assert all(f"({name})" in report and is_png(tmp_path / "out" / name) for name in pictures)


def test_the_teacher_counts_where_the_sheet_shows_it() -> None:
    boxes = Layout().boxes(SheetSpec(), duration_s=10.0)
    saliency = np.zeros((len(LEADS), 1000))
    saliency[LEADS.index("V1"), [600, 100]] = 1.0, 100.0  # V1 is printed from 5 s to 7.5 s
    saliency[LEADS.index("II"), 900] = 3.0  # in the rhythm strip
    found = over_leads(saliency, boxes, rate=100.0)
    assert found[LEADS.index("V1")] == pytest.approx(0.25)
    assert found[LEADS.index("II")] == pytest.approx(0.75)


def test_positives_are_of_their_class() -> None:
    found, refused = positives(synthetic_source(84, seed=5), limit=3, seed=0)
    assert not refused
    for column, label in enumerate(CODE6.names):
        assert len(found[label]) == 3
        assert all(record.labels is not None and record.labels[column] == 1 for record in found[label])
    with pytest.raises(UsageError, match="no record with"):
        positives(synthetic_source(1, seed=5), limit=3, seed=0)


def test_agreement_report(run: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 6)).astype(np.float32)
    np.savez(
        run / "scores.npz", signal=logits, image_clean=logits, image_photo=-logits, labels=(logits > 0).astype(float)
    )
    result = measure_agreement({"with": run, "without": run}, out=tmp_path / "out")
    found = result["runs"]["with"]
    assert found["steps"] == 39  # the second log's
    assert all(found["kl"][label]["first"] >= 0 for label in CODE6.names)
    same, opposite = found["final"]["image_clean"]["AF"], found["final"]["image_photo"]["AF"]
    assert same["kl"]["value"] == pytest.approx(0, abs=1e-6)
    assert (same["same_answer"]["value"], same["rank_correlation"]) == (1, 1)
    assert opposite["kl"]["value"] > 0.1
    assert (opposite["same_answer"]["value"], opposite["rank_correlation"]) == (0, -1)
    assert is_png(tmp_path / "out" / "kl.png")
    assert "without" in (tmp_path / "out" / "report.md").read_text()


def write_log(folder: Path, number: int, rows: list[dict[str, Any]]) -> None:
    path = folder / f"logs_{number}" / "metrics.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ["step", "kl/AF", "signal/auroc"])
        writer.writeheader()
        writer.writerows(rows)


def test_logs_of_a_resumed_run_are_joined(tmp_path: Path) -> None:
    write_log(
        tmp_path, 0, [{"step": s, "kl/AF": float(s)} for s in range(19, 120, 20)] + [{"step": 50, "signal/auroc": 0.7}]
    )
    # Begins at the checkpoint of step 50; the first log went on to 119 before it was interrupted.
    write_log(tmp_path, 1, [{"step": s, "kl/AF": -float(s)} for s in range(59, 100, 20)])
    write_log(tmp_path, 10, [{"step": 99, "kl/AF": 5.0}, {"step": 99, "signal/auroc": 0.9}])
    write_log(tmp_path, 11, [])
    logs = read_logs(tmp_path)
    assert logs["kl/AF"].steps.tolist() == [19, 39, 59, 79, 99]
    assert logs["kl/AF"].values.tolist() == [19, 39, -59, -79, 5]
    assert logs["signal/auroc"].steps.tolist() == [50, 99]
    with pytest.raises(UsageError, match="no KL of 1dAVb"):
        measure_agreement({"run": tmp_path}, out=tmp_path / "out")
    with pytest.raises(UsageError, match="training run"):
        read_logs(tmp_path / "logs_0")


def test_the_course_of_a_series(tmp_path: Path) -> None:
    write_log(tmp_path, 0, [{"step": s, "kl/AF": v} for s, v in enumerate([0.1] + [1.0] * 80 + [0.5] * 19)])
    found = course(read_logs(tmp_path)["kl/AF"])
    assert found == {"first": 0.1, "peak": 1.0, "last": 0.5, "last_over_first": 5.0, "last_over_peak": 0.5}
    assert smoothed(np.array([1.0, 2.0, 6.0]), share=0.7).tolist() == [1.5, 3.0, 4.0]
    assert smoothed(np.array([3.0])).tolist() == [3.0]


def test_intervals() -> None:
    values = np.array([0.0, 1.0, np.nan, 1.0, 0.0])
    found = mean_interval(values)
    assert (found["value"], found["n"]) == (0.5, 4)
    assert 0 <= found["low"] < 0.5 < found["high"] <= 1
    assert shown(mean_interval(np.array([np.nan]))) == "-"
    assert shown(mean_interval(np.array([0.25])), signed=True) == "+0.250"


def test_robustness_report(run: Path, tmp_path: Path) -> None:
    result = measure_robustness(
        {"one": checkpoint_classifier(run / "last.ckpt"), "other": checkpoint_classifier(run / "best.ckpt")},
        source=synthetic_source(84, seed=4),
        conditions=(Condition.CLEAN, Condition.PRINT),
        out=tmp_path / "out",
        cache=tmp_path / "cache",
        limit=42,
        workers=1,
        bootstraps=20,
    )
    assert result["records"] == 42
    one = result["models"]["one"]
    apart = (
        one["conditions"]["print"]["macro"]["auroc"]["value"] - one["conditions"]["clean"]["macro"]["auroc"]["value"]
    )
    assert one["differences"]["own"]["print"]["macro"]["auroc"]["value"] == pytest.approx(apart, abs=2e-5)
    assert set(result["first_minus"]["other"]) == {"clean", "print"}
    # Both models look at the same drawings.
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert is_png(tmp_path / "out" / "auroc.png")
    assert is_png(tmp_path / "out" / "cost.png")
    assert json.loads((tmp_path / "out" / "figures.json").read_text())["kind"] == "robustness"
    with pytest.raises(UsageError, match="at least one model"):
        measure_robustness({}, source=synthetic_source(8, seed=4), out=tmp_path, cache=tmp_path)
