"""The one way to a session of ONNX Runtime, for the edge and for whoever asks what a file does on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT

if TYPE_CHECKING:
    import onnxruntime

CPU = "CPUExecutionProvider"


def onnx_session(
    model: Path | bytes,
    *,
    providers: Sequence[Any] = (CPU,),
    threads: int = 0,
    spinning: bool = True,
    as_written: bool = False,
    without: Sequence[str] = (),
) -> onnxruntime.InferenceSession:
    """An optimised session: parity is taken from what the optimiser makes of a graph.

    Args:
        model: the file, or a graph in its bytes.
        providers: ONNX Runtime's names, the first that can computes; one with options is a pair.
        threads: computation threads; 0 leaves it to ONNX Runtime, which takes one per core.
        spinning: threads wait for the next operation at full load, which is quicker, by a little where operations are
            large, and costs half as much again of the processor.
        as_written: compute node by node, as for the int8 file of other processors, whose kernels this one has not.
        without: names of optimisers to leave out.

    Raises:
        Exception: ONNX Runtime's own classes, which share no other base; the file does not load.
    """
    # Here, for a machine that trains and measures checkpoints needs no ONNX Runtime.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Between the operations of a network, threads that spin are quicker by a seventh. Those that wait for the next
    # picture must not: they would take the cores, and the battery, from reading it.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=list(providers),
        disabled_optimizers=list(without),
        enable_fallback=0,
    )


def onnx_logits(session: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    """float32 (n, 1, H, W) -> logits (n, labels), one image at a time as on the edge."""
    return np.concatenate([session.run([MODEL_OUTPUT], {MODEL_INPUT: image[None]})[0] for image in images])
