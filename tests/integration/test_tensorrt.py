"""Graphs for TensorRT: their rules, what TensorRT-RTX makes of them, and the way to an engine.

The engine itself needs a GPU (tests/device/test_engine_cuda.py); here the stand-in of tests/engine_stand_in.py takes
its place.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from engine_stand_in import StandInCudart, StandInTensorRT
from tolerances import tolerance
from vizecg.models import ImageOnly, VizECGNetConfig
from vizecg.models.vizecgnet import VizECGNet
from vizecg.render import RENDERER_VERSION
from vizecg.spec import CODE6, DecisionRule, ParityError, RuleSource, SheetSpec, UsageError
from vizecg.spec.manifest import GOLDEN, Artefact, Manifest, hash_files, publish_bundle
from vizecg.spec.parity import LIMITS, compare
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg.spec.processor import parse_processor
from vizecg.train.checkpoint import load_checkpoint
from vizecg_edge.engine.builder import Workshop, build
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.environment import read_environment
from vizecg_edge.engine.generations import LIBRARY, generation
from vizecg_export import rtx
from vizecg_export.job import Job, Made
from vizecg_export.recipes.tensorrt.places import CALIBRATORS, Kind, calibrate, choose_places, load_float
from vizecg_export.recipes.tensorrt.recipe import StandIn, TensorRTRecipe
from vizecg_export.recipes.tensorrt.rules import check_rules
from vizecg_export.targets import Precision, Scope

pytestmark = pytest.mark.integration

SPEC = PreprocessSpec(height=96, width=192)
SHIPPED = "export/vizecg_export/weights/default.ckpt"
GOLDEN_FILE = "edge_runtime/vizecg_edge/bundles/default/golden.npz"
needs_rtx = pytest.mark.skipif(not rtx.available(), reason="TensorRT-RTX is not installed")


@pytest.fixture(scope="module")
def network() -> ImageOnly:
    """An untrained network: what it answers is nonsense, but every copy must answer the same."""
    torch.manual_seed(1)
    config = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(8, 8, 16, 16), signal_widths=(8, 8, 16, 16), width=16, heads=2
    )
    return ImageOnly(network=VizECGNet(config=config))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth random pictures, float32 (8, 1, 96, 192)."""
    coarse = np.random.default_rng(2).normal(size=(8, 1, 12, 24)).astype(np.float32)
    return np.kron(coarse, np.ones((8, 8), dtype=np.float32))


def logits_of(network: ImageOnly, images: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(images)).numpy())


def make(network: ImageOnly, folder: Path, precision: Precision, **changes: object) -> Made:
    height, width = network.network.config.input_height, network.network.config.input_width
    job = Job(network=network, input_shape=(1, 1, height, width), folder=folder, precision=precision, **changes)  # type: ignore[arg-type]
    return TensorRTRecipe().make(job)


@pytest.fixture(scope="module")
def int8(network: ImageOnly, images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8")
    return folder / make(network, folder, Precision.INT8, images=images).file


@pytest.mark.parametrize(
    ("precision", "scope"),
    [
        (Precision.FP32, Scope.FULL),
        (Precision.FP16, Scope.FULL),
        (Precision.INT8, Scope.FULL),
        (Precision.INT8, Scope.TRUNK),
    ],
)
def test_a_made_file_answers_like_torch_and_tells_how_it_was_run(
    precision: Precision, scope: Scope, network: ImageOnly, images: np.ndarray, tmp_path: Path
) -> None:
    made = make(network, tmp_path, precision, scope=scope, images=images if precision is Precision.INT8 else None)
    assert made.file == f"model_trt_{precision.value}.onnx"
    assert [path.name for path in tmp_path.iterdir()] == [made.file]
    found, expected = made.run(images), logits_of(network, images)
    assert found.dtype == np.float32
    if precision is Precision.INT8:
        assert compare(expected, found, rule=DecisionRule.plain(6)).sqnr_db > tolerance("tensorrt-int8-db")
    else:
        name = "onnx-fp32" if precision is Precision.FP32 else "tensorrt-fp16"
        np.testing.assert_allclose(found, expected, atol=tolerance(name))
    assert "CPU stand-in" in made.runtime
    details = json.loads(json.dumps(made.details))
    assert details["typed"]
    assert details["build"]["profile"] == {"min": [1, 1, 96, 192], "opt": [1, 1, 96, 192], "max": [8, 1, 96, 192]}
    assert not details["build"]["tf32"]
    wanted = "parsed" if rtx.available() else "not checked: pip install"
    assert wanted in details["parser"]
    quantised = details["placement"]["int8"]
    assert bool(quantised) == (precision is Precision.INT8)
    assert ("MatMul" in quantised) == (precision is Precision.INT8 and scope is Scope.FULL)


def test_int8_graphs_keep_to_the_rules(int8: Path) -> None:
    graph = onnx.load(str(int8)).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            scale, zero = constants[node.input[1]], constants[node.input[2]]
            assert zero.dtype == np.int8, node.name
            assert not zero.any(), node.name
            # The image and what comes out of float32 operators is cast before it is quantised.
            assert scale.dtype == np.float16, node.name
            assert scale.shape == zero.shape
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            assert constants[node.input[0]].dtype == np.int8, f"{node.name}: a bias of int32?"
        if node.op_type == "Conv":
            activation, weight = producers[node.input[0]], producers[node.input[1]]
            assert (activation.op_type, weight.op_type) == ("DequantizeLinear", "DequantizeLinear")
            assert constants[weight.input[1]].shape == (constants[weight.input[0]].shape[0],), (
                "a scale for each channel"
            )
            assert constants[weight.input[0]].min() >= -127
            assert all(constants[name].dtype == np.float16 for name in node.input[2:]), "a bias stays float"


def test_relus_fuse_and_one_branch_of_a_residual_is_quantised(int8: Path) -> None:
    graph = onnx.load(str(int8)).graph
    producers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        read = [producers[name].op_type if name in producers else "" for name in node.input]
        if node.op_type == "Relu":
            assert "DequantizeLinear" not in read, "no Q/DQ between a convolution and its ReLU"
        if node.op_type == "Add" and "Conv" in read:
            branches = [kind for name, kind in zip(node.input, read, strict=True) if name in producers]
            assert sorted(branches) in (["Conv", "DequantizeLinear"], ["Conv"]), node.name
    for node in graph.node:
        if node.op_type == "Softmax":
            assert producers[node.input[0]].op_type != "DequantizeLinear", "attention's own products stay float"


def test_nothing_of_the_exporting_machine_travels(int8: Path) -> None:
    model = onnx.load(str(int8))
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        assert not part.metadata_props
        assert not part.doc_string
    content = int8.read_bytes()
    for path in (str(Path(__file__).parents[2]), sys.prefix, str(int8.parent)):
        assert path.encode() not in content


def test_calibrators_find_ranges_within_the_largest_values(
    network: ImageOnly, images: np.ndarray, tmp_path: Path
) -> None:
    make(network, tmp_path, Precision.FP32)
    model = load_float(tmp_path / "model_trt_fp32.onnx")
    places = choose_places(model, Scope.FULL)
    tensors = sorted({place.tensor for place in places if place.kind is Kind.ACTIVATION})
    ranges = {method: calibrate(model, tensors, images, method) for method in CALIBRATORS}
    for name in tensors:
        assert ranges["minmax"][name] > 0
        for method in CALIBRATORS:
            assert 0 < ranges[method][name] <= ranges["minmax"][name] * 1.02, (method, name)
    assert ranges["minmax"]["image"] == np.abs(images).max()


def test_what_cannot_be_made_is_refused(network: ImageOnly, images: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs calibration sheets"):
        make(network, tmp_path, Precision.INT8)
    with pytest.raises(UsageError, match="none of minmax"):
        make(network, tmp_path, Precision.INT8, images=images, calibrator="guess")
    with pytest.raises(UsageError, match="quantisation-aware"):
        make(network, tmp_path, Precision.INT8, images=images, qat_epochs=1)


def break_zero_point(model: onnx.ModelProto) -> None:
    names = {node.input[2] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name in names)
    tensor.CopyFrom(numpy_helper.from_array(np.array(3, dtype=np.int8), tensor.name))


def break_bias(model: onnx.ModelProto) -> None:
    """Quantise the bias of the first convolution, as onnxruntime's quantiser does by default."""
    place, node = next(
        (i, node) for i, node in enumerate(model.graph.node) if node.op_type == "Conv" and len(node.input) == 3
    )
    channels = next(t.dims[0] for t in model.graph.initializer if t.name == node.input[2])
    for name, array in (
        ("b_q", np.ones(channels, dtype=np.int32)),
        ("b_s", np.full(channels, 0.01, dtype=np.float16)),
        ("b_z", np.zeros(channels, dtype=np.int32)),
    ):
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    node.input[2] = "b"
    model.graph.node.insert(place, helper.make_node("DequantizeLinear", ["b_q", "b_s", "b_z"], ["b"], "b_dq", axis=0))


@pytest.mark.parametrize(
    ("damage", "says"),
    [(break_zero_point, "zero point is int8 3"), (break_bias, r"zero point is int32|quantised bias")],
)
def test_a_broken_rule_is_one_clear_line(damage: object, says: str, int8: Path) -> None:
    model = onnx.load(str(int8))
    damage(model)  # type: ignore[operator]
    with pytest.raises(ParityError, match=says) as caught:
        check_rules(model)
    assert "\n" not in str(caught.value)


@needs_rtx
@pytest.mark.parametrize("damage", [break_zero_point, break_bias])
def test_tensorrt_refuses_it_too(damage: object, int8: Path, tmp_path: Path) -> None:
    model = onnx.load(str(int8))
    damage(model)  # type: ignore[operator]
    onnx.save(model, str(tmp_path / "broken.onnx"))
    with pytest.raises(ParityError, match=r"broken\.onnx: TensorRT refuses it: \S") as caught:
        rtx.check_graph(tmp_path / "broken.onnx")
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)


@needs_rtx
def test_what_is_no_model_and_a_crash_are_refusals(int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"not a model")
    with pytest.raises(ParityError, match=r"noise\.onnx"):
        rtx.check_graph(tmp_path / "noise.onnx")
    crash = [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"]
    plain = subprocess.run
    monkeypatch.setattr(rtx.subprocess, "run", lambda command, **options: plain(crash, **options))
    with pytest.raises(ParityError, match="ended with code -11"):
        rtx.check_graph(int8)


@needs_rtx
@pytest.mark.parametrize("precision", list(Precision))
def test_tensorrt_rtx_builds_the_shipped_network(precision: Precision, repository: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(repository / SHIPPED)
    with np.load(repository / GOLDEN_FILE) as golden:
        inks = golden["inks"][::4]
    sheets = normalise(inks, checkpoint.config.preprocess_spec())
    shipped = ImageOnly(network=checkpoint.vizecgnet())
    made = make(shipped, tmp_path, precision, images=sheets if precision is Precision.INT8 else None)
    assert "parsed" in made.details["parser"]
    check = rtx.check_graph(tmp_path / made.file)
    assert check.engine_bytes > 1_000_000
    assert ("INT8" in check.outputs) == (precision is Precision.INT8)
    assert ("HALF" in check.outputs) == (precision is not Precision.FP32)
    found = compare(logits_of(shipped, sheets), made.run(sheets), rule=DecisionRule.plain(6))
    if precision is Precision.INT8:
        assert found.sqnr_db > tolerance("tensorrt-int8-db")
    else:
        assert found.max_abs < tolerance("onnx-fp32" if precision is Precision.FP32 else "tensorrt-fp16")


# In a process of its own: the library is loaded into the whole process.
ADAPTER = """
import sys
from pathlib import Path
from vizecg_edge.engine.generations import RTX_LIBRARY, generation
from vizecg_edge.engine.settings import BuildSettings
from vizecg_edge.engine.toolkit import build_engine
from vizecg.spec.processor import parse_processor
from vizecg_export import rtx
trt = rtx.load()
row = generation(RTX_LIBRARY, trt.__version__, jetson=False)
shape = (1, 1, 96, 192)
settings = BuildSettings(least=shape, usual=shape, largest=(8, *shape[1:]), workspace_mib=128,
                         optimization_level=3, timing_iterations=4, tf32=False)
first = build_engine(trt, row, model=Path(sys.argv[1]), settings=settings)
again = build_engine(trt, row, model=Path(sys.argv[1]), settings=settings, timing_cache=first.timing_cache)
print(len(first.engine), len(again.engine), first.layers)
"""


@needs_rtx
def test_the_edges_own_builder_runs_on_tensorrt_rtx(int8: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADAPTER, str(int8)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    first, again, layers = map(int, done.stdout.splitlines()[-1].split())
    assert first > 10_000
    assert again > 10_000
    assert layers > 50


def test_from_a_network_to_an_accepted_engine(network: ImageOnly, images: np.ndarray, tmp_path: Path) -> None:
    """Recipe, bundle, engine: only the library that builds and runs the engine is a stand-in."""
    folder = tmp_path / "folder"
    folder.mkdir()
    inks = np.random.default_rng(4).integers(0, 60, size=(4, 96, 192), dtype=np.uint8)
    sheets = normalise(inks, SPEC)
    made = make(network, folder, Precision.FP16)
    np.savez_compressed(folder / GOLDEN, inks=inks, float_logits=logits_of(network, sheets))
    artefact = Artefact(
        name="tensorrt-fp16",
        file=made.file,
        target="tensorrt",
        precision="fp16",
        decision=DecisionRule.plain(6),
        rule_source=RuleSource.ARTEFACT,
        parity={"limits": LIMITS["fp16"].to_dict()},
        details=made.details,
    )
    manifest = Manifest(
        labels=CODE6,
        name="t", artefacts=(artefact,), default_artefact="tensorrt-fp16", sheet=SheetSpec(), preprocess=SPEC,
        renderer_version=RENDERER_VERSION, checkpoint={}, calibration={}, toolchain={}, source={},
        files=hash_files(folder),
    )  # fmt: skip
    bundle = publish_bundle(folder, manifest, tmp_path / "b.vizecg")
    trt, cuda = StandInTensorRT(), Cuda(library=StandInCudart())
    workshop = Workshop(
        trt=trt,
        cuda=cuda,
        row=generation(LIBRARY, trt.__version__, jetson=True),
        environment=read_environment(trt, cuda),
    )
    record = build(bundle, bundle.manifest.artefact(), workshop=workshop, folder=tmp_path / "e").record
    assert record.parity["max_abs"] < tolerance("tensorrt-fp16")
    assert record.parity["n"] == 4


def test_the_command_fails_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "build", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 6
    assert json.loads(done.stdout)["error"] == "BundleError"
    assert "Traceback" not in done.stderr


def test_the_stand_in_is_right_without_vnni(
    int8: Path, network: ImageOnly, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimised = StandIn(model=int8)(images)
    plain_cpu = parse_processor("flags : avx2 avx512f\n", machine="x86_64")
    monkeypatch.setattr("vizecg_export.recipes.tensorrt.recipe.read_processor", lambda: plain_cpu)
    plain = StandIn(model=int8)
    assert "unoptimised" in plain.runtime
    np.testing.assert_allclose(plain(images), optimised, atol=tolerance("int8-same-file"))
    assert TensorProto.INT8 in {tensor.data_type for tensor in onnx.load(str(int8)).graph.initializer}
