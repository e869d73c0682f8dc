"""Building, accepting, keeping and finding engines, by stand-ins for TensorRT and CUDA (tests/engine_stand_in.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine_stand_in import StandInCudart, StandInTensorRT
from tolerances import tolerance
from vizecg.render import RENDERER_VERSION
from vizecg.spec import (
    CODE6,
    BundleError,
    DecisionRule,
    MissingToolError,
    ParityError,
    RuleSource,
    SheetSpec,
    UsageError,
)
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle, Manifest, hash_files, publish_bundle
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg_edge.backends.tensorrt import TensorRTBackend
from vizecg_edge.engine import builder, cuda, environment, store
from vizecg_edge.engine.builder import Workshop, build
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.environment import read_environment
from vizecg_edge.engine.generations import GENERATIONS, LIBRARY, RTX_LIBRARY, generation
from vizecg_edge.engine.settings import BuildSettings, pick_artefact
from vizecg_edge.engine.store import find_engine

pytestmark = pytest.mark.unit

SPEC = PreprocessSpec(height=32, width=48)
NAME = "tensorrt-fp16"
SETTINGS = {
    "profile": {"min": [1, 1, 32, 48], "opt": [1, 1, 32, 48], "max": [8, 1, 32, 48]},
    "workspace_mib": 512,
    "optimization_level": 3,
    "timing_iterations": 4,
    "tf32": False,
}


def write_model(path: Path) -> None:
    """A tiny network: convolution, mean, six logits."""
    rng = np.random.default_rng(0)
    arrays = {
        "w": rng.normal(size=(4, 1, 3, 3)).astype(np.float32),
        "axes": np.array([2, 3]),
        "v": rng.normal(size=(4, len(CODE6))).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("ReduceMean", ["r", "axes"], ["m"], name="mean", keepdims=0),
        helper.make_node("Gemm", ["m", "v"], ["logits"], name="head"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 32, 48])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(CODE6)])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))


def artefact(**changes: object) -> Artefact:
    plain = Artefact(
        name=NAME,
        file="model_trt_fp16.onnx",
        target="tensorrt",
        precision="fp16",
        decision=DecisionRule.plain(6),
        rule_source=RuleSource.ARTEFACT,
        details={"build": SETTINGS},
        parity={"limits": {"max_abs": 0.1, "min_cosine": 0.9999, "min_sqnr_db": 25.0}},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def make_bundle(path: Path, *artefacts: Artefact, name: str = "tiny") -> Bundle:
    folder = path.parent / f".{path.name}"
    folder.mkdir()
    model = folder / "model_trt_fp16.onnx"
    write_model(model)
    inks = np.random.default_rng(1).integers(0, 255, size=(5, SPEC.height, SPEC.width), dtype=np.uint8)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"image": normalise(inks, SPEC)})[0]
    np.savez_compressed(folder / GOLDEN, inks=inks, float_logits=logits)
    manifest = Manifest(
        labels=CODE6,
        name=name,
        artefacts=artefacts or (artefact(),),
        default_artefact=(artefacts or (artefact(),))[0].name,
        sheet=SheetSpec(),
        preprocess=SPEC,
        renderer_version=RENDERER_VERSION,
        checkpoint={},
        calibration={},
        toolchain={},
        source={},
        files=hash_files(folder),
    )
    return publish_bundle(folder, manifest, path)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "b.vizecg")


def workshop(
    trt: StandInTensorRT | None = None, cudart: StandInCudart | None = None, *, jetson: bool = True
) -> Workshop:
    trt = trt or StandInTensorRT()
    device = Cuda(library=cudart or StandInCudart())
    row = generation(LIBRARY, trt.__version__, jetson=jetson)
    return Workshop(trt=trt, cuda=device, row=row, environment=read_environment(trt, device))


def test_an_accepted_engine_is_the_librarys_own_bytes_beside_a_record(bundle: Bundle, tmp_path: Path) -> None:
    cudart = StandInCudart()
    shop = workshop(cudart=cudart)
    result = build(bundle, artefact(), workshop=shop, folder=tmp_path / "engines")
    assert result.path.name == f"{bundle.sha256[:16]}-{NAME}-orin-sm87-trt10.3.0.engine"
    assert result.path.read_bytes() == bundle.file("model_trt_fp16.onnx").read_bytes(), "nothing is put before them"
    record = json.loads(result.path.with_suffix(".json").read_text())
    assert record["built_in"] == {
        "gpu": "Orin", "compute_capability": "8.7", "tensorrt": "10.3.0", "cuda_driver": "12.6", "cuda_runtime": "12.6",
        "l4t": None,
    }  # fmt: skip
    assert record["bundle_sha256"] == bundle.sha256
    assert record["parity"]["n"] == 5
    assert record["parity"]["max_abs"] <= tolerance("f32-reorder")
    assert 0 < record["parity"]["p50_ms"] <= record["parity"]["p90_ms"]
    assert sorted(path.suffix for path in (tmp_path / "engines").iterdir()) == [".engine", ".json", ".timing"]
    assert not cudart.held, "all device memory was given back"
    assert cudart.streams == 0


def test_the_builder_is_told_what_the_manifest_says(bundle: Bundle, tmp_path: Path) -> None:
    for version, jetson, flags, workspace in (
        ("10.3.0", True, 2, 256),
        ("10.9.0", False, 2, 512),
        ("11.4.1", False, 0, 512),
    ):
        trt = StandInTensorRT(version=version)
        build(bundle, artefact(), workshop=workshop(trt, jetson=jetson), folder=tmp_path / version)
        assert trt.seen.flags == [flags]
        assert trt.seen.workspaces == [workspace << 20]
        assert trt.seen.cleared == ["tf32"]
        assert trt.seen.profiles == [("image", (1, 1, 32, 48), (1, 1, 32, 48), (8, 1, 32, 48))]
    trt = StandInTensorRT(version="10.9.0")
    build(bundle, artefact(), workshop=workshop(trt, jetson=False), folder=tmp_path / "small", workspace_mib=64)
    assert trt.seen.workspaces == [64 << 20]


def test_a_fitting_engine_is_not_built_again_unless_forced(bundle: Bundle, tmp_path: Path) -> None:
    trt = StandInTensorRT()
    shop = workshop(trt)
    first = build(bundle, artefact(), workshop=shop, folder=tmp_path / "e")
    again = build(bundle, artefact(), workshop=shop, folder=tmp_path / "e")
    forced = build(bundle, artefact(), workshop=shop, folder=tmp_path / "e", force=True)
    assert (first.fresh, again.fresh, forced.fresh) == (True, False, True)
    assert again.path == first.path
    assert trt.seen.builds == 2
    assert trt.seen.timing_caches == [b"", b"timed;"], "the second build reads what the first timed"


def test_a_timing_cache_that_cannot_be_read_is_started_anew(bundle: Bundle, tmp_path: Path) -> None:
    trt = StandInTensorRT()
    shop = workshop(trt)
    store.timing_cache_path(store.engines_folder(tmp_path / "e"), shop.environment).write_bytes(b"of another version")
    build(bundle, artefact(), workshop=shop, folder=tmp_path / "e")
    assert trt.seen.timing_caches == [b""]


@pytest.mark.parametrize("spoil", [lambda x: x + 0.2, lambda x: -x, lambda x: x * np.nan], ids=["far", "turned", "nan"])
def test_an_engine_that_leaves_the_float_network_is_not_written(spoil: object, bundle: Bundle, tmp_path: Path) -> None:
    cudart = StandInCudart()
    shop = workshop(StandInTensorRT(spoil=spoil), cudart)  # type: ignore[arg-type]
    with pytest.raises(ParityError, match=rf"{NAME}|not finite"):
        build(bundle, artefact(), workshop=shop, folder=tmp_path / "e")
    assert [path.suffix for path in (tmp_path / "e").iterdir()] == [".timing"]
    assert not cudart.held


def test_limits_come_from_the_artefact(bundle: Bundle, tmp_path: Path) -> None:
    shop = workshop(StandInTensorRT(spoil=lambda x: x + np.float32(0.05)))
    strict = artefact(parity={"limits": {"max_abs": 0.01, "min_cosine": 0.995, "min_sqnr_db": 25.0}})
    with pytest.raises(ParityError, match=r"at most 0\.01"):
        build(bundle, strict, workshop=shop, folder=tmp_path / "e")
    for said in ({}, {"limits": {}}, {"limits": {"max_abs": "wide"}}):
        with pytest.raises(BundleError, match="limits"):
            build(bundle, artefact(parity=said), workshop=shop, folder=tmp_path / "e")


def built(bundle: Bundle, folder: Path) -> Workshop:
    shop = workshop()
    build(bundle, artefact(), workshop=shop, folder=folder)
    return shop


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gpu": "Thor"}, "GPU Orin, now Thor"),
        ({"compute_capability": "11.0"}, "compute capability 8.7, now 11.0"),
        ({"tensorrt": "10.7.0"}, r"TensorRT 10\.3\.0, now 10\.7\.0"),
        ({"cuda_driver": "13.0"}, "driver of CUDA 12.6, now 13.0"),
    ],
)
def test_an_engine_of_another_machine_is_stale(
    change: dict[str, str], reason: str, bundle: Bundle, tmp_path: Path
) -> None:
    shop = built(bundle, tmp_path / "e")
    with pytest.raises(BundleError, match=f"stale.*{reason}.*vizecg-edge build .*--artefact {NAME}") as caught:
        find_engine(bundle, artefact(), environment=replace(shop.environment, **change), folder=tmp_path / "e")
    assert caught.value.exit_code == 6


def test_a_newer_minor_driver_is_no_reason(bundle: Bundle, tmp_path: Path) -> None:
    shop = built(bundle, tmp_path / "e")
    newer = replace(shop.environment, cuda_driver="12.8", cuda_runtime="12.8")
    assert find_engine(bundle, artefact(), environment=newer, folder=tmp_path / "e")[0].is_file()


def test_a_changed_bundle_makes_the_engine_stale(bundle: Bundle, tmp_path: Path) -> None:
    shop = built(bundle, tmp_path / "e")
    other = make_bundle(tmp_path / "c.vizecg", artefact(runtime="x"))
    with pytest.raises(BundleError, match=f"stale.*{bundle.sha256[:16]}, now {other.sha256[:16]}"):
        find_engine(other, artefact(), environment=shop.environment, folder=tmp_path / "e")


def test_changed_bytes_are_noticed_and_built_anew(bundle: Bundle, tmp_path: Path) -> None:
    shop = built(bundle, tmp_path / "e")
    path, _ = find_engine(bundle, artefact(), environment=shop.environment, folder=tmp_path / "e")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BundleError, match="bytes were changed"):
        find_engine(bundle, artefact(), environment=shop.environment, folder=tmp_path / "e")
    assert build(bundle, artefact(), workshop=shop, folder=tmp_path / "e").fresh
    path.unlink()
    with pytest.raises(BundleError, match="its file is gone"):
        find_engine(bundle, artefact(), environment=shop.environment, folder=tmp_path / "e")


def test_without_an_engine_the_command_is_named(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"no engine of {NAME} in .*: vizecg-edge build {bundle.path}"):
        find_engine(bundle, artefact(), environment=workshop().environment, folder=tmp_path / "none")


def test_a_write_that_fails_leaves_no_engine_that_counts(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = built(bundle, tmp_path / "e")
    plain = store.write_atomically

    def full_disk(path: Path, data: bytes | str) -> None:
        if path.suffix == ".json":
            raise OSError("no space left on device")
        plain(path, data)

    monkeypatch.setattr(store, "write_atomically", full_disk)
    with pytest.raises(OSError, match="no space"):
        build(bundle, artefact(), workshop=shop, folder=tmp_path / "e", force=True)
    with pytest.raises(BundleError, match="no engine"):
        find_engine(bundle, artefact(), environment=shop.environment, folder=tmp_path / "e")
    assert not list((tmp_path / "e").glob("*.partial"))


def test_the_backend_answers_like_the_model(bundle: Bundle, tmp_path: Path) -> None:
    cudart = StandInCudart(gpu="NVIDIA RTX A2000", capability=(8, 6))
    shop = workshop(StandInTensorRT(version="11.0.0"), cudart)
    with pytest.raises(BundleError, match="no engine"):
        TensorRTBackend(bundle=bundle, artefact=artefact(), folder=tmp_path / "e", workshop=shop)
    build(bundle, artefact(), workshop=shop, folder=tmp_path / "e")
    backend = TensorRTBackend(bundle=bundle, artefact=artefact(), folder=tmp_path / "e", workshop=shop)
    assert backend.name == "tensorrt-11.0.0-nvidia-rtx-a2000"
    with np.load(bundle.file(GOLDEN)) as golden:
        images, expected = normalise(golden["inks"], SPEC), golden["float_logits"]
    for image, logits in zip(images, expected, strict=True):
        np.testing.assert_allclose(backend.logits(image[None]), logits, atol=tolerance("f32-reorder"))
    with pytest.raises(BundleError, match="expected a sheet"):
        backend.logits(images[:2])
    backend.close()
    assert not cudart.held


def test_what_the_library_refuses_is_one_line(bundle: Bundle, tmp_path: Path) -> None:
    damaged = replace(artefact(), file=GOLDEN)
    with pytest.raises(BundleError, match=r"10\.3\.0 refuses it: node_1: is not understood"):
        build(bundle, damaged, workshop=workshop(), folder=tmp_path / "e")
    trt = StandInTensorRT()
    trt.builds_nothing = True
    with pytest.raises(BundleError, match="built no engine: no tactic fits"):
        build(bundle, artefact(), workshop=workshop(trt), folder=tmp_path / "e")


def test_the_table_knows_its_libraries() -> None:
    assert all(row.why for row in GENERATIONS)
    assert generation(LIBRARY, "10.0.1", jetson=False).memory_size == "device_memory_size"
    assert generation(LIBRARY, "10.3.0.30", jetson=False).typed_flag
    assert generation(LIBRARY, "10.3.0", jetson=True).workspace_mib == 256
    assert not generation(LIBRARY, "11.4.1", jetson=True).typed_flag
    assert generation(LIBRARY, "12.0.0", jetson=False) == generation(LIBRARY, "11.0.0", jetson=False)
    assert generation(RTX_LIBRARY, "1.7.1.116", jetson=False).ahead_of_time
    for version in ("8.6.1", "9.3.0", "unknown"):
        with pytest.raises(BundleError, match=r"10\.0 or newer"):
            generation(LIBRARY, version, jetson=False)


def test_settings_are_read_strictly() -> None:
    assert BuildSettings.from_artefact(artefact()).largest == (8, 1, 32, 48)
    for wrong in ({}, {"build": {}}, {"build": {**SETTINGS, "profile": {"min": [1]}}}):
        with pytest.raises(BundleError, match="no usable build settings"):
            BuildSettings.from_artefact(artefact(details=wrong))
    shrinking = {**SETTINGS, "profile": {**SETTINGS["profile"], "opt": [9, 1, 32, 48]}}  # type: ignore[dict-item]
    with pytest.raises(BundleError, match="profile"):
        BuildSettings.from_artefact(artefact(details={"build": shrinking}))


def test_the_first_artefact_for_tensorrt_is_picked(tmp_path: Path) -> None:
    plain = artefact(name="onnx-fp16", target="onnx")
    manifest = make_bundle(tmp_path / "b.vizecg", plain, artefact()).manifest
    assert pick_artefact(manifest, None).name == NAME
    with pytest.raises(UsageError, match="for onnx, not for TensorRT"):
        pick_artefact(manifest, "onnx-fp16")
    with pytest.raises(UsageError, match="has no artefact for TensorRT: it has onnx-fp16"):
        pick_artefact(replace(manifest, artefacts=(plain,)), None)


def test_a_machine_without_a_gpu_is_told_apart_from_one_without_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda.ctypes, "CDLL", lambda name: StandInCudart(devices=0))
    with pytest.raises(BundleError, match=r"needs a CUDA GPU: .*no CUDA-capable device") as caught:
        cuda.load_cuda()
    assert caught.value.exit_code == 6

    def nothing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(cuda.ctypes, "CDLL", nothing)
    with pytest.raises(MissingToolError, match="libcudart"):
        cuda.load_cuda()


def test_without_tensorrt_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "LIBRARY", "tensorrt_that_nobody_has")
    with pytest.raises(MissingToolError, match=r"\[tensorrt\]'"):
        builder.open_workshop()
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n")
    monkeypatch.setattr(environment, "L4T_RELEASE", release)
    assert environment.l4t_release() == "R36.4.3"
    with pytest.raises(MissingToolError, match=r"python3-libnvinfer.*--system-site-packages"):
        builder.open_workshop()


def test_the_folder_is_the_variable_or_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(store.FOLDER_VARIABLE, raising=False)
    assert store.engines_folder() == tmp_path / "cache" / "vizecg" / "engines"
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(tmp_path / "named"))
    assert store.engines_folder() == tmp_path / "named"
    assert store.engines_folder(tmp_path / "given") == tmp_path / "given"
