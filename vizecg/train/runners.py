"""Running what is measured: a network in torch, a model file in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT

if TYPE_CHECKING:
    import onnxruntime


def torch_logits(
    network: Callable[[Tensor], Tensor], inputs: np.ndarray, *, device: torch.device | str = "cpu"
) -> np.ndarray:
    """float32 (n, 1, H, W) or (n, 12, T) -> logits (n, 6) of the float network, which lies on ``device``."""
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(inputs).to(device)).cpu().numpy())


def onnx_session(model: Path, *, as_written: bool = False) -> onnxruntime.InferenceSession:
    """An optimised CPU session, as the edge runs it: parity is taken from what the optimiser makes of a graph.

    ``as_written`` computes node by node: for the int8 file of other processors, whose kernels this one has not.
    """
    # Here, for a machine that trains and measures checkpoints needs no ONNX Runtime.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def onnx_logits(session: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    """float32 (n, 1, H, W) -> logits (n, 6), one image at a time as on the edge."""
    return np.concatenate([session.run([MODEL_OUTPUT], {MODEL_INPUT: image[None]})[0] for image in images])
