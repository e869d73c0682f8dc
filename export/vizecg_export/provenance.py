"""Versions of what a bundle was made with."""

from __future__ import annotations

import importlib.metadata
import platform

import vizecg

PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "opencv-python")


def toolchain() -> dict[str, str]:
    """Versions of what made the bundle."""
    versions = {"python": platform.python_version(), "machine": platform.machine(), "vizecg": vizecg.__version__}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
