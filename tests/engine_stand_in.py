"""Stand-ins for ``tensorrt`` and for ``libcudart``, for tests where there is no GPU.

The engine of the stand-in is the ONNX file itself, and running it runs ONNX Runtime on addresses of host memory: what
is compared with golden data is really computed, what TensorRT would make of it is not shown.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError

CUDA_ERROR_NO_DEVICE = 100


class StandInCudart:
    """``libcudart`` on host memory. ``held`` are the buffers that were not freed."""

    def __init__(self, *, gpu: str = "Orin", devices: int = 1, capability: tuple[int, int] = (8, 7)) -> None:
        self.gpu, self.devices, self.capability = gpu, devices, capability
        self.driver, self.runtime = 12060, 12060
        self.held: dict[int, Any] = {}
        self.streams = 0
        # A plain function takes the attribute `restype`, a bound method does not.
        self.cudaGetErrorString: Callable[[Any], bytes] = lambda code: b"no CUDA-capable device is detected"

    def cudaMalloc(self, pointer: Any, size: Any) -> int:  # noqa: N802
        buffer = ctypes.create_string_buffer(size.value)
        pointer._obj.value = ctypes.addressof(buffer)
        self.held[pointer._obj.value] = buffer
        return 0

    def cudaFree(self, pointer: Any) -> int:  # noqa: N802
        del self.held[pointer.value]
        return 0

    def cudaStreamCreate(self, pointer: Any) -> int:  # noqa: N802
        self.streams += 1
        pointer._obj.value = 4096 + self.streams
        return 0

    def cudaStreamDestroy(self, stream: Any) -> int:  # noqa: N802
        self.streams -= 1
        return 0

    def cudaStreamSynchronize(self, stream: Any) -> int:  # noqa: N802
        return 0

    def cudaMemcpyAsync(self, target: Any, source: Any, size: Any, kind: Any, stream: Any) -> int:  # noqa: N802
        ctypes.memmove(target.value, source.value, size.value)
        return 0

    def cudaGetDeviceCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self.devices
        return 0 if self.devices else CUDA_ERROR_NO_DEVICE

    def cudaGetDevice(self, device: Any) -> int:  # noqa: N802
        device._obj.value = 0
        return 0

    def cudaGetDeviceProperties(self, properties: Any, device: Any) -> int:  # noqa: N802
        properties.value = self.gpu.encode()
        return 0

    def cudaDeviceGetAttribute(self, value: Any, attribute: Any, device: Any) -> int:  # noqa: N802
        value._obj.value = self.capability[{75: 0, 76: 1}[attribute.value]]
        return 0

    def cudaDriverGetVersion(self, value: Any) -> int:  # noqa: N802
        value._obj.value = self.driver
        return 0

    def cudaRuntimeGetVersion(self, value: Any) -> int:  # noqa: N802
        value._obj.value = self.runtime
        return 0


@dataclass
class Seen:
    """What the stand-in was told."""

    flags: list[int] = field(default_factory=list)
    workspaces: list[int] = field(default_factory=list)
    profiles: list[tuple[Any, ...]] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    timing_caches: list[bytes] = field(default_factory=list)
    builds: int = 0


class StandInTensorRT:
    """The part of the module ``tensorrt`` that is used. ``spoil`` changes the logits of its engines."""

    def __init__(self, *, version: str = "10.3.0", spoil: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        self.__version__ = version
        self.seen = Seen()
        self.builds_nothing = False
        self.float32 = "float32"
        self.NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
        self.MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
        self.BuilderFlag = SimpleNamespace(TF32="tf32")
        severity = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2)
        self.ILogger = type("ILogger", (), {"Severity": severity, "log": None})
        self.Builder = lambda logger: _Builder(self, logger)
        self.OnnxParser = lambda network, logger: _Parser(network)
        self.Runtime = lambda logger: SimpleNamespace(deserialize_cuda_engine=self._deserialise)
        self._spoil = spoil or (lambda logits: logits)

    def _deserialise(self, engine: bytes) -> Any:
        return _Engine(engine, self._spoil) if engine else None


class _Builder:
    def __init__(self, module: StandInTensorRT, logger: Any) -> None:
        self._module, self._logger = module, logger

    def create_network(self, flags: int) -> Any:
        self._module.seen.flags.append(flags)
        return SimpleNamespace(model=b"", num_layers=0)

    def create_builder_config(self) -> Any:
        return _Config(self._module.seen)

    def create_optimization_profile(self) -> Any:
        return SimpleNamespace(set_shape=lambda *shapes: self._module.seen.profiles.append(shapes))

    def build_serialized_network(self, network: Any, config: _Config) -> bytes | None:
        self._module.seen.builds += 1
        config.cache += b"timed;"
        if self._module.builds_nothing:
            self._logger.log(2, "a warning")
            self._logger.log(1, "no tactic\nfits")
            return None
        return network.model


class _Config:
    builder_optimization_level = avg_timing_iterations = 0

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.cache = b""

    def set_memory_pool_limit(self, pool: str, size: int) -> None:
        self._seen.workspaces.append(size)

    def clear_flag(self, flag: str) -> None:
        self._seen.cleared.append(flag)

    def add_optimization_profile(self, profile: Any) -> int:
        return 0

    def create_timing_cache(self, content: bytes) -> Any:
        # TensorRT gives None for what it cannot read.
        if content and not content.startswith(b"timed;"):
            return None
        return SimpleNamespace(content=content, serialize=lambda: self.cache)

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        self._seen.timing_caches.append(cache.content)
        self.cache = cache.content
        return True


class _Parser:
    num_errors = 1

    def __init__(self, network: Any) -> None:
        self._network = network

    def parse(self, content: bytes) -> bool:
        try:
            self._network.num_layers = len(onnx.load_from_string(content).graph.node)
        except DecodeError:
            return False
        self._network.model = content
        return True

    def get_error(self, index: int) -> Any:
        return SimpleNamespace(node_name=lambda: "node_1", desc=lambda: "is not\nunderstood")


class _Engine:
    num_io_tensors = 2
    device_memory_size = device_memory_size_v2 = 1 << 20

    def __init__(self, engine: bytes, spoil: Callable[[np.ndarray], np.ndarray]) -> None:
        self._session = onnxruntime.InferenceSession(engine, providers=["CPUExecutionProvider"])
        self._spoil = spoil
        self._tensors = [*self._session.get_inputs(), *self._session.get_outputs()]

    def get_tensor_name(self, index: int) -> str:
        return str(self._tensors[index].name)

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        shape = next(tensor.shape for tensor in self._tensors if tensor.name == name)
        return tuple(value if isinstance(value, int) else -1 for value in shape)

    def get_tensor_dtype(self, name: str) -> str:
        return "float32"

    def create_execution_context(self) -> Any:
        addresses: dict[str, int] = {}
        shapes: dict[str, tuple[int, ...]] = {}

        def execute(stream: int) -> bool:
            image = _at(addresses["image"], shapes["image"])
            _at(addresses["logits"], (1, 6))[:] = self._spoil(self._session.run(["logits"], {"image": image})[0])
            return True

        return SimpleNamespace(
            set_input_shape=lambda name, shape: shapes.update({name: tuple(shape)}) is None,
            set_tensor_address=lambda name, address: addresses.update({name: address}) is None,
            execute_async_v3=execute,
        )


def _at(address: int, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 array at an address."""
    pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(pointer, shape=shape)
