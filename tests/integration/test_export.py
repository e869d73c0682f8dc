"""Checkpoint to bundle, and what must stop it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from children import CHILD_LIMIT_S
from exporting import INPUT, quiet, request, untrained_checkpoint
from tolerances import tolerance
from vizecg.data.source import synthetic_source
from vizecg.models import ImageOnly
from vizecg.spec import CODE6, DecisionRule, ParityError, UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import open_bundle
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.parity import LIMITS, check, compare
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg_export.build import export
from vizecg_export.contract.write import check_written
from vizecg_export.data import golden_inks, parse_source
from vizecg_export.defaults import DEFAULT_CHECKPOINT
from vizecg_export.summary import summary
from vizecg_export.targets import Precision
from warm_start import run_command, started

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained_checkpoint(tmp_path_factory.mktemp("checkpoint") / "untrained.ckpt")


@pytest.fixture(scope="module")
def fp32(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fp32") / "b.vizecg"
    export(request(checkpoint, out), say=quiet)
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
    assert artefact.decision == DecisionRule.plain(6), "no evaluation data, no calibration"


def test_batches_of_any_size(fp32: Path) -> None:
    bundle = open_bundle(fp32)
    runner = onnx_session(bundle.file(bundle.manifest.artefact().file))
    images = np.random.default_rng(0).normal(size=(5, 1, 96, 192)).astype(np.float32)
    together = runner.run(["logits"], {"image": images})[0]
    np.testing.assert_allclose(together, onnx_logits(runner, images), atol=tolerance("onnx-fp32"))


def test_no_path_of_the_exporting_machine_travels(fp32: Path, repository: Path) -> None:
    for file in fp32.iterdir():
        assert str(repository).encode() not in file.read_bytes(), file.name


def test_int8_is_quantised_and_calibrated(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.vizecg"
    calibration = synthetic_source(84, seed=101)
    export(request(checkpoint, out, precision=Precision.INT8, calibration=calibration, per_class=3), say=quiet)
    manifest = open_bundle(out).manifest
    names = ["MODEL_CARD.md", "contract.json", "contract.md", "golden.npz", "manifest.json", "model_int8.onnx"]
    pictures = {file.name for file in out.glob("contract_*.png")}
    assert sorted({file.name for file in out.iterdir()} - pictures) == [*names, "model_int8_arm.onnx"]
    assert check_written(open_bundle(out)), "contract and metadata tell what the manifest tells"
    artefact = manifest.artefact()
    model = onnx.load(str(out / "model_int8.onnx"))
    assert sum(node.op_type == "QuantizeLinear" for node in model.graph.node) > 10
    assert artefact.parity["golden"]["cosine"] > tolerance("int8-cosine")
    assert artefact.details["calibrators_sqnr_db"].keys() == {"minmax", "entropy", "percentile"}
    reached = artefact.details["calibrators_sqnr_db"]
    assert reached[artefact.details["calibrator"]] == max(reached.values())
    assert min(manifest.calibration["classes"][label] for label in CODE6.names) >= 3
    assert manifest.calibration["shortfalls"], "so small a set is recorded as such"
    assert {artefact.name: artefact.machine for artefact in manifest.artefacts} == {
        "onnx-int8": "any",
        "onnx-int8-aarch64": "aarch64",
    }
    assert manifest.onnx_artefact("aarch64").file == "model_int8_arm.onnx"
    assert manifest.onnx_artefact("x86_64").file == "model_int8.onnx"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "nothing half-made is left"


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Weights of the convolutions that are int8."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    made_by = {node.output[0]: node for node in model.graph.node}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    quantised = {node.name: made_by[node.input[1]].input[0] for node in convolutions if node.input[1] in made_by}
    return {name: onnx.numpy_helper.to_array(constants[tensor]) for name, tensor in quantised.items()}


def test_weights_have_7_bits_but_on_arm_8(checkpoint: Path, tmp_path: Path) -> None:
    calibration = synthetic_source(42, seed=101)
    made = request(
        checkpoint, tmp_path / "b", precision=Precision.INT8, calibration=calibration, per_class=1, calibrator="minmax"
    )
    export(made, say=quiet)
    for name, least, most in (("model_int8.onnx", 60, 64), ("model_int8_arm.onnx", 127, 127)):
        found = weights(onnx.load(str(tmp_path / "b" / name)))
        assert least <= max(int(np.abs(tensor.astype(int)).max()) for tensor in found.values()) <= most, name
    # What ONNX Runtime makes of the file: it would round before the maximum, where its MaxPool takes longer than all.
    kinds = optimised_kinds(tmp_path / "b" / "model_int8.onnx", tmp_path / "optimised.onnx")
    assert kinds[0] == "Conv"
    assert kinds.index("MaxPool") < kinds.index("QuantizeLinear")


def optimised_kinds(model: Path, into: Path) -> list[str]:
    """Kinds of the operations, in the order in which ONNX Runtime runs them here."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(into)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return [node.op_type for node in onnx.load(str(into)).graph.node if node.op_type != "Constant"]


def test_fp16_is_half_the_size_and_takes_float32(checkpoint: Path, fp32: Path, tmp_path: Path) -> None:
    export(request(checkpoint, tmp_path / "b", precision=Precision.FP16), say=quiet)
    artefact = open_bundle(tmp_path / "b").manifest.artefact()
    model = onnx.load(str(tmp_path / "b" / artefact.file))
    assert {value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.output)} == {
        onnx.TensorProto.FLOAT
    }
    halves = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16]
    assert len(halves) > 20
    assert artefact.parity["golden"]["sqnr_db"] > artefact.parity["limits"]["min_sqnr_db"]


def test_the_accuracy_gate_fits_and_tells(tmp_path: Path) -> None:
    """The shipped model, on records that it was not fitted to."""
    out = tmp_path / "gated.vizecg"
    wanted = request(DEFAULT_CHECKPOINT, out, precision=Precision.FP16, evaluation=synthetic_source(70, seed=102))
    bundle = export(wanted, say=quiet).bundle
    artefact = bundle.manifest.artefact()
    assert artefact.decision.threshold != (0.5,) * 6
    photo = artefact.accuracy["photo"]
    assert photo["float"]["n"] == 70
    assert photo["retention"]["macro/f1"]["value"] >= 0.99
    assert set(photo["flips"]) == set(CODE6.names)
    assert artefact.latency["of_float"] > 0
    assert "| LBBB | " in (out / "MODEL_CARD.md").read_text()
    told = summary(bundle)
    assert told["artefacts"][0]["accuracy"]["photo"]["macro_auroc"]["value"] > 0.8
    assert 0.4 < told["artefacts"][0]["of_fp32_size"] < 0.6


def test_int8_without_calibration_is_an_error(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs --calib"):
        export(request(checkpoint, tmp_path / "b", precision=Precision.INT8), say=quiet)
    assert not list(tmp_path.iterdir())


def test_calibrating_on_the_evaluation_records_is_an_error(checkpoint: Path, tmp_path: Path) -> None:
    same = synthetic_source(84, seed=5)
    wanted = request(
        checkpoint, tmp_path / "b", precision=Precision.INT8, calibration=same, evaluation=same, per_class=1,
        cache=tmp_path / "cache",
    )  # fmt: skip
    with pytest.raises(UsageError, match="shares patients"):
        export(wanted, say=quiet)
    assert not (tmp_path / "b").exists()


def test_parity_catches_a_broken_artefact() -> None:
    reference = np.random.default_rng(0).normal(size=(20, 6))
    permuted = reference[:, [0, 1, 2, 3, 5, 4]]
    for broken in (permuted, reference * 0.5 + 2.5, np.zeros_like(reference) + 1e-9):
        with pytest.raises(ParityError, match="leaves the float network"):
            check(compare(reference, broken, rule=DecisionRule.plain(6)), limits=LIMITS["int8"], artefact="x")
    with pytest.raises(ParityError, match="not finite"):
        compare(reference, reference * np.nan, rule=DecisionRule.plain(6))


@pytest.mark.parametrize("text", ["ptbxl", "ptbxl:", "mit:x", "synthetic:3", ""])
def test_unknown_sources_are_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected one of ptbxl:FOLDER, .*store:FOLDER, .*synthetic"):
        parse_source(text, split="val", labels=CODE6)


def export_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_export.cli", *arguments)


@pytest.mark.parametrize(
    ("target", "module", "install"),
    [
        ("onnx", "onnxscript", pip_install("train", "onnx")),
        ("executorch", "executorch", pip_install("train", "onnx", "executorch")),
        ("executorch", "torchao", pip_install("train", "onnx", "executorch")),
        ("tensorrt", "onnx", pip_install("train", "onnx")),
        ("all", "executorch", pip_install("train", "onnx", "executorch")),
    ],
)
def test_a_missing_extra_exits_3_and_names_its_install(target: str, module: str, install: str) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec;"
        f"u.find_spec = lambda name, *a: None if name == {module!r} else find(name, *a);"
        f"sys.argv = ['vizecg-export', '--target', {target!r}, '--json'];"
        "from vizecg_export.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    message = json.loads(done.stdout)["message"]
    assert module in message
    assert install in message


def test_a_dry_run_writes_nothing_and_says_what_would_be(tmp_path: Path) -> None:
    done = export_command("--target", "tensorrt", "--dry-run", "--json", "--out", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["targets"] == ["tensorrt"]
    done = export_command("--target", "onnx", "--dry-run", "--out", str(tmp_path / "b"), "--calib", "synthetic")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not list(tmp_path.iterdir())


def test_killed_in_the_middle_it_leaves_no_bundle(checkpoint: Path, fp32: Path, tmp_path: Path) -> None:
    """Not where there was none, and the old one as it was where there was one."""
    old = Path(shutil.copytree(fp32, tmp_path / "old.vizecg"))
    before = {file.name: file.read_bytes() for file in old.iterdir()}
    for out in (tmp_path / "new.vizecg", old):
        arguments = ("--target", "onnx", "--precision", "int8", "--calib", "synthetic", "--per-class", "3")
        paths = ("--checkpoint", checkpoint, "--cache", tmp_path / "cache", "--out", out)
        few = ("--allow-few", "--uncalibrated", "--force")
        with started("vizecg_export.cli", *arguments, *paths, *few) as running:
            while "minmax" not in running.stderr:
                assert running.code is None, running.stderr
                time.sleep(0.02)
            running.kill()
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(left) == 2, "what was under construction"
    assert not (tmp_path / "new.vizecg").exists()
    assert {file.name: file.read_bytes() for file in old.iterdir()} == before
    open_bundle(old)
    export(request(checkpoint, tmp_path / "new.vizecg"), say=quiet)
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".new")]
    assert left == [], "the next export clears up"


def test_a_missing_checkpoint_exits_2(tmp_path: Path) -> None:
    done = export_command("--target", "onnx", "--checkpoint", str(tmp_path / "none.ckpt"), "--out", str(tmp_path / "b"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
