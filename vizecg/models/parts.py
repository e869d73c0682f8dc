"""What of a network gives the labels, and what comes before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from vizecg.models.systems import build_system
from vizecg.models.vizecgnet import Head
from vizecg.spec import CODE6, UsageError


def label_rows(architecture: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tensors that have one row for each label: those whose first size grows with their number.

    Empty for a network that knows one number of labels only.
    """
    n = len(CODE6)
    try:
        with torch.device("meta"):
            few, more = (build_system(architecture, options, labels=labels).state_dict() for labels in (n, n + 1))
    except UsageError:
        return frozenset()
    return frozenset(
        name for name, value in few.items() if value.ndim and value.shape != more[name].shape and value.shape[0] == n
    )


def heads(network: nn.Module, rows: frozenset[str]) -> list[nn.Module]:
    """The modules that turn what a network has seen into labels: VizECGNet's ``Head``s, of another network the layers
    that hold ``rows``."""
    found: list[nn.Module] = [module for module in network.modules() if isinstance(module, Head)]
    if found:
        return found
    holders = {name.rpartition(".")[0] for name in rows}
    return [module for name, module in network.named_modules() if name in holders]
