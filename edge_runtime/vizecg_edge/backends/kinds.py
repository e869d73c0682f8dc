"""The names of the engines. Apart from ``registry``, so that the command line can list them without loading OpenCV."""

from __future__ import annotations

from enum import Enum


class BackendKind(str, Enum):
    """Values of ``--backend``. ``auto`` takes the best that fits the bundle and this device."""

    AUTO = "auto"
    ONNX = "onnx"
    ONNX_CUDA = "onnx-cuda"
    ONNX_TENSORRT = "onnx-tensorrt"
    TENSORRT = "tensorrt"
    EXECUTORCH = "executorch"
    EXECUTORCH_PYTHON = "executorch-python"
