"""The shipped files agree with each other: checkpoint, float logits, int8 model, on the bundle's own golden sheets."""

from __future__ import annotations

import platform

import numpy as np
import pytest
import torch

from tolerances import tolerance
from vizecg.models import ImageOnly
from vizecg.spec.manifest import GOLDEN, open_bundle
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg_edge.backends.executorch_python import ExecuTorchBackend
from vizecg_edge.backends.onnx import OnnxBackend
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_export.data import golden_inks
from vizecg_export.defaults import DEFAULT_CHECKPOINT
from vizecg_export.recipes.tensorrt.recipe import StandIn

pytestmark = pytest.mark.parity

BACKENDS = {"onnx": OnnxBackend, "executorch": ExecuTorchBackend}


def test_the_shipped_bundle_gives_its_golden_answers() -> None:
    """Another CPU may sum in another order; the tolerance is the artefact's own undecided margin or a little more."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    manifest = bundle.manifest
    golden = np.load(bundle.file(GOLDEN))
    images = normalise(golden["inks"], manifest.preprocess)
    # Weights of 8 bits saturate on x86 without VNNI: the file for ARM is not for every machine.
    for artefact in (a for a in manifest.artefacts if a.machine in ("any", platform.machine())):
        file, shape = bundle.file(artefact.file), manifest.preprocess.input_shape
        if artefact.target == "tensorrt":
            found = StandIn(model=file)(images)
        else:
            backend = BACKENDS[artefact.target](model=file, input_shape=shape, labels=len(manifest.labels))
            found = np.stack([backend.logits(image[None]) for image in images])
        np.testing.assert_allclose(found, golden[f"logits_{artefact.name}"], atol=tolerance("int8-same-file"))
        a, b = found.ravel(), golden["float_logits"].ravel()
        assert float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) > tolerance("int8-cosine")


def test_the_shipped_checkpoint_is_the_bundles() -> None:
    bundle = open_bundle(DEFAULT_BUNDLE)
    checkpoint = load_checkpoint(DEFAULT_CHECKPOINT)
    assert bundle.manifest.checkpoint["sha256"] == checkpoint.trained_sha256
    golden = np.load(bundle.file(GOLDEN))
    with torch.inference_mode():
        images = torch.from_numpy(normalise(golden["inks"][::4], bundle.manifest.preprocess))
        found = ImageOnly(network=checkpoint.vizecgnet())(images).numpy()
    np.testing.assert_allclose(found, golden["float_logits"][::4], atol=tolerance("onnx-fp32"))


def test_rendering_and_preprocessing_still_give_the_golden_sheets() -> None:
    """Code that draws or preprocesses otherwise must raise its version, and the bundle must be made anew."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    manifest = bundle.manifest
    found = golden_inks(sheet=manifest.sheet, preprocess=manifest.preprocess).astype(int)
    expected = np.load(bundle.file(GOLDEN))["inks"].astype(int)
    assert np.abs(found - expected).mean() < tolerance("golden-ink")
