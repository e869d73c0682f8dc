"""ACNet (Ding et al. 2019, arXiv 1908.03930): asymmetric convolution blocks in a VGG-16.

A 3x3 convolution is trained together with a 1x3 and a 3x1 beside it, which strengthen the cross in the middle of its
kernel. On a signal with one axis the three would be one and the same, so the twelve leads are read as the rows of a
one-channel image: an asymmetric kernel then looks along time or across neighbouring leads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vizecg.spec import CODE6, LEADS

KERNELS = ((3, 3), (1, 3), (3, 1))
VGG16_WIDTHS = (64, 128, 256, 512, 512)
VGG16_CONVOLUTIONS = (2, 2, 3, 3, 3)
# Cells of the 7x7 map that VGG's first fully connected layer reads; here they follow each other in time.
VGG_CELLS = 49


class AsymmetricBlock(nn.Module):
    """Sum of a 3x3, a 1x3 and a 3x1 convolution, each with its own normalisation, then a ReLU.

    Shapes: (B, inputs, L, T) -> (B, outputs, L, T).
    """

    def __init__(self, *, inputs: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, outputs, (rows, columns), padding=(rows // 2, columns // 2), bias=False),
                nn.BatchNorm2d(outputs),
            )
            for rows, columns in KERNELS
        )
        for branch in self.branches:
            nn.init.kaiming_normal_(branch.get_parameter("0.weight"), mode="fan_out", nonlinearity="relu")
            # Three branches are added: together they start with the variance of one.
            nn.init.constant_(branch.get_parameter("1.weight"), len(KERNELS) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        square, along, across = (branch(x) for branch in self.branches)
        return torch.relu(square + along + across)


class ACNet(nn.Module):
    """VGG-16 of asymmetric blocks over the leads x time image.

    Args:
        widths: channels of each stage; time is halved after each, leads while there is more than one row.
        convolutions: blocks of each stage.
        cells: parts of the time axis that the fully connected layers read.
        hidden: width of the two fully connected layers.
        dropout: after each of them.
        labels: how many logits it gives.

    Shapes: (B, 12, T) millivolts -> logits (B, labels), any T of at least 32.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int] = VGG16_WIDTHS,
        convolutions: Sequence[int] = VGG16_CONVOLUTIONS,
        cells: int = VGG_CELLS,
        hidden: int = 4096,
        dropout: float = 0.5,
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if len(widths) != len(convolutions):
            raise ValueError(f"{len(widths)} stages have widths, and {len(convolutions)} have convolutions")
        layers: list[nn.Module] = []
        channels, rows = 1, len(LEADS)
        for width, count in zip(widths, convolutions, strict=True):
            for _ in range(count):
                layers.append(AsymmetricBlock(inputs=channels, outputs=width))
                channels = width
            shrink = 2 if rows > 1 else 1
            layers.append(nn.MaxPool2d((shrink, 2), ceil_mode=True))
            rows = -(-rows // shrink)
        self.trunk = nn.Sequential(*layers)
        self.cells = nn.AdaptiveAvgPool2d((1, cells))
        self.head = nn.Sequential(
            nn.Linear(channels * cells, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, labels),
        )  # fmt: skip

    def forward(self, signal: Tensor) -> Tensor:
        return self.head(self.cells(self.trunk(signal.unsqueeze(1))).flatten(1))
