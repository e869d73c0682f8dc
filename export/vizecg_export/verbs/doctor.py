"""``vizecg-export doctor``: what this machine can export and run, and the command that would add the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from vizecg.spec.finding import Finding
from vizecg.spec.install import pip_install
from vizecg.spec.options import JsonFlag
from vizecg.spec.processor import Processor, lacks, read_processor
from vizecg_export.console import table_console
from vizecg_export.rtx import EXTRA as RTX_EXTRA
from vizecg_export.targets import REQUIREMENTS, Target, missing_modules

_LEAST_CMAKE = (3, 28)


def findings() -> list[Finding]:
    """Everything that a target may need, looked for and not imported where that would be slow."""
    checks: list[Callable[[], Finding]] = [_onnx, _executorch, _runner_tools, _tensorrt, _rtx, _engine]
    return [check() for check in checks]


def machine() -> dict[str, Any]:
    """Processor and cores; the instructions decide how fast and how right networks are computed."""
    processor = read_processor()
    return {
        "processor": processor.machine,
        "cores": len(os.sched_getaffinity(0)),
        "instructions": list(processor.instructions),
        "lacks": [asdict(lack) for lack in lacks(processor)],
        "training": training_here(processor.limited(os.environ)),
        "python": platform.python_version(),
    }


def training_here(processor: Processor) -> dict[str, object]:
    """What training does on a processor as oneDNN sees it: the precisions, and the least channels for channels-last."""
    return {"bf16": processor.has_bf16, "channels_last_from": processor.vector_channels}


def machine_lines(here: Mapping[str, Any]) -> list[str]:
    """What the processor lacks and what follows, in words."""
    lines = [f"without {lack['name']}: {lack['follows']}" for lack in here["lacks"]]
    precision = "as asked" if here["training"]["bf16"] else "as float32"
    lines.append(f"training on this CPU: bf16-mixed {precision}")
    if least := here["training"]["channels_last_from"]:
        lines[-1] += f"; the ordinary memory layout where a strided 1x1 convolution has fewer than {least} channels"
    return lines


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _versions(*packages: str) -> str:
    return ", ".join(f"{package} {_version(package) or '-'}" for package in packages)


def _target(target: Target, what: str, *packages: str) -> Finding:
    missing = missing_modules(target)
    return Finding(
        what=what,
        works=not missing,
        found=_versions(*packages),
        add=REQUIREMENTS[target].install if missing else "",
    )


def _onnx() -> Finding:
    return _target(Target.ONNX, "export and run ONNX", "torch", "onnx", "onnxscript", "onnxruntime")


def _executorch() -> Finding:
    return _target(Target.EXECUTORCH, "export and run ExecuTorch", "torch", "executorch", "torchao")


def _tensorrt() -> Finding:
    return _target(Target.TENSORRT, "write the TensorRT recipe", "onnx", "onnxruntime")


def _runner_tools() -> Finding:
    # pip puts its CMake beside this Python, which need not be on the PATH.
    beside = shutil.which("cmake", path=str(Path(sys.executable).parent))
    cmake, compiler = beside or shutil.which("cmake"), shutil.which("g++") or shutil.which("c++")
    version = _cmake_version(cmake) if cmake else None
    works = compiler is not None and version is not None and version >= _LEAST_CMAKE and not _lacks("executorch")
    add = []
    if compiler is None:
        add.append("apt-get install g++")
    if version is None or version < _LEAST_CMAKE:
        add.append(pip_install("runner"))
    if _lacks("executorch"):
        add.append(REQUIREMENTS[Target.EXECUTORCH].install)
    told = "-" if version is None else ".".join(map(str, version))
    return Finding(
        what="build the native ExecuTorch runner",
        works=works,
        found=f"CMake {told} (3.28 is needed), compiler {compiler or '-'}",
        add=" && ".join(add),
    )


def _cmake_version(cmake: str) -> tuple[int, ...] | None:
    done = subprocess.run([cmake, "--version"], capture_output=True, text=True, timeout=30, check=False)
    words = done.stdout.split()
    if done.returncode or len(words) < 3:
        return None
    return tuple(int(part) for part in words[2].split(".")[:2] if part.isdigit())


def _rtx() -> Finding:
    there = not _lacks("tensorrt_rtx_bindings")
    return Finding(
        what="parse and build TensorRT graphs without a GPU",
        works=there,
        found=_versions("tensorrt-rtx-cu13-bindings", "onnxruntime-ep-nv-tensorrt-rtx-cu13"),
        add="" if there else pip_install(RTX_EXTRA),
    )


def _engine() -> Finding:
    driver = shutil.which("nvidia-smi") or next(
        (p for p in ("/dev/nvidia0", "/dev/nvhost-gpu") if os.path.exists(p)), None
    )
    add = []
    if _lacks("tensorrt"):
        add.append(f"{pip_install('tensorrt')} (on a Jetson: apt-get install python3-libnvinfer)")
    if driver is None:
        add.append("an NVIDIA GPU with its driver")
    return Finding(
        what="build and run TensorRT engines",
        works=not add,
        found=f"tensorrt {_version('tensorrt') or '-'}, GPU {driver or '-'}",
        add=" && ".join(add),
    )


def _lacks(module: str) -> bool:
    return importlib.util.find_spec(module) is None


def doctor(as_json: JsonFlag = False) -> None:
    """Tell what this machine can export and run, and the exact command that would add the rest."""
    abilities, here = findings(), machine()
    if as_json:
        print(json.dumps({"machine": here, "findings": [asdict(finding) for finding in abilities]}))
        return
    instructions = " ".join(here["instructions"])
    table = Table(title=f"{here['processor']}, {here['cores']} cores, {instructions}, Python {here['python']}")
    for column in ("ability", "", "found", "to add it"):
        table.add_column(column)
    for finding in abilities:
        table.add_row(finding.what, "yes" if finding.works else "no", finding.found, finding.add)
    console = table_console()
    console.print(table)
    for line in machine_lines(here):
        console.print(line)
