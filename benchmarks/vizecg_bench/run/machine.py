"""What this machine can measure of a bundle: the list of contenders."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnxruntime

from vizecg.spec import MissingToolError, UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import Artefact, Bundle
from vizecg_bench.run.contenders import ContenderSpec, Engine, Role
from vizecg_bench.run.schema import LeftOut

FLOAT = "torch-eager"
"""What ratios refer to."""


def float_contenders(checkpoint: Path) -> tuple[list[ContenderSpec], list[LeftOut]]:
    """The float network in torch, as it is and compiled."""
    names = {FLOAT: Engine.TORCH_EAGER, "torch-compiled": Engine.TORCH_COMPILED}
    if importlib.util.find_spec("torch") is None:
        return [], [
            LeftOut(name=name, why=f"torch is not installed: {pip_install('train', 'bench')}") for name in names
        ]
    specs = [
        ContenderSpec(
            name=name, role=Role.FLOAT, engine=engine, source=checkpoint, artefact="torch-fp32", precision="fp32",
            threads=0,
        )
        for name, engine in names.items()
    ]  # fmt: skip
    return specs, []


def bundle_contenders(bundle: Bundle, *, role: Role) -> tuple[list[ContenderSpec], list[LeftOut]]:
    """Every artefact of a bundle in every engine that runs it here.

    ONNX files for any processor are also run in OpenVINO. References take the float network's thresholds: they were
    exported without records to fit their own.
    """
    specs: list[ContenderSpec] = []
    left_out: list[LeftOut] = []
    for artefact in bundle.manifest.artefacts:
        if artefact.machine not in ("any", platform.machine()):
            left_out.append(LeftOut(name=artefact.name, why=f"it is made for {artefact.machine}"))
            continue
        engines, why = _engines(artefact)
        if why:
            left_out.append(LeftOut(name=artefact.name, why=why))
        for name, engine in engines.items():
            if engine is Engine.OPENVINO and importlib.util.find_spec("openvino") is None:
                left_out.append(LeftOut(name=name, why=f"openvino is not installed: {pip_install('openvino')}"))
                continue
            specs.append(
                ContenderSpec(
                    name=name, role=role if engine is not Engine.OPENVINO else Role.REFERENCE, engine=engine,
                    source=bundle.path, artefact=artefact.name, precision=artefact.precision, threads=0,
                    file=bundle.file(artefact.file), rule=None if role is Role.REFERENCE else artefact.decision,
                )
            )  # fmt: skip
    return specs, left_out


def chosen(
    specs: Sequence[ContenderSpec], *, threads: Sequence[int], names: Sequence[str], handicaps: dict[str, float]
) -> list[ContenderSpec]:
    """Those that are asked for (all for no name), on each number of threads.

    Raises:
        UsageError: a name that is not among them.
    """
    known = {spec.name for spec in specs}
    for name in (*names, *handicaps):
        if name not in known:
            raise UsageError(f"no contender {name!r} here: {', '.join(sorted(known))}")
    return [
        replace(spec, threads=count, handicap_ms=handicaps.get(spec.name, 0.0))
        for spec in specs
        for count in threads
        if not names or spec.name in names
    ]


def _engines(artefact: Artefact) -> tuple[dict[str, Engine], str | None]:
    """Name of the contender -> what runs it; or why nothing does."""
    name = artefact.name
    providers = onnxruntime.get_available_providers()
    if artefact.target == "executorch":
        try:
            return {name: executorch_engine()}, None
        except MissingToolError as error:
            return {}, str(error)
    if artefact.target == "tensorrt":
        found = {f"{name}@onnxruntime": Engine.ONNX_TENSORRT} if "TensorrtExecutionProvider" in providers else {}
        if importlib.util.find_spec("tensorrt") is not None:
            return {name: Engine.TENSORRT, **found}, None
        return found, "tensorrt is not installed: on a Jetson apt-get install python3-libnvinfer, else vizecg[tensorrt]"
    found = {name: Engine.ONNX}
    if "CUDAExecutionProvider" in providers:
        found[f"{name}@cuda"] = Engine.ONNX_CUDA
    if artefact.machine == "any" and artefact.precision != "fp16":
        found[name.replace("onnx", "openvino", 1)] = Engine.OPENVINO
    return found, None


def executorch_engine() -> Engine:
    """The native runner, which the edge uses; where there is none, ExecuTorch's Python runtime.

    Raises:
        MissingToolError: neither is there.
    """
    from vizecg_edge.backends.runner import find_runner

    try:
        find_runner()
    except MissingToolError:
        if any(importlib.util.find_spec(name) is None for name in ("executorch", "torch")):
            raise
        return Engine.EXECUTORCH_PYTHON
    return Engine.EXECUTORCH
