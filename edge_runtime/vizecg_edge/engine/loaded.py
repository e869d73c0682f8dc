"""Running: the calls of TensorRT that load an engine and answer sheets with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from vizecg.spec import BundleError
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.generations import Generation
from vizecg_edge.engine.toolkit import MIB, make_logger


class LoadedEngine:
    """A loaded engine, its memory on the device and its stream. ``close`` gives them back.

    Args:
        trt: the library's module.
        row: what is particular to it.
        cuda: the CUDA runtime.
        engine: bytes of the engine.
        input_shape: (1, 1, H, W) that it must take.
        labels: how many logits it must give.

    Raises:
        BundleError: the library does not load it, or it takes or gives something else.
    """

    def __init__(
        self,
        *,
        trt: Any,
        row: Generation,
        cuda: Cuda,
        engine: bytes,
        input_shape: tuple[int, int, int, int],
        labels: int,
    ) -> None:
        self._cuda = cuda
        self._held: list[int] = []
        self._stream = 0
        # The logger and the runtime must outlive the engine.
        self._logger = make_logger(trt)
        self._runtime = trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            reason = (self._logger.errors or ["it gives no reason"])[0]
            raise BundleError(f"{row.library} {trt.__version__} does not load the engine: {reason}")
        self._check(trt, input_shape, labels)
        self.device_bytes = int(getattr(self._engine, row.memory_size, 0))
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise BundleError(f"no execution context: the engine needs {self.device_bytes / MIB:.0f} MiB of the GPU")
        self._output = np.empty((1, labels), dtype=np.float32)
        self._shape = input_shape
        try:
            self._stream = cuda.stream()
            size = int(np.prod(input_shape)) * np.dtype(np.float32).itemsize
            self._places = {MODEL_INPUT: self._hold(size), MODEL_OUTPUT: self._hold(self._output.nbytes)}
        except BundleError:
            self.close()
            raise
        done = [self._context.set_input_shape(MODEL_INPUT, input_shape)]
        done += [self._context.set_tensor_address(name, address) for name, address in self._places.items()]
        if not all(done):
            self.close()
            raise BundleError(f"the engine does not take one sheet of {input_shape[2]}x{input_shape[3]}")

    def _hold(self, size: int) -> int:
        self._held.append(self._cuda.malloc(size))
        return self._held[-1]

    def _check(self, trt: Any, input_shape: tuple[int, int, int, int], labels: int) -> None:
        tensors = {}
        for index in range(self._engine.num_io_tensors):
            name = self._engine.get_tensor_name(index)
            tensors[name] = (tuple(self._engine.get_tensor_shape(name))[1:], self._engine.get_tensor_dtype(name))
        wanted = {MODEL_INPUT: (tuple(input_shape[1:]), trt.float32), MODEL_OUTPUT: ((labels,), trt.float32)}
        if tensors != wanted:
            raise BundleError(f"the engine has {tensors}, expected {wanted}")

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,)."""
        if image.shape != self._shape:
            raise BundleError(f"expected a sheet of shape {self._shape}, got {image.shape}")
        sheet = np.ascontiguousarray(image, dtype=np.float32)
        self._cuda.upload(self._places[MODEL_INPUT], sheet, self._stream)
        if not self._context.execute_async_v3(self._stream):
            raise BundleError("the engine did not run")
        self._cuda.download(self._output, self._places[MODEL_OUTPUT], self._stream)
        self._cuda.synchronise(self._stream)
        return self._output[0].copy()

    def close(self) -> None:
        """Give memory and stream back; the engine is of no use afterwards."""
        while self._held:
            self._cuda.free(self._held.pop())
        if self._stream:
            self._cuda.close_stream(self._stream)
            self._stream = 0
