"""Bundles made to do harm: nothing outside the manifest is opened, and nothing takes all memory or all time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from contract_bundles import sealed
from edge_bundles import SPEC, artefact, make_bundle, write_model
from vizecg.spec import BundleError
from vizecg.spec.golden import read_golden
from vizecg.spec.manifest import GOLDEN, MANIFEST, Manifest, hash_files, open_bundle
from vizecg.spec.onnx_files import external_files
from vizecg_edge.backends.deadline import Deadline
from vizecg_edge.backends.onnx import OnnxBackend

pytestmark = pytest.mark.unit

WEIGHTS = "weights.bin"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "b.vizecg").path


def put_outside(model: Path, *, location: str = WEIGHTS) -> None:
    """Move the weights of a model into a file beside it, which the model names."""
    loaded = onnx.load(str(model))
    onnx.external_data_helper.convert_model_to_external_data(loaded, location=WEIGHTS, size_threshold=50)
    onnx.save(loaded, str(model))
    if location != WEIGHTS:
        model.write_bytes(model.read_bytes().replace(WEIGHTS.encode(), location.encode()))


def seal(bundle: Path) -> None:
    """Take the hashes of all files anew, as whoever changed them would."""
    manifest = Manifest.from_json((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(replace(manifest, files=hash_files(bundle)).to_json())


def change_manifest(bundle: Path, *keys: str, to: Any) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text())
    here = manifest
    for key in keys[:-1]:
        here = here[key]
    here[keys[-1]] = to
    (bundle / MANIFEST).write_text(json.dumps(manifest))


def unlisted_file(bundle: Path) -> None:
    (bundle / "notes.txt").write_text("hello")


def unlisted_folder(bundle: Path) -> None:
    (bundle / "more").mkdir()


def outside_weights(bundle: Path) -> None:
    put_outside(bundle / "model.onnx")
    (bundle / WEIGHTS).rename(bundle.parent / WEIGHTS)
    seal(bundle)


def listed_weights_of_nobody(bundle: Path) -> None:
    put_outside(bundle / "model.onnx")
    seal(bundle)


def link(bundle: Path) -> None:
    (bundle / "model.onnx").rename(bundle.parent / "model.onnx")
    (bundle / "model.onnx").symlink_to(bundle.parent / "model.onnx")


def linked_manifest(bundle: Path) -> None:
    (bundle / MANIFEST).rename(bundle.parent / MANIFEST)
    (bundle / MANIFEST).symlink_to(bundle.parent / MANIFEST)


def pipe(bundle: Path) -> None:
    (bundle / "model.onnx").unlink()
    os.mkfifo(bundle / "model.onnx")


def listed_manifest(bundle: Path) -> None:
    change_manifest(bundle, "files", MANIFEST, to="0" * 64)


def large_manifest(bundle: Path) -> None:
    with (bundle / MANIFEST).open("a") as file:
        file.write(" " * (9 << 20))


def huge_file(bundle: Path) -> None:
    with (bundle / "model.onnx").open("r+b") as file:
        file.truncate(1 << 40)


def compiled_model(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"\0\0\0\0ORTM" + bytes(100))
    seal(bundle)


def engine_inside(bundle: Path) -> None:
    node = helper.make_node("EPContext", ["image"], ["logits"], domain="com.microsoft", ep_cache_context="../x.bin")
    graph = helper.make_graph([node], "g", [], [])
    onnx.save(helper.make_model(graph), str(bundle / "model.onnx"))
    seal(bundle)


def large_input(bundle: Path) -> None:
    change_manifest(bundle, "preprocess", "height", to=4096)
    change_manifest(bundle, "preprocess", "width", to=4096)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "unlisted file": (unlisted_file, r"notes\.txt is a file that the manifest does not list"),
    "unlisted folder": (unlisted_folder, "more is a folder that the manifest does not list"),
    "weights outside": (outside_weights, r"model\.onnx has weights in weights\.bin, not listed for it"),
    "weights of no artefact": (listed_weights_of_nobody, r"has weights in weights\.bin, not listed for it"),
    "a link": (link, r"model\.onnx is a link, and is not followed"),
    "a linked manifest": (linked_manifest, r"manifest\.json is a link"),
    "a pipe": (pipe, r"model\.onnx is missing: what lies there is no file"),
    "a manifest that lists itself": (listed_manifest, r"lists manifest\.json"),
    "a manifest of 9 MB": (large_manifest, "at most 8,388,608 are read"),
    "a file of a tebibyte": (huge_file, r"has 1,099,511,627,776 bytes"),
    "a compiled model": (compiled_model, "compiled model of ONNX Runtime"),
    "a compiled engine": (engine_inside, "compiled elsewhere"),
    "a sheet of gigabytes": (
        lambda b: change_manifest(
            b, "sheet", to={"width_mm": 1000.0, "height_mm": 1000.0, "px_per_mm": 40.0, "block_x_mm": 1.0,
                            "block_y_mm": 1.0},
        ),
        "a sheet of 40000 x 40000 pixels is larger than 16,000,000",
    ),
    "an input of gigabytes": (large_input, "input size 4096 x 4096 is larger than 2,000,000 pixels"),
    "std of nearly nothing": (lambda b: change_manifest(b, "preprocess", "std", to=1e-300), r"std is outside 0\.001"),
    "std of nearly all": (lambda b: change_manifest(b, "preprocess", "std", to=1e250), r"std is outside 0\.001"),
    "mean of nearly all": (lambda b: change_manifest(b, "preprocess", "mean", to=-1e250), "mean beyond 1000"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_bundle_is_refused_in_one_line(kind: str, bundle: Path) -> None:
    change, says = HOSTILE[kind]
    change(bundle)
    with pytest.raises(BundleError, match=says) as error:
        open_bundle(bundle)
    assert "\n" not in str(error.value)


def test_listed_weights_beside_the_model_are_hashed_and_read(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b.vizecg", artefact(extra_files=(WEIGHTS,)), extra={WEIGHTS: b"not yet"})
    before = logits(bundle.path / "model.onnx")
    put_outside(bundle.path / "model.onnx")
    sealed(bundle.path)
    assert open_bundle(bundle.path).manifest.files[WEIGHTS]
    np.testing.assert_array_equal(logits(bundle.path / "model.onnx"), before)
    data = bytearray((bundle.path / WEIGHTS).read_bytes())
    data[5] ^= 1
    (bundle.path / WEIGHTS).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=r"weights\.bin was changed"):
        open_bundle(bundle.path)


def logits(model: Path) -> np.ndarray:
    backend = OnnxBackend(model=model, input_shape=SPEC.input_shape, labels=6, threads=1)
    return backend.logits(np.ones(SPEC.input_shape, np.float32))


def test_files_are_named_wherever_a_tensor_may_lie(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    onnx.external_data_helper.set_external_data(tensor, location="../../secret")
    tensor.data_location = TensorProto.EXTERNAL
    constant = helper.make_node("Constant", [], ["y"], value=tensor)
    inner = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])])
    branch = helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner)
    function = helper.make_function("own", "f", [], ["y"], [constant], [helper.make_opsetid("", 20)])
    plain = helper.make_graph([helper.make_node("Identity", ["image"], ["logits"])], "g", [], [])
    models = {
        "initialiser": helper.make_model(helper.make_graph([], "g", [], [], [tensor])),
        "in a branch": helper.make_model(helper.make_graph([branch], "g", [], [])),
        "in a function": helper.make_model(plain, functions=[function]),
    }
    for name, model in models.items():
        assert external_files(model.SerializeToString()) == ["../../secret"], name
    write_model(tmp_path / "model.onnx")
    assert external_files((tmp_path / "model.onnx").read_bytes()) == []
    with pytest.raises(ValueError, match="no whole ONNX model"):
        external_files(b"\x3a\x7flocation")


def endless(path: Path, *, growing: bool = False) -> None:
    """A model whose loop goes on for ever, and gives a megabyte more in every round if it is ``growing``."""
    true = helper.make_tensor("t", TensorProto.BOOL, [], [True])
    inside = [helper.make_node("Constant", [], ["go"], value=true), helper.make_node("Identity", ["v"], ["w"])]
    outputs = [helper.make_tensor_value_info("go", TensorProto.BOOL, []), _floats("w", [1, 6])]
    if growing:
        size = helper.make_tensor("s", TensorProto.INT64, [1], [1 << 18])
        inside += [helper.make_node("Constant", [], ["size"], value=size)]
        inside += [helper.make_node("ConstantOfShape", ["size"], ["more"])]
        outputs.append(_floats("more", [1 << 18]))
    body = helper.make_graph(
        inside, "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("c", TensorProto.BOOL, []), _floats("v", [1, 6])],
        outputs,
    )  # fmt: skip
    sums = [
        helper.make_node("ReduceMean", ["image", "axes"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "six"], ["start"]),
    ]
    found = ["logits", "grown"] if growing else ["logits"]
    loop = helper.make_node("Loop", ["", "always", "start"], found, body=body)
    graph = helper.make_graph(
        [*sums, loop], "endless", [_floats("image", ["n", 1, SPEC.height, SPEC.width])], [_floats("logits", ["n", 6])],
        [numpy_helper.from_array(np.array([2, 3]), "axes"), numpy_helper.from_array(np.ones((1, 6), np.float32), "six"),
         numpy_helper.from_array(np.array(True), "always")],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))


def _floats(name: str, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


@pytest.mark.parametrize(
    ("growing", "deadline", "says"),
    [
        (False, Deadline(seconds=0.3), "gave no answer within 0.3 s, and was ended"),
        (True, Deadline(seconds=60, growth=64 << 20), "took more than 64 MiB, and was ended"),
    ],
)
def test_a_model_that_does_not_end_is_ended(growing: bool, deadline: Deadline, says: str, tmp_path: Path) -> None:
    endless(tmp_path / "model.onnx", growing=growing)
    backend = OnnxBackend(
        model=tmp_path / "model.onnx", input_shape=SPEC.input_shape, labels=6, threads=1, deadline=deadline
    )
    with pytest.raises(BundleError, match=says):
        backend.logits(np.ones(SPEC.input_shape, np.float32))


def test_golden_data_that_unpack_to_gigabytes_are_not_unpacked(bundle: Path) -> None:
    np.savez_compressed(bundle / GOLDEN, inks=np.zeros((100, 1 << 20), np.uint8), float_logits=np.zeros((100, 6)))
    with pytest.raises(BundleError, match=r"no usable golden data.*would take 100 MiB"):
        read_golden(sealed(bundle))
