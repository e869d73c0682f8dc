"""An untrained network small enough to be exported in seconds, and ink maps of ECGs that fit it."""

from __future__ import annotations

import numpy as np
import torch

from vizecg.models import CmamWithoutSignal, ImageOnly, VizECGNet, VizECGNetConfig
from vizecg.models.attention import ModalAttention
from vizecg.spec.manifest import GOLDEN
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg_edge.pipeline import DEFAULT_BUNDLE

SMALL = PreprocessSpec(height=96, width=192)


def small_network(*, cmam_without_signal: CmamWithoutSignal = CmamWithoutSignal.SKIP, seed: int = 1) -> VizECGNet:
    """What it answers is nonsense, but every copy must answer the same; no weight that matters is 0 or 1."""
    torch.manual_seed(seed)
    network = VizECGNet(
        config=VizECGNetConfig(
            input_height=SMALL.height,
            input_width=SMALL.width,
            image_widths=(8, 8, 16, 16),
            signal_widths=(8, 8, 16, 16),
            width=16,
            heads=2,
            cmam_without_signal=cmam_without_signal,
        )
    )
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, ModalAttention):
                torch.nn.init.normal_(module.out.weight, std=0.3)
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(std=0.2)
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(std=0.2)
                module.running_var.uniform_(0.5, 1.5)
        for name, position in network.named_parameters():
            if name.endswith("_position"):
                position.normal_(std=0.3)
    return network.eval()


def small_deployed(**options: object) -> ImageOnly:
    return ImageOnly(network=small_network(**options))  # type: ignore[arg-type]


def small_images(n: int) -> np.ndarray:
    """float32 (n, 1, 96, 192): golden sheets of the shipped bundle, every third pixel, clean and photographed."""
    inks = np.load(DEFAULT_BUNDLE / GOLDEN)["inks"]
    order = np.arange(len(inks)).reshape(2, -1).T.ravel()[:n]
    return normalise(np.ascontiguousarray(inks[order, ::3, ::3][:, : SMALL.height, : SMALL.width]), SMALL)


def sqnr_db(reference: np.ndarray, found: np.ndarray) -> float:
    """Power of the reference over that of the difference, in decibels."""
    return float(10 * np.log10((reference**2).sum() / ((reference - found) ** 2).sum()))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))
