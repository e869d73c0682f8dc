"""The one place through which torchvision comes.

The general torchvision wheel is built against CUDA. Beside a CPU-only torch its compiled part does not load, and
``import torchvision`` then stops because the operators that part should have declared are missing. Nobody here
calls them: declared without an implementation, they let the Python part work (models, transforms).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

import torch

from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install

# What the Python part of torchvision gives a second, shape-only implementation as it is imported.
_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# torch takes a declaration back when its Library object is collected.
_declared: list[torch.library.Library] = []


def _installed() -> bool:
    return importlib.util.find_spec("torchvision") is not None


def _import() -> ModuleType:
    return importlib.import_module("torchvision")


def _forget() -> None:
    """Drop what a failed import left behind, or the next one would find half a package."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def ensure_torchvision() -> None:
    """Make ``import torchvision`` work; nothing happens where it is absent or works already.

    pytorch-lightning and torchmetrics import torchvision wherever they find it and fail with it: call this before
    them. nms, the image decoders and the deformable convolution stay without an implementation.
    """
    if "torchvision" in sys.modules or not _installed():
        return
    try:
        _import()
    except RuntimeError as error:
        _forget()
        if "operator torchvision::" not in str(error) or _declared:
            raise
        for schema in _SCHEMAS.values():
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(schema)
            _declared.append(library)
        _import()


def torchvision_models() -> ModuleType:
    """``torchvision.models``.

    Raises:
        MissingToolError: torchvision is not installed.
    """
    if not _installed():
        raise MissingToolError(f"this network comes from torchvision, which is not installed: {pip_install('peers')}")
    ensure_torchvision()
    return importlib.import_module("torchvision.models")
