"""What is measured, as far as a worker process must know it: what is imported here is in every figure of its memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from vizecg.spec import DecisionRule


class Role(str, Enum):
    """``artefact``: a file of the measured bundle. ``float``: the network it was made of, in torch. ``reference``: what
    one could use in its place: other precisions of the same checkpoint, other engines."""

    ARTEFACT = "artefact"
    FLOAT = "float"
    REFERENCE = "reference"


class Engine(str, Enum):
    """What runs a contender: torch, OpenVINO, or one of the edge's backends by its name there."""

    TORCH_EAGER = "torch-eager"
    TORCH_COMPILED = "torch-compiled"
    OPENVINO = "openvino"
    ONNX = "onnx"
    ONNX_CUDA = "onnx-cuda"
    ONNX_TENSORRT = "onnx-tensorrt"
    TENSORRT = "tensorrt"
    EXECUTORCH = "executorch"
    EXECUTORCH_PYTHON = "executorch-python"


@dataclass(frozen=True, kw_only=True)
class ContenderSpec:
    """One contender, before it is loaded.

    Attributes:
        name: unique with ``threads``.
        role: see ``Role``.
        engine: what runs it.
        source: the bundle's folder; for torch the checkpoint.
        artefact: its name in the bundle; for torch, of the network.
        precision: number format.
        threads: computation threads.
        file: the model file; None for torch.
        rule: its own calibration and thresholds; None takes the float network's.
        handicap_ms: a pause in each run.
        details: what else the result tells of it.
    """

    name: str
    role: Role
    engine: Engine
    source: Path
    artefact: str
    precision: str
    threads: int
    file: Path | None = None
    rule: DecisionRule | None = None
    handicap_ms: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return contender_key(self.name, self.threads)


def contender_key(name: str, threads: int) -> str:
    """``onnx-int8 x2``: the same in every run."""
    return f"{name} x{threads}"
