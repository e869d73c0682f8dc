"""How large a network is, and how much it computes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def parameters(module: nn.Module) -> int:
    """Trainable numbers; running statistics of normalisations are not among them."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def macs(module: nn.Module, *inputs: Tensor) -> int:
    """Multiply-accumulates of the convolutions and matrix products of one forward pass in evaluation mode.

    Pass a batch of one for the figure of one sample. Normalisations, activations and pooling do not count.
    """
    was_training = module.training
    fastpath = torch.backends.mha.get_fastpath_enabled()
    counter = FlopCounterMode(display=False)
    module.eval()
    # The fused kernels of attention hide their matrix products from the counter.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            module(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
        module.train(was_training)
    return counter.get_total_flops() // 2
