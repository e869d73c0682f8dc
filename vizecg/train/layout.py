"""In which memory layout a network is trained, so that its gradients are right on every processor.

Channels-last is the faster one. On x86, oneDNN (3.12, of torch 2.13) computes the weights' gradient of a convolution of
1x1 with a stride by kernels that first gather the pixels they need. In channels-last memory they space these by the
channels that a vector holds, 16 with AVX-512 and 8 with AVX2, and not by those that there are: with fewer channels they
write beyond the buffer. It hangs, crashes, gives wrong gradients, or damages memory and nobody sees it (issue 6035 of
uxlfoundation/oneDNN; ``python -m vizecg_lab conv-layouts`` shows it). The ordinary layout is not concerned.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import torch
from torch import nn

from vizecg.spec.processor import Processor, read_processor


def endangered(network: nn.Module, processor: Processor) -> list[str]:
    """Names of the convolutions whose gradients must not be computed in channels-last memory on this processor."""
    return [
        f"{name} ({module.in_channels} channels)"
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        and set(module.kernel_size) == {1}
        and max(module.stride) > 1
        # Those of several groups have other kernels.
        and module.groups == 1
        and module.in_channels < processor.vector_channels
    ]


def training_layout(
    network: nn.Module,
    *,
    wanted: bool,
    device: torch.device,
    processor: Processor | None = None,
    tell: bool = True,
) -> torch.memory_format:
    """The layout for a network's pictures; the weights of its convolutions are brought into it.

    Args:
        network: on whatever device.
        wanted: whether channels-last was asked for.
        device: that computes. GPUs have kernels of their own.
        processor: default, this one as oneDNN sees it.
        tell: say on standard error if it is not what was asked for.
    """
    if not wanted:
        return torch.contiguous_format
    slow = endangered(network, processor or onednn_processor()) if device.type == "cpu" else []
    if slow:
        if tell:
            print(
                f"channels_last is left out: on this processor oneDNN would damage memory in the gradients of"
                f" {slow[0]}{f' and {len(slow) - 1} more' if slow[1:] else ''}",
                file=sys.stderr,
            )
        return torch.contiguous_format
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return torch.channels_last


def compiler_options(network: nn.Module, *, device: torch.device) -> dict[str, Any]:
    """Of ``torch.compile``, which on CPUs has every convolution in channels-last, whatever layout comes in."""
    unsafe = device.type == "cpu" and endangered(network, onednn_processor())
    return {"layout_optimization": False} if unsafe else {}


def onednn_processor() -> Processor:
    """This machine's processor, with the instructions that oneDNN may use."""
    return read_processor().limited(os.environ)
