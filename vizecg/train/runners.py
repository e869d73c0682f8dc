"""Running what is measured: a network in torch, a model file in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT


def torch_logits(network: Callable[[Tensor], Tensor], inputs: np.ndarray) -> np.ndarray:
    """float32 (n, 1, H, W) or (n, 12, T) -> logits (n, 6) of the float network."""
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(inputs)).numpy())


def onnx_session(model: Path) -> onnxruntime.InferenceSession:
    """An optimised CPU session, as the edge runs it: parity is never taken from an unoptimised graph."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def onnx_logits(session: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    """float32 (n, 1, H, W) -> logits (n, 6), one image at a time as on the edge."""
    return np.concatenate([session.run([MODEL_OUTPUT], {MODEL_INPUT: image[None]})[0] for image in images])
