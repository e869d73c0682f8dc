"""verify, inspect, diff, explain and doctor, as a user types them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

from exporting import bad_scale, quiet, request, untrained_checkpoint
from vizecg.data.source import synthetic_source
from vizecg.spec import BundleError
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import GOLDEN, MANIFEST
from vizecg.spec.processor import parse_processor
from vizecg_export.build import export
from vizecg_export.explaining.compare import NO_NOISE_DB
from vizecg_export.targets import Precision, Target
from vizecg_export.verbs import doctor
from vizecg_export.verbs.explain import explain_artefact
from warm_start import run_command

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, and an fp32 and an int8 bundle of it."""
    folder = tmp_path_factory.mktemp("verbs")
    checkpoint = untrained_checkpoint(folder / "untrained.ckpt")
    export(request(checkpoint, folder / "fp32.vizecg"), say=quiet)
    int8 = request(
        checkpoint, folder / "int8.vizecg", precision=Precision.INT8, calibration=synthetic_source(42, seed=101),
        per_class=2, calibrator="minmax",
    )  # fmt: skip
    export(int8, say=quiet)
    return folder


@pytest.fixture
def bundle(folder: Path, tmp_path: Path) -> Path:
    """A copy of the int8 bundle, to be spoilt."""
    return Path(shutil.copytree(folder / "int8.vizecg", tmp_path / "b.vizecg"))


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_export.cli", *arguments)


def test_verify_runs_the_golden_sheets(folder: Path) -> None:
    done = command("verify", folder / "int8.vizecg", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["artefact"], one["ran"]) for one in told["artefacts"]] == [
        ("onnx-int8", True), ("onnx-int8-aarch64", True),
    ]  # fmt: skip
    assert 0 < told["artefacts"][0]["max_abs"] < 1


def flip_a_byte(bundle: Path) -> None:
    path = bundle / "model_int8.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def remove_a_file(bundle: Path) -> None:
    (bundle / GOLDEN).unlink()


def foreign_schema(bundle: Path) -> None:
    path = bundle / MANIFEST
    path.write_text(path.read_text().replace('"schema_version": 5', '"schema_version": 99'))


def swap_artefacts(bundle: Path) -> None:
    """Two files change places: each is whole, and neither is what its name says."""
    first, second, aside = bundle / "model_int8.onnx", bundle / "model_int8_arm.onnx", bundle / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def swap_and_sign(bundle: Path) -> None:
    """Another model, and a manifest that vouches for it: only running it shows the fraud."""
    path = bundle / "model_int8.onnx"
    model = onnx.load(str(path))
    logits = next(node for node in model.graph.node if "logits" in node.output)
    logits.output[0] = "other"
    model.graph.node.append(onnx.helper.make_node("Neg", ["other"], ["logits"]))
    old = sha256_file(path)
    onnx.save(model, str(path))
    manifest = bundle / MANIFEST
    manifest.write_text(manifest.read_text().replace(old, sha256_file(path)))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (flip_a_byte, "model_int8.onnx was changed since the export"),
        (remove_a_file, "golden.npz is missing"),
        (foreign_schema, "manifest schema 99 is not 5"),
        (swap_artefacts, "model_int8.onnx was changed since the export"),
        (swap_and_sign, "model_int8.onnx does not give its golden answers"),
    ],
)
def test_verify_refuses_a_spoilt_bundle(spoil, says: str, bundle: Path) -> None:  # type: ignore[no-untyped-def]
    spoil(bundle)
    done = command("verify", bundle)
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_inspect_tells_what_is_inside(folder: Path) -> None:
    told = json.loads(command("inspect", folder / "int8.vizecg", "--json").stdout)
    assert told["input"] == [1, 1, 96, 192]
    (artefact, _) = told["artefacts"]
    assert artefact["inputs"] == {"image": "float (batch, 1, 96, 192)"}
    convolutions = artefact["quantised"]["Conv"]
    assert convolutions[0] == convolutions[1] - 1 > 15, "all but the stem"
    assert artefact["weights"]["INT8"] > artefact["weights"]["FLOAT"]
    checkpoint = json.loads(command("inspect", folder / "untrained.ckpt", "--json").stdout)
    assert checkpoint["config"]["architecture"] == "vizecgnet"


def test_inspect_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"not a model")
    done = command("inspect", tmp_path / "x.onnx")
    assert (done.returncode, done.stderr.count("\n")) == (6, 1)
    assert command("inspect", tmp_path / "none.bin").returncode == 2


def test_diff_names_files_fields_and_answers(folder: Path, bundle: Path) -> None:
    same = command("diff", folder / "int8.vizecg", bundle)
    assert same.stdout.strip() == "the same"
    told = json.loads(command("diff", folder / "fp32.vizecg", folder / "int8.vizecg", "--json").stdout)
    assert told["files"]["model_int8.onnx"] == "only second"
    assert told["files"]["model_fp32.onnx"] == "only first"
    assert told["golden"]["float_logits"] == 0
    assert told["fields"]["default_artefact"] == ["onnx-fp32", "onnx-int8"]


def test_explain_finds_no_fault_where_there_is_none(folder: Path) -> None:
    done = command(
        "explain", folder / "fp32.vizecg", "--checkpoint", folder / "untrained.ckpt", "--sheets", "2", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["first"] is None
    assert len(told["tensors"]) > 30
    assert min(tensor["sqnr_db"] for tensor in told["tensors"]) > 80


def test_explain_names_the_spoilt_tensor_and_draws(folder: Path, bundle: Path) -> None:
    path = bundle / "model_int8.onnx"
    model = onnx.load(str(path))
    bad_scale(model)
    spoilt = next(node.input[0] for node in model.graph.node if "bad_scale" in node.input)
    source = next(node.input[0] for node in model.graph.node if spoilt in node.output)
    old = sha256_file(path)
    onnx.save(model, str(path))
    (bundle / MANIFEST).write_text((bundle / MANIFEST).read_text().replace(old, sha256_file(path)))
    picture = bundle.parent / "explained.png"
    arguments = ("--checkpoint", folder / "untrained.ckpt", "--sheets", "2", "--below", "12", "--plot", picture)
    told = json.loads(command("explain", bundle, *arguments, "--json").stdout)
    assert told["first"]["name"] == source
    assert picture.stat().st_size > 10_000


@pytest.mark.parametrize("target", [Target.TENSORRT, Target.EXECUTORCH])
def test_explain_follows_int8_of_every_target_to_its_logits(folder: Path, tmp_path: Path, target: Target) -> None:
    checkpoint, cache = folder / "untrained.ckpt", folder / "cache"
    out = tmp_path / "b.vizecg"
    wanted = request(
        checkpoint, out, targets=(target,), precision=Precision.INT8, calibration=synthetic_source(42, seed=101),
        per_class=2, calibrator="minmax", cache=cache,
    )  # fmt: skip
    export(wanted, say=quiet)
    gaps = explain_artefact(out, name=None, checkpoint=checkpoint, sheets=2, cache=cache)
    # Attention adds exactly nothing before it was trained.
    noisy = [gap.sqnr_db for gap in gaps if gap.sqnr_db < NO_NOISE_DB]
    assert len(noisy) > 40
    assert 10 < min(noisy) < max(noisy) < 80
    if target is Target.EXECUTORCH:
        with pytest.raises(BundleError, match="no longer holds the calibration sheets"):
            explain_artefact(out, name=None, checkpoint=checkpoint, sheets=2, cache=tmp_path / "elsewhere")


def test_explain_wants_the_right_checkpoint(folder: Path) -> None:
    done = command("explain", folder / "int8.vizecg")
    assert done.returncode == 6
    assert "was made from another checkpoint" in done.stderr


def test_doctor_names_the_command_that_adds_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(command("doctor", "--json").stdout)
    assert next(f for f in told["findings"] if f["what"] == "export and run ONNX")["works"]
    for finding in told["findings"]:
        assert finding["works"] == (finding["add"] == "")
    assert {"instructions", "lacks", "training"} <= set(told["machine"])
    monkeypatch.setattr(doctor, "missing_modules", lambda target: ["torch"])
    monkeypatch.setattr(doctor, "_lacks", lambda module: True)
    added = {finding.what: finding.add for finding in doctor.findings()}
    assert added["export and run ExecuTorch"] == pip_install("train", "onnx", "executorch")
    assert added["parse and build TensorRT graphs without a GPU"] == pip_install("tensorrt-check")
    assert "[tensorrt]'" in added["build and run TensorRT engines"]


def test_golden_answers_of_every_artefact_travel(folder: Path) -> None:
    with np.load(folder / "int8.vizecg" / GOLDEN) as golden:
        assert set(golden.files) == {"inks", "float_logits", "logits_onnx-int8", "logits_onnx-int8-aarch64"}


def test_doctor_tells_what_the_processor_lacks_and_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = parse_processor("processor : 0\nflags : avx avx2 fma\n", machine="x86_64")
    monkeypatch.setattr(doctor, "read_processor", lambda: laptop)
    here = doctor.machine()
    assert [lack["name"] for lack in here["lacks"]] == ["AVX-512", "VNNI", "bf16", "AMX"]
    assert here["training"] == {"bf16": False, "channels_last_from": 8}
    told = "\n".join(doctor.machine_lines(here))
    for words in ("without VNNI: ", "weights of 7 bits", "bf16-mixed as float32", "fewer than 8 channels"):
        assert words in told
