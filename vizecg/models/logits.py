"""The logits of a network in torch, of arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def torch_logits(
    network: Callable[[Tensor], Tensor], inputs: np.ndarray, *, device: torch.device | str = "cpu"
) -> np.ndarray:
    """float32 (n, 1, H, W) or (n, 12, T) -> logits (n, labels) of the float network, which lies on ``device``."""
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(inputs).to(device)).cpu().numpy())
