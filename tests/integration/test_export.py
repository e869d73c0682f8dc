"""Checkpoint to bundle, and what must stop it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tolerances import tolerance
from vizecg.data.signal import SignalSpec
from vizecg.data.source import synthetic_source
from vizecg.models import ImageOnly, VizECGNetConfig
from vizecg.spec import LABELS, DecisionRule, ParityError, UsageError
from vizecg.spec.manifest import open_bundle
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.config import TrainConfig
from vizecg.train.module import TrainingModule
from vizecg.train.runners import onnx_logits, onnx_session
from vizecg_export.build import ExportRequest, export_onnx
from vizecg_export.data import golden_inks, parse_source
from vizecg_export.parity import check, compare
from vizecg_export.targets import Precision

pytestmark = pytest.mark.integration

INPUT = PreprocessSpec(height=96, width=192)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network: what it answers is nonsense, but every copy must answer the same."""
    network = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(8, 8, 16, 16), signal_widths=(8, 8, 16, 16), width=16, heads=2
    )
    config = TrainConfig(model=network.to_dict(), preprocess=INPUT.to_dict(), signal=SignalSpec().to_dict())
    torch.manual_seed(1)
    module = TrainingModule(config=config.model_dump(mode="json"))
    path = tmp_path_factory.mktemp("checkpoint") / "untrained.ckpt"
    torch.save({"hyper_parameters": dict(module.hparams), "state_dict": module.state_dict()}, path)
    return path


def request(checkpoint: Path, out: Path, **changes: object) -> ExportRequest:
    arguments: dict[str, object] = {
        "checkpoint": load_checkpoint(checkpoint), "precision": Precision.FP32, "out": out, "name": "t", "workers": 1,
    }  # fmt: skip
    return ExportRequest(**{**arguments, **changes})  # type: ignore[arg-type]


def quiet(text: str) -> None:
    """Progress is not shown in tests."""


@pytest.fixture(scope="module")
def fp32(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fp32") / "b.vizecg"
    export_onnx(request(checkpoint, out), say=quiet)
    return out


def test_fp32_bundle_agrees_with_torch_on_ecgs(checkpoint: Path, fp32: Path) -> None:
    bundle = open_bundle(fp32)
    artefact = bundle.manifest.artefact()
    loaded = load_checkpoint(checkpoint)
    images = normalise(golden_inks(sheet=bundle.manifest.sheet, preprocess=INPUT)[::4], INPUT)
    with torch.inference_mode():
        expected = ImageOnly(network=loaded.vizecgnet())(torch.from_numpy(images)).numpy()
    found = onnx_logits(onnx_session(bundle.file(artefact.file)), images)
    np.testing.assert_allclose(found, expected, atol=tolerance("onnx-fp32"))
    assert bundle.manifest.checkpoint["sha256"] == loaded.sha256
    assert artefact.parity["golden"]["decision_flips"] == 0
    assert artefact.decision == DecisionRule(), "no evaluation data, no calibration"


def test_batches_of_any_size(fp32: Path) -> None:
    bundle = open_bundle(fp32)
    runner = onnx_session(bundle.file(bundle.manifest.artefact().file))
    images = np.random.default_rng(0).normal(size=(5, 1, 96, 192)).astype(np.float32)
    together = runner.run(["logits"], {"image": images})[0]
    np.testing.assert_allclose(together, onnx_logits(runner, images), atol=tolerance("onnx-fp32"))


def test_no_path_of_the_exporting_machine_travels(fp32: Path, repository: Path) -> None:
    for file in fp32.iterdir():
        assert str(repository).encode() not in file.read_bytes(), file.name


def test_int8_is_quantised_calibrated_and_evaluated(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.vizecg"
    export_onnx(
        request(
            checkpoint,
            out,
            precision=Precision.INT8,
            calibration=synthetic_source(84, seed=101),
            evaluation=synthetic_source(84, seed=102),
            per_class=3,
        ),
        say=quiet,
    )
    manifest = open_bundle(out).manifest
    artefact = manifest.artefact()
    assert sorted(file.name for file in out.iterdir()) == [
        "MODEL_CARD.md",
        "golden.npz",
        "manifest.json",
        "model_int8.onnx",
    ]
    model = onnx.load(str(out / "model_int8.onnx"))
    assert sum(node.op_type == "QuantizeLinear" for node in model.graph.node) > 10
    assert artefact.parity["golden"]["cosine"] > tolerance("int8-cosine")
    assert manifest.calibration["method"] == "minmax"
    assert min(manifest.calibration["classes"][label] for label in LABELS) >= 3
    assert artefact.decision.threshold != (0.5,) * 6
    assert artefact.accuracy["photo"]["float"]["n"] == 84
    assert "| LBBB | " in (out / "MODEL_CARD.md").read_text()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "nothing half-made is left"


def test_int8_without_calibration_is_an_error(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs --calib"):
        export_onnx(request(checkpoint, tmp_path / "b", precision=Precision.INT8), say=quiet)
    assert not list(tmp_path.iterdir())


def test_calibrating_on_the_evaluation_records_is_an_error(checkpoint: Path, tmp_path: Path) -> None:
    same = synthetic_source(84, seed=5)
    wanted = request(
        checkpoint, tmp_path / "b", precision=Precision.INT8, calibration=same, evaluation=same, per_class=1,
        cache=tmp_path / "cache",
    )  # fmt: skip
    with pytest.raises(UsageError, match="share patients"):
        export_onnx(wanted, say=quiet)
    assert not (tmp_path / "b").exists()


def test_parity_catches_a_broken_artefact() -> None:
    reference = np.random.default_rng(0).normal(size=(20, 6))
    permuted = reference[:, [0, 1, 2, 3, 5, 4]]
    for broken in (permuted, reference * 0.5 + 2.5, np.zeros_like(reference) + 1e-9):
        with pytest.raises(ParityError, match="leaves the float network"):
            check(compare(reference, broken, rule=DecisionRule()), precision="int8", artefact="x")
    with pytest.raises(ParityError, match="not finite"):
        compare(reference, reference * np.nan, rule=DecisionRule())


@pytest.mark.parametrize("text", ["ptbxl", "ptbxl:", "mit:x", "synthetic:3", ""])
def test_unknown_sources_are_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected one of ptbxl:FOLDER, .*store:FOLDER, synthetic"):
        parse_source(text, split="val")


def export_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vizecg_export.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("target", "extra"), [("executorch", "vizecg[executorch]"), ("tensorrt", "vizecg[tensorrt]")])
def test_other_targets_exit_3_and_say_what_is_missing(target: str, extra: str) -> None:
    done = export_command("--target", target, "--json")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    message = json.loads(done.stdout)["message"]
    assert extra in message or "not part of this version" in message


def test_a_missing_checkpoint_exits_2(tmp_path: Path) -> None:
    done = export_command("--target", "onnx", "--checkpoint", str(tmp_path / "none.ckpt"), "--out", str(tmp_path / "b"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
