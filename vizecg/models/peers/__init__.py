"""The networks that Table 1 of the paper compares VizECGNet with, by name.

Each is built from its publication. Signal networks map (B, 12, T) millivolts, image networks (B, 1, H, W)
preprocessed sheets, to logits (B, labels); MHM takes both and can do with one.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from vizecg.models.modality import Modality
from vizecg.models.peers.acnet import ACNet
from vizecg.models.peers.image import mobilenet_v3, resnet18
from vizecg.models.peers.inception_time import InceptionTime
from vizecg.models.peers.mhm import MHM
from vizecg.models.peers.ranet import RANet
from vizecg.models.peers.transformer import SignalTransformer
from vizecg.models.peers.xresnet1d import XResNet1d
from vizecg.models.resnet import RESNET18_WIDTHS
from vizecg.spec import UsageError

LABELS = "labels"
"""Argument of every ``build`` that is no option: how many logits the network gives."""

__all__ = ["LABELS", "PEERS", "Modality", "Peer", "peer"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One row of the table.

    Args:
        name: how commands and checkpoints call it.
        title: how the table calls it.
        modality: what it looks at.
        build: keyword options, and ``labels`` where there are not six -> a network with fresh weights; an unknown or
            impossible option is a ``UsageError``.
        paper_options: the original's sizes.
        small_options: sizes that two CPU cores train.
        paper_parameters_m: millions of parameters as the table prints them.
        source: the original's publication.
        note: why our count of parameters differs from the table's, or what the publication leaves open.
    """

    name: str
    title: str
    modality: Modality
    build: Callable[..., nn.Module]
    paper_options: dict[str, Any] = field(default_factory=dict)
    small_options: dict[str, Any] = field(default_factory=dict)
    paper_parameters_m: float
    source: str
    note: str


def _checked(name: str, build: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """``build`` with its complaints about options as usage errors."""
    known = list(inspect.signature(build).parameters)
    options_of = [name for name in known if name != LABELS]

    @functools.wraps(build)
    def checked(**options: Any) -> nn.Module:
        for option in options:
            if option not in known:
                close = difflib.get_close_matches(option, options_of, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(options_of)}"
                raise UsageError(f"{name} has no option {option!r}: {hint}")
        try:
            return build(**options)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name} cannot be built with {options}: {error}") from error

    return checked


def _peer(*, name: str, build: Callable[..., nn.Module], **rest: Any) -> Peer:
    return Peer(name=name, build=_checked(name, build), **rest)


_ALL = (
    _peer(
        name="inception_time",
        title="InceptionTime",
        modality=Modality.SIGNAL,
        build=InceptionTime,
        paper_options={"depth": 6, "filters": 32, "bottleneck": 32, "kernels": (10, 20, 40)},
        small_options={"depth": 6, "filters": 16, "bottleneck": 16, "kernels": (10, 20, 40)},
        paper_parameters_m=0.49,
        source="Fawaz et al. 2020, arXiv 1909.04939",
        note="The same count: one network with kernels 10, 20 and 40, not the original's ensemble of five.",
    ),
    _peer(
        name="xresnet1d101",
        title="XResNet1D-101",
        modality=Modality.SIGNAL,
        build=XResNet1d,
        paper_options={
            "stem": (32, 32, 64), "blocks": (3, 4, 23, 3), "widths": (64, 128, 256, 512), "expansion": 4, "kernel": 3,
        },
        small_options={
            "stem": (16, 16, 32), "blocks": (3, 4, 23, 3), "widths": (16, 32, 64, 128), "expansion": 4, "kernel": 3,
        },
        paper_parameters_m=13.94,
        source="He et al. 2019, arXiv 1812.01187; head of Strodthoff et al. 2021, arXiv 2004.13701",
        note="101 layers are bottleneck blocks. The table's count is that of the same stages with two convolutions of "
        "width 3 a block (expansion 1: 13.93 M in front of the head), which are 69 layers.",
    ),
    _peer(
        name="transformer",
        title="Transformer",
        modality=Modality.SIGNAL,
        build=SignalTransformer,
        paper_options={"patch": 16, "width": 576, "layers": 6, "heads": 8, "feed_forward": 2304},
        small_options={"patch": 8, "width": 128, "layers": 4, "heads": 4, "feed_forward": 512},
        paper_parameters_m=24.17,
        source="Vaswani et al. 2017, arXiv 1706.03762",
        note="The paper gives no sizes. The original's encoder (six layers of 512) has 18.9 M; six layers of 576 with "
        "a feed-forward step four times as wide come nearest to the table's count.",
    ),
    _peer(
        name="acnet",
        title="ACNet",
        modality=Modality.SIGNAL,
        build=ACNet,
        paper_options={
            "widths": (64, 128, 256, 512, 512), "convolutions": (2, 2, 3, 3, 3), "cells": 49, "hidden": 4096,
        },
        small_options={"widths": (8, 16, 32, 64, 64), "convolutions": (2, 2, 3, 3, 3), "cells": 31, "hidden": 256},
        paper_parameters_m=262.0,
        source="Ding et al. 2019, arXiv 1908.03930",
        note="The paper names no backbone, and none of the original's has 262 M. VGG-16 is its largest: 24.5 M in the "
        "blocks, and fully connected layers whose size follows from the cells they read (49 as in VGG: 144 M; 105: "
        "261.6 M; all 128 columns of 4096 samples: 310 M).",
    ),
    _peer(
        name="ranet",
        title="1D RANet",
        modality=Modality.SIGNAL,
        build=RANet,
        paper_options={"widths": (48, 96, 144, 192), "kernel": 15, "stem_kernel": 15},
        small_options={"widths": (32, 64, 96, 128), "kernel": 15, "stem_kernel": 15},
        paper_parameters_m=3.93,
        source="Liu et al. 2021, Computing in Cardiology 48",
        note="The sizes are ours, chosen to come near the table's count. ResNet18's widths and kernels of 3 with the "
        "same attention come as near (widths 64, 128, 256, 512, kernel 3, stem_kernel 7: 3.94 M).",
    ),
    _peer(
        name="resnet18",
        title="ResNet18",
        modality=Modality.IMAGE,
        build=resnet18,
        paper_options={"widths": RESNET18_WIDTHS},
        small_options={"widths": (16, 32, 96, 192)},
        paper_parameters_m=11.64,
        source="He et al. 2016, arXiv 1512.03385",
        note="One input channel and six classes; with three and a thousand it has 11.69 M.",
    ),
    _peer(
        name="mobilenet_v3",
        title="MobileNetV3",
        modality=Modality.IMAGE,
        build=mobilenet_v3,
        paper_options={"width": 1.0},
        small_options={"width": 0.5},
        paper_parameters_m=18.20,
        source="Howard et al. 2019, arXiv 1905.02244",
        note="MobileNetV3-Large has 5.5 M with a thousand classes and 4.2 M with six. The table's count fits neither "
        "size of the original; twice the channels (width 2.0) give 16.6 M.",
    ),
    _peer(
        name="mhm",
        title="MHM",
        modality=Modality.BOTH,
        build=MHM,
        paper_options={"signal_widths": RESNET18_WIDTHS, "image_widths": RESNET18_WIDTHS, "width": 192},
        small_options={"signal_widths": (16, 32, 64, 128), "image_widths": (16, 32, 96, 192), "width": 192},
        paper_parameters_m=15.44,
        source="Qiao et al. 2020, SIGIR 2020, pages 1841-1844",
        note="The original reads health records; encoders and fusion are our reading of it for signals and images. "
        "Both ResNet18 trunks are 15.0 M of it.",
    ),
)  # fmt: skip

PEERS: dict[str, Peer] = {entry.name: entry for entry in _ALL}


def peer(name: str) -> Peer:
    """The peer of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PEERS:
        raise UsageError(f"unknown network {name!r}: expected one of {', '.join(PEERS)}")
    return PEERS[name]
