"""A checkpoint's calibration goes into every artefact; one without is refused or says so; a failure leaves the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from children import CHILD_LIMIT_S
from exporting import INPUT, Broken, bad_scale, quiet, request, untrained_checkpoint
from vizecg.data.source import synthetic_source
from vizecg.models import ImageOnly
from vizecg.models.logits import torch_logits
from vizecg.spec import CheckpointError, DecisionRule, ParityError, RuleSource, SheetSpec, UsageError
from vizecg.spec.deployment import Deployment, DrawnCalibration
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import MANIFEST, open_bundle
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.slim import join_checkpoint, slim_checkpoint, split_checkpoint
from vizecg_export import build
from vizecg_export.build import export
from vizecg_export.calibrating import stored_inks, write_calibrated
from vizecg_export.job import Job, Made
from vizecg_export.subject import logits_of
from vizecg_export.targets import Machine, Precision
from vizecg_export.verbs.calibrate import calibrate

pytestmark = pytest.mark.integration

RULE = DecisionRule.plain(6, threshold=(0.4,) * 6, undecided_margin=(0.01,) * 6)
GATE = QualityGate(least_score=0.2)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained_checkpoint(tmp_path_factory.mktemp("bare") / "bare.ckpt")


@pytest.fixture(scope="module")
def carrying(bare: Path) -> Path:
    """The same network with a calibration made up for it."""
    network = ImageOnly(network=load_checkpoint(bare).vizecgnet())
    inks = stored_inks(sheet=SheetSpec(), preprocess=INPUT)
    carried = Deployment(
        rule=RULE,
        rule_source={"data": "made up"},
        gate=GATE,
        gate_source={"kind": "made up"},
        inks=inks,
        logits=logits_of(partial(torch_logits, network), inks, INPUT),
        drawn_calibration=DrawnCalibration(
            seed=0, per_class=1, calibrators={"onnx-int8": "minmax", "onnx-int8-aarch64": "minmax"}, proven_on="x"
        ),
    )
    path = bare.with_name("carrying.ckpt")
    write_calibrated(bare, carried, path)
    return path


def test_an_artefact_decides_by_the_rule_and_the_gate_of_its_checkpoint(carrying: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "b.vizecg"
    export(request(carrying, out, uncalibrated=False), say=quiet)
    manifest = open_bundle(out).manifest
    artefact = manifest.artefact()
    assert artefact.rule_source is RuleSource.NETWORK
    assert artefact.calibrated
    assert (artefact.decision.threshold, artefact.decision.undecided_margin) == (RULE.threshold, RULE.undecided_margin)
    assert 0 < artefact.decision.margin < 1e-4
    assert (manifest.gate, manifest.gate_source) == (GATE, {"kind": "made up"})
    assert artefact.parity["stored"]["turned_over"] == 0
    assert "calibration and thresholds are those that the checkpoint carries" in (out / "MODEL_CARD.md").read_text()
    with pytest.raises(UsageError, match="holds a bundle already: --force replaces it"):
        export(request(carrying, out, uncalibrated=False), say=quiet)
    with pytest.raises(UsageError, match="carries its calibration"):
        export(request(carrying, tmp_path / "c", uncalibrated=True), say=quiet)


def test_a_model_without_calibration_is_refused_or_says_so(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"carries no calibration: give --eval .* or --uncalibrated"):
        export(request(bare, tmp_path / "b", uncalibrated=False), say=quiet)
    assert not list(tmp_path.iterdir())
    said: list[str] = []
    bundle = export(request(bare, tmp_path / "b"), say=said.append).bundle
    assert said[0].startswith("warning: the bundle will be uncalibrated")
    assert not bundle.manifest.artefact().calibrated
    assert "**Uncalibrated**" in (bundle.path / "MODEL_CARD.md").read_text()


def test_another_network_than_the_calibration_was_fitted_to_is_refused(carrying: Path, tmp_path: Path) -> None:
    raw = torch.load(carrying, weights_only=True)
    name = next(n for n in raw["state_dict"] if n.startswith("network.image_encoder.") and n.endswith("weight"))
    raw["state_dict"][name] = raw["state_dict"][name] * 1.5 + 0.1
    torch.save(raw, tmp_path / "changed.ckpt")
    with pytest.raises(CheckpointError, match="gives other scores here than those its calibration was fitted to"):
        export(request(tmp_path / "changed.ckpt", tmp_path / "b", uncalibrated=False), say=quiet)
    assert not (tmp_path / "b").exists()


class ArmIsBroken(Broken):
    """The file for any processor is right, the one for ARM is not."""

    def make(self, job: Job) -> Made:
        self._change = bad_scale if job.machine is Machine.ARM else None
        return super().make(job)


def test_int8_takes_the_checkpoints_sheets_and_a_broken_file_leaves_the_other(
    carrying: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "recipe_for", lambda target: ArmIsBroken())
    made = export(
        request(carrying, tmp_path / "b", precision=Precision.INT8, uncalibrated=False, allow_few=True), say=quiet
    )
    assert made.failed.keys() == {"onnx-int8-aarch64"}
    assert isinstance(made.failed["onnx-int8-aarch64"], ParityError)
    artefact = made.bundle.manifest.artefact()
    assert [one.name for one in made.bundle.manifest.artefacts] == ["onnx-int8"]
    assert made.bundle.manifest.calibration["source"] == "synthetic varied seed 101"
    assert artefact.details["calibrators_sqnr_db"].keys() == {"minmax"}, "the one that is known to serve"
    assert artefact.decision.margin >= artefact.parity["golden"]["max_abs"]
    assert "model_int8_arm.onnx" not in made.bundle.manifest.files


def test_int8_of_a_checkpoint_that_names_no_sheets_wants_records(bare: Path, tmp_path: Path) -> None:
    wanted = request(bare, tmp_path / "b", precision=Precision.INT8, evaluation=synthetic_source(70, seed=102))
    with pytest.raises(UsageError, match=r"--precision int8 needs --calib \(ptbxl:FOLDER"):
        export(wanted, say=quiet)


def test_evaluation_records_without_a_class_are_named_by_their_option(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--eval synthetic seed 7: 0 of 2 records have \w+; a threshold needs"):
        export(request(bare, tmp_path / "b", evaluation=synthetic_source(2, seed=7)), say=quiet)


def test_calibrate_writes_what_an_export_then_takes(bare: Path, carrying: Path, tmp_path: Path) -> None:
    """The network is untrained, so its thresholds say nothing; that they are fitted, kept and taken does."""
    bands = export(request(carrying, tmp_path / "bands", uncalibrated=False), say=quiet).bundle
    out = tmp_path / "calibrated.ckpt"
    settings = {
        "checkpoint": bare, "evaluation": "synthetic", "out": out, "limit": 70, "cache": tmp_path / "cache",
        "workers": 1,
    }  # fmt: skip
    # Written for the same weights: that of `carrying`, whose file has another hash, is refused.
    with pytest.raises(UsageError, match="was made of another checkpoint"):
        calibrate(**settings, bands=bands.path)
    calibrate(**settings, as_json=True)
    with pytest.raises(UsageError, match="exists already: --force replaces it"):
        calibrate(**settings)
    found = load_checkpoint(out).deployment
    assert found is not None
    assert found.rule.threshold != (0.5,) * 6
    assert found.rule_source["data"] == "synthetic seed 102"
    assert (found.gate_source, found.drawn_calibration) == ({}, None)
    artefact = export(request(out, tmp_path / "b", uncalibrated=False), say=quiet).bundle.manifest.artefact()
    assert artefact.decision.threshold == found.rule.threshold


def test_a_split_checkpoint_exports_the_same_and_becomes_whole_again(carrying: Path, tmp_path: Path) -> None:
    slim, image, rest, whole = (tmp_path / f"{name}.ckpt" for name in ("slim", "image", "rest", "whole"))
    slim_checkpoint(carrying, slim)
    split_checkpoint(slim, image, rest)
    loaded = {path: load_checkpoint(path) for path in (slim, image)}
    sheet = torch.randn(1, 1, INPUT.height, INPUT.width)
    with torch.inference_mode():
        assert torch.equal(*(ImageOnly(network=one.vizecgnet())(sheet) for one in loaded.values()))
    assert loaded[image].deployment is not None
    assert loaded[image].trained_sha256 == loaded[slim].trained_sha256 == load_checkpoint(carrying).sha256
    assert image.stat().st_size < slim.stat().st_size
    with pytest.raises(CheckpointError, match="holds what only training uses"):
        load_checkpoint(rest)
    join_checkpoint(image, rest, whole)
    before, after = (load_checkpoint(path).network.state_dict() for path in (slim, whole))
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    with pytest.raises(CheckpointError, match="are not the image part and the rest"):
        join_checkpoint(rest, image, tmp_path / "none.ckpt")


WRONG = {
    "--precision int9": ["--target", "onnx", "--precision", "int9"],
    "--calibrator nearest": ["--target", "onnx", "--precision", "int8", "--calibrator", "nearest"],
    "--eval nowhere": ["--target", "onnx", "--eval", "ptbxl:/nowhere"],
    "fp16 for ExecuTorch": ["--target", "executorch", "--precision", "fp16"],
    "--checkpoint nowhere": ["--target", "onnx", "--checkpoint", "nowhere.ckpt"],
    "contradiction": ["--target", "onnx", "--eval", "synthetic", "--uncalibrated"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_option_is_refused_before_anything_heavy_is_imported(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from vizecg_export.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n"
        "    heavy = {'torch', 'torchvision', 'pytorch_lightning', 'onnxruntime', 'onnx'} & sys.modules.keys()\n"
        "    sys.exit(stop.code if not heavy else f'imported {heavy}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--out", str(tmp_path / "b")],
        capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert not list(tmp_path.iterdir())


def test_reading_a_checkpoint_needs_neither_lightning_nor_torchvision() -> None:
    """Nor does the exporter, which scores, calibrates and makes bundles, before it knows its target."""
    code = (
        "import sys\n"
        "import vizecg_export.build, vizecg_export.accuracy, vizecg_export.calibrating\n"
        "from vizecg.train.checkpoint import load_checkpoint\n"
        "from vizecg_export.defaults import DEFAULT_CHECKPOINT\n"
        "load_checkpoint(DEFAULT_CHECKPOINT)\n"
        "heavy = {'torchvision', 'pytorch_lightning', 'torchmetrics', 'onnxruntime', 'matplotlib', 'scipy'}\n"
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S
    )
    assert done.returncode == 0, done.stderr


def test_the_json_of_a_partly_made_bundle_names_what_is_missing(
    carrying: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from vizecg_export.verbs.export import run_export

    monkeypatch.setattr(build, "recipe_for", lambda target: ArmIsBroken())
    wanted = request(carrying, tmp_path / "b", precision=Precision.INT8, uncalibrated=False)
    with pytest.raises(SystemExit) as stop:
        run_export(wanted, as_json=True)
    assert stop.value.code == 4
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert [one["name"] for one in told["artefacts"]] == ["onnx-int8"]
    assert told["failed"]["onnx-int8-aarch64"]["exit_code"] == 4
    assert "error: onnx-int8-aarch64 was not written" in said.err
    assert (tmp_path / "b" / MANIFEST).is_file()
