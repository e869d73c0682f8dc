"""Choosing an engine, saying why, and asking one from many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from edge_bundles import SPEC, artefact, make_bundle, tiny_inks
from engine_stand_in import StandInCudart, StandInTensorRT
from tolerances import tolerance
from vizecg.spec import BundleError, MissingToolError, UsageError
from vizecg.spec.manifest import Artefact, Bundle
from vizecg.spec.preprocess import normalise
from vizecg_edge.backends import BackendKind, executorch_python, tensorrt
from vizecg_edge.backends.base import Backend
from vizecg_edge.backends.choose import open_backend
from vizecg_edge.backends.executorch_python import ExecuTorchBackend
from vizecg_edge.backends.onnx import OnnxBackend, Provider
from vizecg_edge.backends.pool import Pool
from vizecg_edge.backends.registry import ENTRIES, Entry
from vizecg_edge.engine.builder import Workshop, build
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.environment import read_environment
from vizecg_edge.engine.generations import LIBRARY, generation

pytestmark = pytest.mark.unit

IMAGES = normalise(tiny_inks(20), SPEC)[:, None]
ONNX = artefact()
ARM = artefact("onnx-arm", machine="aarch64")
TYPED = artefact("trt", target="tensorrt")
PROGRAM = artefact("et", target="executorch")


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """One artefact for each engine; no engine is built yet, and no runner is to be found."""
    monkeypatch.setenv("VIZECG_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setenv("VIZECG_RUNNER", str(tmp_path / "no-runner"))
    return make_bundle(tmp_path / "full.vizecg", ONNX, ARM, TYPED, PROGRAM)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> StandInCudart:
    """TensorRT and a GPU, as far as the backend can see."""
    cudart = StandInCudart()
    monkeypatch.setattr(tensorrt, "open_workshop", lambda: workshop(cudart))
    return cudart


def workshop(cudart: StandInCudart) -> Workshop:
    trt, device = StandInTensorRT(), Cuda(library=cudart)
    row = generation(LIBRARY, trt.__version__, jetson=True)
    return Workshop(trt=trt, cuda=device, row=row, environment=read_environment(trt, device))


def many(backend: Backend, *, workers: int) -> np.ndarray:
    """Logits (20, 6), asked for by so many threads at once."""
    with ThreadPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(backend.logits, IMAGES)))


def test_auto_takes_onnx_where_there_is_no_tensorrt_and_says_why(full: Bundle) -> None:
    opened = open_backend(full, machine="x86_64")
    assert (opened.backend.name, opened.artefact.name) == ("onnxruntime-cpu", "onnx-fp32")
    assert opened.reason.startswith("onnx with onnx-fp32: the best here; tensorrt not taken: TensorRT is not installed")
    assert "[tensorrt]'" in opened.reason


def test_auto_takes_the_file_made_for_the_processor(full: Bundle) -> None:
    assert open_backend(full, machine="aarch64").artefact.name == "onnx-arm"
    assert open_backend(full, machine="riscv64").artefact.name == "onnx-fp32"


def test_auto_takes_an_engine_that_fits_and_not_a_stale_one(full: Bundle, gpu: StandInCudart, tmp_path: Path) -> None:
    opened = open_backend(full)
    assert opened.backend.name == "onnxruntime-cpu"
    assert "tensorrt not taken: no engine of trt" in opened.reason
    assert "vizecg-edge build" in opened.reason

    build(full, TYPED, workshop=workshop(gpu), folder=tmp_path / "engines")
    opened = open_backend(full)
    assert opened.backend.name == "tensorrt-10.3.0-orin"
    assert opened.reason == "tensorrt with trt: the best here"
    opened.backend.close()

    gpu.gpu = "Xavier"
    assert "tensorrt not taken: the engine of trt is stale" in open_backend(full).reason
    with pytest.raises(BundleError, match="is stale"):
        open_backend(full, kind=BackendKind.TENSORRT)


def test_an_artefact_by_name_goes_to_its_own_engine(full: Bundle) -> None:
    assert open_backend(full, artefact="onnx-fp32").reason == "onnx with onnx-fp32: the best here"
    with pytest.raises(MissingToolError, match="no native runner"):
        open_backend(full, artefact="et")
    with pytest.raises(MissingToolError, match="TensorRT is not installed"):
        open_backend(full, artefact="trt")
    with pytest.raises(UsageError, match="has no artefact 'none'"):
        open_backend(full, artefact="none")
    with pytest.raises(UsageError, match="artefact et is for executorch, not for onnx"):
        open_backend(full, artefact="et", kind=BackendKind.ONNX)
    with pytest.raises(BundleError, match="onnx-arm is made for aarch64, this is x86_64"):
        open_backend(full, artefact="onnx-arm", machine="x86_64")


def test_where_nothing_runs_every_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIZECG_RUNNER", str(tmp_path / "no-runner"))
    bundle = make_bundle(tmp_path / "b.vizecg", PROGRAM)
    with pytest.raises(MissingToolError, match=r"tensorrt: .*; onnx: .*; executorch: no native runner") as told:
        open_backend(bundle)
    assert "\n" not in str(told.value)
    with pytest.raises(BundleError, match="has no artefact for onnx"):
        open_backend(bundle, kind=BackendKind.ONNX)


def test_gpus_of_onnx_runtime_prefer_what_they_are_fast_at(tmp_path: Path) -> None:
    int8, half = artefact("int8", precision="int8"), artefact("half", precision="fp16")
    manifest = make_bundle(tmp_path / "b.vizecg", int8, ONNX, half, TYPED).manifest

    def names(kind: BackendKind) -> list[str]:
        return [found.name for found in ENTRIES[kind].candidates(manifest, "x86_64")]

    assert names(BackendKind.ONNX) == ["int8", "onnx-fp32", "half"], "the bundle's own order"
    assert names(BackendKind.ONNX_CUDA) == ["half", "onnx-fp32", "int8"]
    assert names(BackendKind.ONNX_TENSORRT) == ["trt", "int8", "half", "onnx-fp32"]


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.parametrize("kind", [BackendKind.ONNX_CUDA, BackendKind.ONNX_TENSORRT])
def test_providers_that_are_not_there_name_the_install_command(
    full: Bundle, kind: BackendKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    if {Provider.CUDA.value, Provider.TENSORRT.value} & set(onnxruntime.get_available_providers()):
        pytest.skip("this ONNX Runtime has GPU providers")
    with pytest.raises(MissingToolError, match="onnxruntime-gpu"):
        open_backend(full, kind=kind)
    # A wheel that lists a provider and cannot load its libraries gives a session on the CPU without a word.
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [provider.value for provider in Provider])
    with pytest.raises(MissingToolError, match="does not load here"):
        open_backend(full, kind=kind)


def test_an_engine_that_loads_but_does_not_run_is_closed(full: Bundle) -> None:
    class Broken:
        name = "broken"
        closed = False

        def logits(self, image: np.ndarray) -> np.ndarray:
            raise RuntimeError("out of memory\nand more")

        def close(self) -> None:
            self.closed = True

    broken = Broken()

    def opens(bundle: Bundle, artefact: Artefact, threads: int) -> Backend:
        return broken

    entries = {**ENTRIES, BackendKind.TENSORRT: Entry(targets=("tensorrt",), open=opens)}
    opened = open_backend(full, entries=entries)
    assert broken.closed
    assert "tensorrt not taken: broken loads the model but does not run it: out of memory;" in opened.reason + ";"


def test_threads_get_the_answers_to_their_own_images(full: Bundle, gpu: StandInCudart, tmp_path: Path) -> None:
    build(full, TYPED, workshop=workshop(gpu), folder=tmp_path / "engines")
    for kind in (BackendKind.ONNX, BackendKind.TENSORRT):
        backend = open_backend(full, kind=kind, threads=1).backend
        np.testing.assert_array_equal(many(backend, workers=4), many(backend, workers=1))
        backend.close()
        backend.close()
        with pytest.raises(BundleError, match="closed"):
            backend.logits(IMAGES[0])
    assert not gpu.held, "the memory of every thread's context was given back"
    assert gpu.streams == 0


def test_the_number_of_threads_does_not_change_the_answer(full: Bundle) -> None:
    one, two = (many(open_backend(full, threads=n).backend, workers=1) for n in (1, 2))
    np.testing.assert_allclose(one, two, atol=tolerance("backend-threads"))


class Context:
    """Complains when two threads are in it at once."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.closed = False

    def use(self, met: threading.Barrier) -> None:
        assert self.busy.acquire(blocking=False), "two threads share a context"
        met.wait(timeout=10)
        self.busy.release()

    def close(self) -> None:
        assert not self.closed
        self.closed = True


def test_a_pool_lends_each_thread_its_own_and_no_more_than_are_needed() -> None:
    made: list[Context] = []

    def make() -> Context:
        made.append(Context())
        return made[-1]

    pool = Pool(make=make)
    assert len(made) == 1, "the first is made at once"
    met = threading.Barrier(3)

    def work(_: int) -> None:
        with pool.lend() as context:
            context.use(met)

    for _ in range(4):
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(work, range(3)))
    assert len(made) == 3, "three at once, used again and again"
    with pool.lend() as lent:
        pool.close()
        assert [context.closed for context in made].count(True) == 2
        assert not lent.closed, "it is in use"
    assert all(context.closed for context in made)
    with pytest.raises(BundleError, match="closed"), pool.lend():
        pass


def test_without_executorch_both_ways_to_it_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])

    monkeypatch.setattr(executorch_python.importlib, "import_module", absent)
    with pytest.raises(MissingToolError, match=r"executorch is not installed: pip install .*runner/build\.sh"):
        ExecuTorchBackend(model=tmp_path / "m.pte", input_shape=(1, 1, 96, 192), labels=6)


def test_a_model_of_another_size_is_refused(full: Bundle) -> None:
    with pytest.raises(BundleError, match="expected input image"):
        OnnxBackend(model=full.file("model.onnx"), input_shape=(1, 1, 320, 576), labels=6)
    wider = replace(full.manifest, preprocess=replace(SPEC, width=256))
    with pytest.raises(BundleError, match="expected input image"):
        open_backend(replace(full, manifest=wider), kind=BackendKind.ONNX)
