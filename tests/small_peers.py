"""The paper's peers at their small sizes, and inputs for them."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch import Tensor, nn

from vizecg.models.peers import PEERS, Modality, Peer, peer

SMALL_IMAGE = (1, 64, 96)

needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed: pip install '.[peers]'"
)


def names(*modalities: Modality) -> list[object]:
    """The peers' names, those that need torchvision at any size marked so."""
    return [
        pytest.param(name, marks=needs_torchvision) if name == "mobilenet_v3" else name
        for name, entry in PEERS.items()
        if entry.modality in modalities
    ]


ALL = names(*Modality)


def inputs(entry: Peer, *, count: int = 3, samples: int = 256) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(count, 12, samples, generator=generator)
    image = torch.randn(count, *SMALL_IMAGE, generator=generator)
    return {Modality.SIGNAL: [signal], Modality.IMAGE: [image], Modality.BOTH: [signal, image]}[entry.modality]


def small(name: str) -> nn.Module:
    torch.manual_seed(0)
    return peer(name).build(**peer(name).small_options)


def outputs(network: nn.Module, *given: Tensor) -> list[Tensor]:
    made = network(*given)
    return [part for part in made if part is not None] if isinstance(made, tuple) else [made]
