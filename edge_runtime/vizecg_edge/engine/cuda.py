"""The dozen calls of the CUDA runtime that running an engine takes, through ctypes: no further package is needed."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import BundleError, MissingToolError

NAMES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so")
WHEELS = ("nvidia/cu13/lib/libcudart.so.13", "nvidia/cuda_runtime/lib/libcudart.so.12")
INSTALL = "pip install nvidia-cuda-runtime (on a Jetson: sudo apt-get install nvidia-jetpack)"
HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
MAJOR, MINOR = 75, 76
"""cudaDevAttrComputeCapabilityMajor and -Minor."""
NAME_BYTES, PROPERTIES_BYTES = 256, 1 << 14
"""The properties begin with the name in every CUDA; what follows differs, and is less than this."""


class Cuda:
    """The CUDA runtime on the current device.

    Args:
        library: an opened ``libcudart``.
    """

    def __init__(self, *, library: Any) -> None:
        self._library = library

    def malloc(self, size: int) -> int:
        """Address of ``size`` new bytes on the device."""
        address = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(size))
        return int(address.value or 0)

    def free(self, address: int) -> None:
        self._call("cudaFree", ctypes.c_void_p(address))

    def stream(self) -> int:
        """A new stream."""
        handle = ctypes.c_void_p()
        self._call("cudaStreamCreate", ctypes.byref(handle))
        return int(handle.value or 0)

    def close_stream(self, stream: int) -> None:
        self._call("cudaStreamDestroy", ctypes.c_void_p(stream))

    def synchronise(self, stream: int) -> None:
        """Wait until the stream is done."""
        self._call("cudaStreamSynchronize", ctypes.c_void_p(stream))

    def upload(self, address: int, array: np.ndarray, stream: int) -> None:
        """Copy a contiguous array to the device; it must live until the stream is synchronised."""
        self._copy(address, array.ctypes.data, array.nbytes, HOST_TO_DEVICE, stream)

    def download(self, array: np.ndarray, address: int, stream: int) -> None:
        """Copy from the device into a contiguous array; it is filled when the stream is synchronised."""
        self._copy(array.ctypes.data, address, array.nbytes, DEVICE_TO_HOST, stream)

    def _copy(self, target: int, source: int, size: int, kind: int, stream: int) -> None:
        pointers = (ctypes.c_void_p(target), ctypes.c_void_p(source))
        self._call("cudaMemcpyAsync", *pointers, ctypes.c_size_t(size), ctypes.c_int(kind), ctypes.c_void_p(stream))

    def devices(self) -> int:
        """How many GPUs there are."""
        count = ctypes.c_int()
        self._call("cudaGetDeviceCount", ctypes.byref(count))
        return count.value

    def gpu(self) -> str:
        """Name of the current GPU."""
        device = self._device()
        properties = ctypes.create_string_buffer(PROPERTIES_BYTES)
        self._call("cudaGetDeviceProperties", properties, device)
        return properties.raw[:NAME_BYTES].split(b"\0", 1)[0].decode()

    def capability(self) -> tuple[int, int]:
        """Compute capability of the current GPU."""
        device = self._device()
        numbers = []
        for attribute in (MAJOR, MINOR):
            value = ctypes.c_int()
            self._call("cudaDeviceGetAttribute", ctypes.byref(value), ctypes.c_int(attribute), device)
            numbers.append(value.value)
        return numbers[0], numbers[1]

    def versions(self) -> tuple[str, str]:
        """CUDA of the driver and of the runtime, as "12.6"."""
        versions = []
        for call in ("cudaDriverGetVersion", "cudaRuntimeGetVersion"):
            value = ctypes.c_int()
            self._call(call, ctypes.byref(value))
            versions.append(f"{value.value // 1000}.{value.value % 1000 // 10}")
        return versions[0], versions[1]

    def _device(self) -> ctypes.c_int:
        device = ctypes.c_int()
        self._call("cudaGetDevice", ctypes.byref(device))
        return device

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            explain = self._library.cudaGetErrorString
            explain.restype = ctypes.c_char_p
            raise BundleError(f"{name} failed: {(explain(ctypes.c_int(code)) or b'?').decode()} (CUDA error {code})")


def load_cuda() -> Cuda:
    """The CUDA runtime of this machine.

    Raises:
        MissingToolError: there is no libcudart.
        BundleError: there is no GPU, or its driver is too old for every libcudart found.
    """
    wheels = [str(path) for folder in sys.path for name in WHEELS if (path := Path(folder) / name).is_file()]
    complaints = []
    for name in (*NAMES, "/usr/local/cuda/lib64/libcudart.so", *wheels):
        try:
            cuda = Cuda(library=ctypes.CDLL(name))
        except OSError:
            continue
        try:
            if cuda.devices():
                return cuda
            complaints.append("there is none")
        except BundleError as error:
            complaints.append(str(error))
    if not complaints:
        raise MissingToolError(f"the CUDA runtime (libcudart) is not installed: {INSTALL}")
    raise BundleError(f"building and running an engine needs a CUDA GPU: {complaints[0]}")
