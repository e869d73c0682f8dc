"""ONNX Runtime on the CPU."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime

from vizecg.spec import LABELS, BundleError
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT


class OnnxBackend:
    """An ONNX artefact in an optimised session.

    Args:
        model: the ``.onnx`` file.
        input_shape: (1, 1, H, W) that the bundle's preprocessing gives.
        threads: computation threads; 0 takes one per core this process may use.

    Raises:
        BundleError: the file does not load, or has other inputs or outputs than its manifest says.
    """

    name = "onnxruntime-cpu"

    def __init__(self, *, model: Path, input_shape: tuple[int, int, int, int], threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        # onnxruntime raises its own exception classes, which share no base but Exception.
        except Exception as error:
            raise BundleError(f"{model}: ONNX Runtime cannot load it: {str(error).splitlines()[0]}") from error
        inputs = {node.name: node.shape for node in self._session.get_inputs()}
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        if MODEL_INPUT not in inputs or tuple(inputs[MODEL_INPUT][1:]) != input_shape[1:]:
            raise BundleError(f"{model}: expected input {MODEL_INPUT} (n, {input_shape[1:]}), found {inputs}")
        if MODEL_OUTPUT not in outputs or outputs[MODEL_OUTPUT][1:] != [len(LABELS)]:
            raise BundleError(f"{model}: expected output {MODEL_OUTPUT} (n, {len(LABELS)}), found {outputs}")

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (6,)."""
        return np.asarray(self._session.run([MODEL_OUTPUT], {MODEL_INPUT: image})[0][0])
