"""Loading a contender. In a worker process: engines fight over threads, and memory is told per process."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

import numpy as np

from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import MODEL_INPUT, open_bundle
from vizecg_bench.run.contenders import ContenderSpec, Engine
from vizecg_edge.backends.base import Backend

PACKAGES = {
    Engine.TORCH_EAGER: "torch",
    Engine.TORCH_COMPILED: "torch",
    Engine.OPENVINO: "openvino",
    Engine.ONNX: "onnxruntime",
    Engine.ONNX_CUDA: "onnxruntime",
    Engine.ONNX_TENSORRT: "onnxruntime",
    Engine.TENSORRT: "tensorrt",
    Engine.EXECUTORCH: "executorch",
    Engine.EXECUTORCH_PYTHON: "executorch",
}
"""Whose version a contender's figures depend on."""


def open_engine(spec: ContenderSpec) -> Backend:
    """Load a contender.

    Raises:
        MissingToolError: its library is not installed.
        BundleError: its file does not load, or there is no engine or GPU for it.
    """
    if spec.engine in (Engine.TORCH_EAGER, Engine.TORCH_COMPILED):
        return _torch(spec)
    if spec.engine is Engine.OPENVINO:
        return OpenVinoBackend(spec)
    from vizecg_edge.backends.choose import open_backend
    from vizecg_edge.backends.kinds import BackendKind

    bundle = open_bundle(spec.source)
    return open_backend(
        bundle, kind=BackendKind(spec.engine.value), artefact=spec.artefact, threads=spec.threads
    ).backend


def engine_version(engine: Engine, backend: Backend) -> str:
    """Of the library; a native runner knows its own."""
    told = getattr(backend, "info", {}).get("executorch")
    if told:
        return str(told)
    try:
        return importlib.metadata.version(PACKAGES[engine])
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


class CallableBackend:
    """A function of an image as a backend."""

    def __init__(self, *, name: str, run: Callable[[np.ndarray], np.ndarray]) -> None:
        self.name, self._run = name, run

    def logits(self, image: np.ndarray) -> np.ndarray:
        """float32 (1, 1, H, W) -> (labels,)."""
        return self._run(image)

    def close(self) -> None:
        """Nothing to give back: the process ends."""


def _torch(spec: ContenderSpec) -> Backend:
    torch = _load("torch", pip_install("train", "bench"))
    from vizecg.models.deploy import ImageOnly
    from vizecg.train.checkpoint import load_checkpoint

    torch.set_num_threads(spec.threads)
    network: Any = ImageOnly(network=load_checkpoint(spec.source).vizecgnet())
    if spec.engine is Engine.TORCH_COMPILED:
        network = torch.compile(network)

    def run(image: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(image)).numpy()[0])

    return CallableBackend(name=f"{spec.engine.value}-cpu", run=run)


class OpenVinoBackend:
    """An ONNX file in OpenVINO: what a user of an x86 processor would take instead.

    Raises:
        MissingToolError: OpenVINO is not installed.
        BundleError: it does not load the file.
    """

    name = "openvino-cpu"

    def __init__(self, spec: ContenderSpec) -> None:
        from vizecg.spec import BundleError

        openvino = _load("openvino", pip_install("openvino"))
        assert spec.file is not None
        shape = open_bundle(spec.source).manifest.preprocess.input_shape
        # Left alone, it computes float32 files in bfloat16 where the processor has it.
        hints = {
            "INFERENCE_NUM_THREADS": spec.threads, "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        }  # fmt: skip
        try:
            model = openvino.Core().read_model(str(spec.file))
            model.reshape({MODEL_INPUT: list(shape)})
            self._request: Any = openvino.compile_model(model, "CPU", hints).create_infer_request()
        # OpenVINO raises RuntimeError and others, with its source lines in front.
        except Exception as error:
            raise BundleError(f"{spec.file}: OpenVINO cannot load it: {str(error).splitlines()[-1]}") from error

    def logits(self, image: np.ndarray) -> np.ndarray:
        """float32 (1, 1, H, W) -> (labels,)."""
        return np.array(self._request.infer({MODEL_INPUT: image})[0][0], dtype=np.float32)

    def close(self) -> None:
        """Let go of the model."""
        self._request = None


def _load(name: str, install: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingToolError(f"{error.name} is not installed: {install}") from error
