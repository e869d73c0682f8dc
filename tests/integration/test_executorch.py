"""ExecuTorch programs: what they compute, what XNNPACK takes of them, and what must not be in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("executorch", reason="the extra `executorch` is not installed")

from executorch.extension.pybindings import portable_lib

from small_networks import cosine, small_deployed, small_images, sqnr_db
from tolerances import tolerance
from vizecg.models import CmamWithoutSignal, ImageOnly
from vizecg.spec import UsageError
from vizecg.spec.manifest import GOLDEN
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_export.defaults import DEFAULT_CHECKPOINT
from vizecg_export.job import Job, Made
from vizecg_export.recipes.executorch import ExecuTorchRecipe, bundled_program, open_model
from vizecg_export.targets import Precision, Scope

pytestmark = pytest.mark.integration

RUNTIME_ONLY = {"aten_native_layer_norm_default", "getitem"}
"""What XNNPACK leaves to ExecuTorch's own kernels."""


def job(folder: Path, precision: Precision, **changes: Any) -> Job:
    images = small_images(12) if precision is Precision.INT8 else None
    arguments: dict[str, Any] = {
        "network": small_deployed(), "input_shape": (1, 1, 96, 192), "folder": folder, "precision": precision,
        "images": images, "calibrator": "minmax" if images is not None else None,
    }  # fmt: skip
    return Job(**{**arguments, **changes})


def make(folder: Path, precision: Precision, **changes: Any) -> Made:
    return ExecuTorchRecipe().make(job(folder, precision, **changes))


@pytest.fixture(scope="module")
def int8_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("int8")


@pytest.fixture(scope="module")
def int8(int8_folder: Path) -> Made:
    return make(int8_folder, Precision.INT8)


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    with torch.inference_mode():
        return small_deployed()(torch.from_numpy(small_images(16))).numpy()


@pytest.mark.parametrize("mode", [CmamWithoutSignal.SKIP, CmamWithoutSignal.MEMORY])
def test_fp32_is_the_network(tmp_path: Path, mode: CmamWithoutSignal, capfd: pytest.CaptureFixture[str]) -> None:
    network, images = small_deployed(cmam_without_signal=mode), small_images(4)
    made = make(tmp_path, Precision.FP32, network=network)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(made.run(images), wanted, atol=tolerance("executorch-fp32"))
    np.testing.assert_allclose(open_model(tmp_path / made.file)(images), wanted, atol=tolerance("executorch-fp32"))
    assert [file.name for file in tmp_path.iterdir()] == [made.file] == ["model_fp32.pte"]
    assert capfd.readouterr() == ("", ""), "the library's own messages"
    memory = {"aten_expand_copy_default"} if mode is CmamWithoutSignal.MEMORY else set()
    assert set(made.details["delegation"]["other_ops"]) <= RUNTIME_ONLY | memory
    if mode is CmamWithoutSignal.SKIP:
        assert made.details["delegation"]["delegates"] == 3


def test_int8_reaches_the_linear_layers(int8: Made, expected: np.ndarray) -> None:
    assert cosine(int8.run(small_images(16)), expected) > tolerance("int8-cosine")
    delegation = int8.details["delegation"]
    assert delegation["delegates"] <= 4
    assert set(delegation["other_ops"]) <= RUNTIME_ONLY
    assert delegation["delegated_ops"]["aten_linear_default"] == 6
    assert delegation["delegated_ops"]["quantized_decomposed_choose_qparams_tensor"] == 4
    assert int8.details["quantiser"] == {
        **int8.details["quantiser"], "scope": "full", "calibrator": "minmax", "images": 12, "qat_epochs": 0,
    }  # fmt: skip


def test_trunk_alone_leaves_them_float(tmp_path: Path, expected: np.ndarray) -> None:
    made = make(tmp_path, Precision.INT8, scope=Scope.TRUNK)
    assert cosine(made.run(small_images(16)), expected) > tolerance("int8-cosine")
    delegation = made.details["delegation"]
    assert set(delegation["other_ops"]) <= RUNTIME_ONLY
    assert "quantized_decomposed_choose_qparams_tensor" not in delegation["delegated_ops"]


def test_the_same_job_gives_the_same_bytes_and_they_tell_of_no_machine(
    int8: Made, int8_folder: Path, tmp_path: Path, repository: Path
) -> None:
    again = make(tmp_path, Precision.INT8)
    program = (int8_folder / int8.file).read_bytes()
    assert (tmp_path / again.file).read_bytes() == program
    for text in (str(repository), str(int8_folder), "/root", "site-packages", ".py"):
        assert text.encode() not in program, text


def test_a_bundled_program_verifies_itself(int8: Made, int8_folder: Path, tmp_path: Path) -> None:
    images = small_images(3)
    logits = int8.run(images)
    logits[2] += 1
    for name in ("a.bpte", "b.bpte"):
        bundled_program(int8_folder / int8.file, images, logits, tmp_path / name)
    data = (tmp_path / "a.bpte").read_bytes()
    assert data == (tmp_path / "b.bpte").read_bytes()
    module = portable_lib._load_bundled_program_from_buffer(data)
    verified = []
    for case in range(3):
        try:
            module.verify_result_with_bundled_expected_output("forward", case, 1e-6, 1e-6)
            verified.append(True)
        except RuntimeError:
            verified.append(False)
    assert verified == [True, True, False], "the last expects what the program does not give"
    with pytest.raises(UsageError, match="3 golden inputs but 2 outputs"):
        bundled_program(int8_folder / int8.file, images, logits[:2], tmp_path / "c.bpte")


def test_what_is_not_offered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exported as fp32, int8, not as fp16"):
        make(tmp_path, Precision.FP16)
    with pytest.raises(UsageError, match="needs calibration images"):
        make(tmp_path, Precision.INT8, images=None)
    assert not list(tmp_path.iterdir())


def test_no_images_give_no_logits(int8: Made) -> None:
    assert int8.run(small_images(1)[:0]).shape == (0, 6)


def test_the_shipped_network_in_int8_is_a_quarter_as_large_and_as_good(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(DEFAULT_CHECKPOINT)
    preprocess = checkpoint.config.preprocess_spec()
    inks = np.load(DEFAULT_BUNDLE / GOLDEN)["inks"]
    calibration, images = normalise(inks[::2], preprocess), normalise(inks[1::4], preprocess)
    network = ImageOnly(network=checkpoint.vizecgnet())
    with torch.inference_mode():
        wanted = network(torch.from_numpy(images)).numpy()
    shape = preprocess.input_shape
    options: dict[str, Any] = {"network": network, "input_shape": shape, "images": calibration}
    size = (tmp_path / make(tmp_path, Precision.FP32, network=network, input_shape=shape).file).stat().st_size
    made = make(tmp_path, Precision.INT8, **options)
    assert (tmp_path / made.file).stat().st_size < 0.27 * size
    assert sqnr_db(wanted, made.run(images)) > tolerance("executorch-int8-db")
