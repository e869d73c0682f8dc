"""What can be asked for, and what each target needs on this machine."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from enum import Enum

from vizecg.spec import MissingToolError


class Target(str, Enum):
    """Where a model is to run."""

    ONNX = "onnx"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"


class Precision(str, Enum):
    """Number format of weights and activations."""

    FP32 = "fp32"
    INT8 = "int8"


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Importable modules a target needs, and the command that installs them."""

    modules: tuple[str, ...]
    install: str


REQUIREMENTS = {
    Target.ONNX: Requirement(modules=("onnx", "onnxscript", "onnxruntime"), install="pip install 'vizecg[train,onnx]'"),
    Target.EXECUTORCH: Requirement(modules=("executorch", "torchao"), install="pip install 'vizecg[executorch]'"),
    Target.TENSORRT: Requirement(modules=("tensorrt",), install="pip install 'vizecg[tensorrt]'"),
}

IMPLEMENTED = (Target.ONNX,)


def require(target: Target) -> None:
    """Raise MissingToolError unless this machine and this version can export to ``target``."""
    needed = REQUIREMENTS[target]
    missing = [name for name in needed.modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingToolError(f"target {target.value} needs {', '.join(missing)}: {needed.install}")
    if target not in IMPLEMENTED:
        names = ", ".join(implemented.value for implemented in IMPLEMENTED)
        raise MissingToolError(f"target {target.value}: its recipe is not part of this version, which exports {names}")
