"""Bundles small enough to be made in milliseconds, for tests of the edge: a network whose answer can be reckoned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from vizecg.render import RENDERER_VERSION
from vizecg.spec import CODE6, DecisionRule, LabelSet, RuleSource, SheetSpec
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle, Manifest, hash_files, publish_bundle
from vizecg.spec.preprocess import PreprocessSpec, normalise

SPEC = PreprocessSpec(height=96, width=192)
LIMITS = {"max_abs": 1e-3, "min_cosine": 0.9999, "min_sqnr_db": 60.0}
BUILD = {
    "profile": {"min": [1, 1, 96, 192], "opt": [1, 1, 96, 192], "max": [1, 1, 96, 192]},
    "workspace_mib": 64, "optimization_level": 3, "timing_iterations": 1, "tf32": False,
}  # fmt: skip


def write_model(path: Path, *, seed: int = 0, labels: int = len(CODE6)) -> None:
    """Convolution, mean, logits."""
    rng = np.random.default_rng(seed)
    arrays = {
        "w": rng.normal(size=(4, 1, 3, 3)).astype(np.float32),
        "axes": np.array([2, 3]),
        "v": rng.normal(size=(4, labels)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("ReduceMean", ["r", "axes"], ["m"], keepdims=0),
        helper.make_node("Gemm", ["m", "v"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, SPEC.height, SPEC.width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))


def artefact(name: str = "onnx-fp32", **changes: object) -> Artefact:
    """One for ONNX Runtime on any processor unless ``changes`` say otherwise; all have the same model file."""
    plain = Artefact(
        name=name, file="model.onnx", target="onnx", precision="fp32", decision=DecisionRule.plain(6),
        rule_source=RuleSource.ARTEFACT,
        parity={"limits": LIMITS}, details={"build": BUILD},
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def tiny_inks(n: int, *, seed: int = 1) -> np.ndarray:
    """uint8 (n, 96, 192)."""
    return np.random.default_rng(seed).integers(0, 255, size=(n, SPEC.height, SPEC.width), dtype=np.uint8)


def make_bundle(
    path: Path,
    *artefacts: Artefact,
    seed: int = 0,
    labels: LabelSet = CODE6,
    extra: Mapping[str, bytes] = MappingProxyType({}),
) -> Bundle:
    """A bundle with these artefacts (or one), the first of them the default, and golden sheets of its model; ``extra``
    files are listed too."""
    folder = path.parent / f".{path.name}"
    folder.mkdir()
    for name, content in extra.items():
        (folder / name).write_bytes(content)
    write_model(folder / "model.onnx", seed=seed, labels=len(labels))
    inks = tiny_inks(20)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    np.savez_compressed(folder / GOLDEN, inks=inks, float_logits=session.run(None, {"image": normalise(inks, SPEC)})[0])
    listed = artefacts or (artefact(decision=DecisionRule.plain(len(labels))),)
    manifest = Manifest(
        name="tiny", labels=labels, artefacts=listed, default_artefact=listed[0].name, sheet=SheetSpec(),
        preprocess=SPEC, renderer_version=RENDERER_VERSION, checkpoint={}, calibration={}, toolchain={}, source={},
        files=hash_files(folder),
    )  # fmt: skip
    return publish_bundle(folder, manifest, path)
