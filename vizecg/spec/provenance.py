"""Where a result comes from: the command as it can be typed again, the versions of the libraries, the code."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

import vizecg
from vizecg.spec.checkout import git_state
from vizecg.spec.processor import read_processor

PACKAGES = (
    "numpy", "opencv", "pillow", "scipy", "onnxruntime", "onnx", "torch", "pytorch-lightning", "torchmetrics",
    "executorch", "openvino", "tensorrt", "h5py", "wfdb", "ecg-plot", "matplotlib",
)  # fmt: skip
"""Those that figures may depend on."""
DISTRIBUTIONS = {
    "opencv": ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "tensorrt": ("tensorrt", "tensorrt-cu13", "tensorrt-cu12"),
}
"""Packages that come under several names; the first that is installed counts."""
_PLACE = re.compile(r"(?:^|(?<=[=:,]))(?:~/|\.\./|/(?!/))[^=:,]*")
"""Within an argument, what names a place outside the working folder: ``--root=/data``, ``ptbxl:../data``."""


class CommandSource(str, Enum):
    """How a result's command is known.

    ``recorded``: by the program that measured. ``reconstructed``: written down later, from the options that the figures
    tell and the documentation of that commit. ``unknown``: it names the verb at best.
    """

    RECORDED = "recorded"
    RECONSTRUCTED = "reconstructed"
    UNKNOWN = "unknown"


def provenance() -> dict[str, Any]:
    """What every result file holds beside its figures.

    Returns:
        ``command``; ``command_source``, a ``CommandSource``; ``source``, commit and whether tracked files were changed,
        null where the code is no checkout's; ``environment``: the machine, and ``versions`` of what is installed.
    """
    return {
        "command": command_line(),
        "command_source": (CommandSource.UNKNOWN if sys.argv[0] in ("", "-c") else CommandSource.RECORDED).value,
        "source": asdict(git_state()),
        "environment": _environment(),
    }


def command_line() -> str:
    """The command that is running, as a shell takes it.

    It is handed on with the figures, so it names no place of this machine: what lies in the working folder has its
    relative path, another file its name alone, and another folder its name in capitals (``/data/ptbxl``: ``PTBXL``).
    """
    return shlex.join([*_program(), *(_PLACE.sub(_told, argument) for argument in sys.argv[1:])])


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Python's, vizecg's, and those of the packages that are installed."""
    known = {"python": platform.python_version(), "vizecg": vizecg.__version__}
    for package in packages:
        for name in DISTRIBUTIONS.get(package, (package,)):
            try:
                known[package] = importlib.metadata.version(name)
                break
            except importlib.metadata.PackageNotFoundError:
                continue
    return known


def _program() -> list[str]:
    first = sys.argv[0]
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None and spec.origin == first:
        return ["python", "-m", spec.name.removesuffix(".__main__")]
    if first in ("", "-c"):
        return ["python", "-c", "..."]
    name = Path(first).name
    return ["python", name] if name.endswith(".py") else [name]


def _told(path_match: re.Match[str]) -> str:
    path = Path(os.path.abspath(os.path.expanduser(path_match[0])))
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return path.name.upper() if path.is_dir() else path.name


def _environment() -> dict[str, Any]:
    """The machine, as far as figures depend on it."""
    processor = read_processor()
    return {
        "machine": processor.machine,
        "cpu": processor.model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": versions(),
    }
