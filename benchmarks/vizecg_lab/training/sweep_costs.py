"""What networks cost on this machine, without training them: size, multiply-accumulates, and time beside each other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vizecg.models import ImageOnly, VizECGNet
from vizecg.models.sizes import macs, parameters
from vizecg.models.systems import VIZECGNET, build_system
from vizecg.spec import UsageError
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.train.config import TrainConfig
from vizecg_export.latency import in_turn
from vizecg_export.recipes.onnx import export_float

ROUNDS = 40


def network_costs(configs: Mapping[str, TrainConfig], *, threads: int = 1) -> dict[str, dict[str, Any]]:
    """Of the image streams as they are deployed, with fresh weights.

    Args:
        configs: by name; the first is what times are compared with.
        threads: of ONNX Runtime.

    Returns:
        name -> ``parameters``, ``macs`` of one sheet, ``tokens``, ``ms``: median milliseconds of the float ONNX model,
        all of them taken in turn, and ``of_first``, the median of the ratios of a turn.

    Raises:
        UsageError: a configuration is of another architecture than VizECGNet, or has no image stream.
    """
    found: dict[str, dict[str, Any]] = {}
    runs: dict[str, Callable[[], object]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for place, (name, config) in enumerate(configs.items()):
            if config.architecture != VIZECGNET:
                raise UsageError(f"{name}: expected {VIZECGNET}, got {config.architecture}")
            network = build_system(config.architecture, config.model, labels=len(config.label_set()))
            assert isinstance(network, VizECGNet)
            deployed = ImageOnly(network=network)
            shape = config.preprocess_spec().input_shape
            file = Path(scratch) / f"{place}.onnx"
            export_float(deployed, file, input_shape=shape)
            session = onnx_session(file, threads=threads)
            runs[name] = partial(onnx_logits, session, np.zeros(shape, np.float32))
            with torch.inference_mode():
                tokens = deployed.network.image_encoder(torch.zeros(shape)).shape[1]
            found[name] = {
                "parameters": parameters(deployed),
                "macs": macs(deployed, torch.zeros(shape)),
                "tokens": tokens,
            }
    taken = in_turn(runs, rounds=ROUNDS)
    first = np.array(next(iter(taken.values())))
    for name, times in taken.items():
        found[name] |= {
            "ms": round(float(np.median(times)), 2),
            "of_first": round(float(np.median(np.array(times) / first)), 3),
        }
    return found
