"""What can be asked for, and what each target needs on this machine."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from enum import Enum

from vizecg.spec import Condition, MissingToolError
from vizecg.spec.install import pip_install

FLOAT = "torch-fp32"
"""Name of the float network among its artefacts."""
CONDITIONS = (Condition.CLEAN, Condition.PHOTO)
"""What artefacts are evaluated under."""


class Target(str, Enum):
    """Where a model is to run."""

    ONNX = "onnx"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"


class Precision(str, Enum):
    """Number format of weights and activations."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


class Scope(str, Enum):
    """What int8 reaches.

    ``full``: whatever the target computes in int8. ``trunk``: the convolutional trunk; attention and head stay float.
    """

    FULL = "full"
    TRUNK = "trunk"


class Machine(str, Enum):
    """The processors that an artefact is made for."""

    ANY = "any"
    ARM = "aarch64"


class OnFail(str, Enum):
    """How far to go when an artefact misses a gate: not at all, to attention and head in float, to fp16."""

    STOP = "stop"
    EXCLUDE = "exclude"
    FP16 = "fp16"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a target can be exported as.

    ``calibrators``: ways to choose the ranges of activations for int8, the plainest first. ``machines``: the processors
    that want an int8 file of their own.
    """

    precisions: tuple[Precision, ...]
    calibrators: tuple[str, ...]
    machines: tuple[Machine, ...] = (Machine.ANY,)


OFFERS = {
    Target.ONNX: Offer(
        precisions=(Precision.FP32, Precision.FP16, Precision.INT8),
        calibrators=("minmax", "entropy", "percentile"),
        machines=(Machine.ANY, Machine.ARM),
    ),
    Target.EXECUTORCH: Offer(precisions=(Precision.FP32, Precision.INT8), calibrators=("histogram", "minmax")),
    Target.TENSORRT: Offer(
        precisions=(Precision.FP32, Precision.FP16, Precision.INT8), calibrators=("minmax", "entropy", "percentile")
    ),
}


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Importable modules a target needs, and the extras of the project that bring them."""

    modules: tuple[str, ...]
    extras: tuple[str, ...]

    @property
    def install(self) -> str:
        """The command that installs them."""
        return pip_install(*self.extras)


REQUIREMENTS = {
    Target.ONNX: Requirement(modules=("onnx", "onnxscript", "onnxruntime"), extras=("train", "onnx")),
    Target.EXECUTORCH: Requirement(modules=("executorch", "torchao"), extras=("train", "onnx", "executorch")),
    # Writing the recipe takes no TensorRT: the device builds its engine.
    Target.TENSORRT: Requirement(modules=("onnx", "onnxscript", "onnxruntime"), extras=("train", "onnx")),
}


def artefact_name(target: Target, precision: Precision, machine: Machine) -> str:
    """Target, number format, and the processor where there is one file for each: ``onnx-int8-aarch64``."""
    suffix = "" if machine is Machine.ANY else f"-{machine.value}"
    return f"{target.value}-{precision.value}{suffix}"


def missing_modules(target: Target) -> list[str]:
    """Modules that ``target`` needs and this environment lacks."""
    return [name for name in REQUIREMENTS[target].modules if importlib.util.find_spec(name) is None]


def require(target: Target) -> None:
    """Raise MissingToolError unless this environment can export to ``target``."""
    missing = missing_modules(target)
    if missing:
        raise MissingToolError(f"target {target.value} needs {', '.join(missing)}: {REQUIREMENTS[target].install}")
