"""On an NVIDIA GPU: the shipped network's engines are built, agree with torch, and their latency is shown."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from vizecg.models import ImageOnly
from vizecg.render import RENDERER_VERSION
from vizecg.spec import CODE6, BundleError, DecisionRule, MissingToolError, RuleSource
from vizecg.spec.manifest import GOLDEN, Artefact, Manifest, hash_files, publish_bundle
from vizecg.spec.parity import LIMITS
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg_edge.backends.tensorrt import TensorRTBackend
from vizecg_edge.engine.builder import Workshop, build, open_workshop
from vizecg_export.job import Job
from vizecg_export.targets import Precision

pytestmark = pytest.mark.device

SHIPPED = "export/vizecg_export/weights/default.ckpt"
GOLDEN_FILE = "edge_runtime/vizecg_edge/bundles/default/golden.npz"


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    try:
        importlib.import_module("tensorrt")
    except ImportError as error:
        pytest.skip(f"needs TensorRT: {error}")
    try:
        return open_workshop()
    except (BundleError, MissingToolError) as error:
        pytest.skip(f"needs a CUDA GPU: {error}")


@pytest.mark.parametrize("precision", list(Precision))
def test_the_shipped_networks_engine_is_accepted(
    precision: Precision, workshop: Workshop, repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Needs onnx, which a machine without TensorRT need not have.
    from vizecg_export.recipes.tensorrt.recipe import TensorRTRecipe

    checkpoint = load_checkpoint(repository / SHIPPED)
    spec, sheet = checkpoint.config.preprocess_spec(), checkpoint.config.sheet_spec()
    network = ImageOnly(network=checkpoint.vizecgnet())
    with np.load(repository / GOLDEN_FILE) as golden:
        inks = golden["inks"]
    sheets = normalise(inks, spec)
    with torch.inference_mode():
        expected = network(torch.from_numpy(sheets)).numpy()
    folder = tmp_path / "folder"
    folder.mkdir()
    calibration = sheets if precision is Precision.INT8 else None
    job = Job(network=network, input_shape=spec.input_shape, folder=folder, precision=precision, images=calibration)
    made = TensorRTRecipe().make(job)
    np.savez_compressed(folder / GOLDEN, inks=inks, float_logits=expected)
    name = f"tensorrt-{precision.value}"
    artefact = Artefact(
        name=name,
        file=made.file,
        target="tensorrt",
        precision=precision.value,
        decision=DecisionRule.plain(6),
        rule_source=RuleSource.ARTEFACT,
        details=made.details,
    )
    manifest = Manifest(
        labels=CODE6,
        name="device", artefacts=(artefact,), default_artefact=name, sheet=sheet, preprocess=spec,
        renderer_version=RENDERER_VERSION, checkpoint={}, calibration={}, toolchain={}, source={},
        files=hash_files(folder),
    )  # fmt: skip
    bundle = publish_bundle(folder, manifest, tmp_path / "b.vizecg")
    engines = tmp_path / "engines"
    result = build(bundle, bundle.manifest.artefact(), workshop=workshop, folder=engines)
    parity = result.record.parity
    with capsys.disabled():
        print(
            f"\n{name} on {workshop.environment.gpu}, TensorRT {workshop.environment.tensorrt}: built in "
            f"{result.record.build_s} s, {result.path.stat().st_size} bytes, {parity['p50_ms']} ms (p90 "
            f"{parity['p90_ms']}), largest difference {parity['max_abs']:.4g}, cosine {parity['cosine']:.6f}"
        )
    assert not build(bundle, bundle.manifest.artefact(), workshop=workshop, folder=engines).fresh
    backend = TensorRTBackend(bundle=bundle, artefact=bundle.manifest.artefact(), folder=engines, workshop=workshop)
    logits = np.stack([backend.logits(sheet[None]) for sheet in sheets])
    backend.close()
    assert np.abs(logits - expected).max() <= LIMITS[precision.value].max_abs
