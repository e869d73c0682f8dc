"""InceptionTime (Fawaz et al. 2020, arXiv 1909.04939): one network of the original's ensemble of five."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vizecg.spec import CODE6, LEADS

BRANCHES_BESIDE_KERNELS = 1
MODULES_PER_SHORTCUT = 3


def _same(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """A convolution that keeps the length; even kernels get their odd padding sample on the right."""
    return nn.Sequential(
        nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0), nn.Conv1d(inputs, outputs, kernel, bias=False)
    )


class InceptionModule(nn.Module):
    """Kernels of several lengths side by side on a narrowed input, and a max-pool branch on the input itself.

    Shapes: (B, inputs, T) -> (B, filters * (len(kernels) + 1), T).
    """

    def __init__(self, *, inputs: int, filters: int, bottleneck: int, kernels: Sequence[int]) -> None:
        super().__init__()
        self.bottleneck = nn.Conv1d(inputs, bottleneck, 1, bias=False)
        self.branches = nn.ModuleList(_same(bottleneck, filters, kernel) for kernel in kernels)
        self.pooled = nn.Sequential(nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(inputs, filters, 1, bias=False))
        self.norm = nn.BatchNorm1d(filters * (len(kernels) + BRANCHES_BESIDE_KERNELS))

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        branches = [branch(narrow) for branch in self.branches]
        return torch.relu(self.norm(torch.cat([*branches, self.pooled(x)], dim=1)))


class InceptionTime(nn.Module):
    """Inception modules with a linear shortcut over every third, the mean over time, a linear classifier.

    Args:
        depth: number of modules, a multiple of three.
        filters: channels of each branch.
        bottleneck: channels in front of the long kernels.
        kernels: their lengths in samples.
        labels: how many logits it gives.

    Shapes: (B, 12, T) millivolts -> logits (B, labels), any T.
    """

    def __init__(
        self,
        *,
        depth: int = 6,
        filters: int = 32,
        bottleneck: int = 32,
        kernels: Sequence[int] = (10, 20, 40),
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if depth < MODULES_PER_SHORTCUT or depth % MODULES_PER_SHORTCUT:
            raise ValueError(f"depth must be a multiple of {MODULES_PER_SHORTCUT}, not {depth}")
        width = filters * (len(kernels) + BRANCHES_BESIDE_KERNELS)
        self.groups = nn.ModuleList()
        self.shortcuts = nn.ModuleList()
        channels = len(LEADS)
        for _ in range(depth // MODULES_PER_SHORTCUT):
            inputs = [channels] + [width] * (MODULES_PER_SHORTCUT - 1)
            self.groups.append(
                nn.Sequential(
                    *(
                        InceptionModule(inputs=count, filters=filters, bottleneck=bottleneck, kernels=kernels)
                        for count in inputs
                    )
                )
            )
            self.shortcuts.append(nn.Sequential(nn.Conv1d(channels, width, 1, bias=False), nn.BatchNorm1d(width)))
            channels = width
        self.classifier = nn.Linear(width, labels)

    def forward(self, signal: Tensor) -> Tensor:
        x = signal
        for group, shortcut in zip(self.groups, self.shortcuts, strict=True):
            x = torch.relu(group(x) + shortcut(x))
        return self.classifier(x.mean(dim=2))
