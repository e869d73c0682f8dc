"""Gradients of the recipes and the peers in the layout that training takes, and in the ordinary one.

``python layout_gradients.py`` prints one object: network -> which convolutions are endangered, the layout, and the
error of both. A fault ends this process alone, and ONEDNN_MAX_CPU_ISA may keep it from instructions.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from vizecg.models.peers import PEERS
from vizecg.models.systems import VIZECGNET, as_system, build_system
from vizecg.train.layout import endangered, onednn_processor, training_layout
from vizecg.train.recipes import RECIPES

HEIGHT, WIDTH, BATCH, SAMPLES = 64, 96, 4, 512


def networks() -> Iterator[tuple[str, nn.Module]]:
    """Name, and network in training mode without dropout: of true widths, for small pictures."""
    for recipe, build in RECIPES.items():
        options = {**build().model, "input_height": HEIGHT, "input_width": WIDTH}
        yield f"{VIZECGNET} {recipe}", _made(VIZECGNET, options)
    for name, entry in PEERS.items():
        for size, options in (("small", entry.small_options), ("paper", entry.paper_options)):
            yield f"{name} {size}", _made(name, options)


def _made(architecture: str, options: dict[str, Any]) -> nn.Module:
    torch.manual_seed(0)
    network = build_system(architecture, options)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def gradients(network: nn.Module, *, dtype: torch.dtype, layout: torch.memory_format) -> Tensor:
    """Of all weights, one after the other, as float64."""
    generator = torch.Generator().manual_seed(1)
    signal = torch.randn(BATCH, 12, SAMPLES, generator=generator).to(dtype)
    image = torch.randn(BATCH, 1, HEIGHT, WIDTH, generator=generator).to(dtype).contiguous(memory_format=layout)
    system = as_system(network.to(dtype))
    cross = torch.tensor([True, False] * (BATCH // 2))
    logits = system(signal if system.modality.has_signal else None, image, cross=cross)
    torch.stack([part.square().mean() for part in logits if part is not None]).sum().backward()
    return torch.cat([weight.grad.double().flatten() for weight in network.parameters() if weight.grad is not None])


def compared(network: nn.Module) -> dict[str, Any]:
    """``endangered``; ``layout`` that is chosen; ``ordinary`` and ``chosen``: errors as shares of the true gradient.

    A network that sees signals alone is never in channels-last, and nothing is computed.
    """
    row: dict[str, Any] = {"endangered": endangered(network, onednn_processor())}
    if not as_system(network).modality.has_image:
        return {**row, "layout": "contiguous_format", "ordinary": 0.0, "chosen": 0.0}
    chosen, exact = copy.deepcopy(network), copy.deepcopy(network)
    layout = training_layout(chosen, wanted=True, device=torch.device("cpu"), tell=False)
    true = gradients(exact, dtype=torch.float64, layout=torch.contiguous_format)
    found = {
        "ordinary": gradients(network, dtype=torch.float32, layout=torch.contiguous_format),
        "chosen": gradients(chosen, dtype=torch.float32, layout=layout),
    }
    errors = {name: float((value - true).norm() / true.norm()) for name, value in found.items()}
    return {**row, "layout": str(layout).removeprefix("torch."), **errors}


if __name__ == "__main__":
    print(json.dumps({name: compared(network) for name, network in networks()}))
