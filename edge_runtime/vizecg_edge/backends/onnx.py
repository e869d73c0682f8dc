"""ONNX Runtime: on the CPU, on an NVIDIA GPU by CUDA, or by TensorRT behind ONNX Runtime."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vizecg.spec import BundleError, MissingToolError
from vizecg.spec.checks import first_line
from vizecg.spec.files import user_cache
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT
from vizecg.spec.onnx_session import onnx_session
from vizecg_edge.backends.base import thread_count
from vizecg_edge.backends.deadline import Deadline
from vizecg_edge.engine.environment import is_jetson

# The two packages hold one module: the one installed last wins, so the other must go first.
INSTALL_GPU = "pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'"
INSTALL_GPU_JETSON = (
    "pip uninstall -y onnxruntime && pip install onnxruntime-gpu --index-url https://pypi.jetson-ai-lab.io/jp6/cu126"
)


_FATAL = 4


class Provider(str, Enum):
    """What computes. The values are ONNX Runtime's names."""

    CPU = "CPUExecutionProvider"
    CUDA = "CUDAExecutionProvider"
    TENSORRT = "TensorrtExecutionProvider"

    @property
    def short(self) -> str:
        return {"CPU": "cpu", "CUDA": "cuda", "TENSORRT": "tensorrt"}[self.name]


def install_command(provider: Provider) -> str:
    """What adds a GPU's provider on this machine."""
    if is_jetson():
        return INSTALL_GPU_JETSON
    # ONNX Runtime's package does not bring TensorRT, a Jetson's system does.
    return f"{INSTALL_GPU} tensorrt" if provider is Provider.TENSORRT else INSTALL_GPU


class OnnxBackend:
    """An ONNX artefact in an optimised session. Several threads may run it at once.

    Args:
        model: the ``.onnx`` file.
        input_shape: (1, 1, H, W) that the bundle's preprocessing gives.
        labels: how many logits it must give.
        threads: computation threads; 0 takes one per core this process may use.
        provider: what computes.
        precision: of the artefact; TensorRT must be told which types it may use.
        deadline: what one inference may take.

    Raises:
        MissingToolError: this ONNX Runtime does not have ``provider``, or its libraries do not load.
        BundleError: the file does not load, or has other inputs or outputs than its manifest says.
    """

    def __init__(
        self,
        *,
        model: Path,
        input_shape: tuple[int, int, int, int],
        labels: int,
        threads: int = 0,
        provider: Provider = Provider.CPU,
        precision: str = "fp32",
        deadline: Deadline | None = None,
    ) -> None:
        self._deadline = deadline or Deadline()
        self.name = f"onnxruntime-{provider.short}"
        if provider.value not in onnxruntime.get_available_providers():
            raise MissingToolError(
                f"onnxruntime {onnxruntime.__version__} has no {provider.value}: {install_command(provider)}"
            )
        try:
            session = onnx_session(model, providers=_providers(provider, precision), threads=thread_count(threads))
        # onnxruntime raises its own exception classes, which share no base but Exception.
        except Exception as error:
            raise BundleError(f"{model}: ONNX Runtime cannot load it: {first_line(error)}") from error
        # It goes on without a provider whose libraries do not load, and does not raise.
        if session.get_providers()[0] != provider.value:
            raise MissingToolError(
                f"{provider.value} does not load here (its CUDA, cuDNN or TensorRT libraries are missing or too old):"
                f" {install_command(provider)}"
            )
        self._session: Any = session
        self._model = model
        _check(session, model, input_shape, labels)

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,).

        Raises:
            BundleError: closed, or it fails, does not end or takes all memory.
        """
        session = self._session
        if session is None:
            raise BundleError(f"{self._model}: its session is closed")
        options = onnxruntime.RunOptions()
        # What it would print of an error is in the exception, too.
        options.log_severity_level = _FATAL
        with self._deadline.held(partial(setattr, options, "terminate", True)) as ended:
            try:
                return np.asarray(session.run([MODEL_OUTPUT], {MODEL_INPUT: image}, options)[0][0])
            # onnxruntime raises its own exception classes, which share no base but Exception.
            except Exception as error:
                why = f"the model {ended()}, and was ended" if ended() else f"ONNX Runtime failed: {first_line(error)}"
                raise BundleError(f"{self._model}: {why}") from error

    def close(self) -> None:
        """Let go of the session; runs in other threads end undisturbed."""
        self._session = None


def _providers(provider: Provider, precision: str) -> list[Any]:
    """``provider``, then those that take what it cannot compute."""
    cpu = Provider.CPU.value
    if provider is Provider.CPU:
        return [cpu]
    if provider is Provider.CUDA:
        return [provider.value, cpu]
    engines = user_cache() / "onnxruntime-tensorrt"
    engines.mkdir(parents=True, exist_ok=True)
    # Building takes minutes on a Jetson; ONNX Runtime itself sees to it that a kept engine fits.
    options = {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(engines),
        "trt_int8_enable": precision == "int8",
        "trt_fp16_enable": precision == "fp16",
    }
    return [(provider.value, options), Provider.CUDA.value, cpu]


def _check(session: Any, model: Path, input_shape: tuple[int, int, int, int], labels: int) -> None:
    """Raise BundleError unless the session takes ``input_shape`` and gives a row of ``labels`` logits each."""
    inputs = {node.name: node.shape for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
    if MODEL_INPUT not in inputs or tuple(inputs[MODEL_INPUT][1:]) != input_shape[1:]:
        raise BundleError(f"{model}: expected input {MODEL_INPUT} (n, {input_shape[1:]}), found {inputs}")
    if MODEL_OUTPUT not in outputs or outputs[MODEL_OUTPUT][1:] != [labels]:
        raise BundleError(f"{model}: expected output {MODEL_OUTPUT} (n, {labels}), found {outputs}")
