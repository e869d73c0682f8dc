"""XResNet in one dimension: a ResNet with the changes of He et al. 2019 (arXiv 1812.01187).

The stem of three convolutions, pooling before the shortcut's 1-wide convolution, and last normalisations that start
at zero are theirs; the head that joins mean and maximum over time is that of the PTB-XL benchmark (Strodthoff et al.
2021, arXiv 2004.13701).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vizecg.spec import CODE6, LEADS


def _unit(inputs: int, outputs: int, kernel: int, *, stride: int = 1, last: bool = False) -> nn.Sequential:
    """Convolution and normalisation; a ReLU too, unless it is the last of a branch."""
    conv = nn.Conv1d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
    layers: list[nn.Module] = [conv, nn.BatchNorm1d(outputs)]
    return nn.Sequential(*layers) if last else nn.Sequential(*layers, nn.ReLU())


class XBlock(nn.Module):
    """A residual block: a bottleneck where ``expansion`` > 1, else two convolutions.

    Shapes: (B, inputs, T) -> (B, width * expansion, T / stride), rounded up.
    """

    def __init__(self, *, inputs: int, width: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        outputs = width * expansion
        if expansion == 1:
            units = [_unit(inputs, width, kernel, stride=stride), _unit(width, outputs, kernel, last=True)]
        else:
            units = [
                _unit(inputs, width, 1), _unit(width, width, kernel, stride=stride), _unit(width, outputs, 1, last=True)
            ]  # fmt: skip
        self.branch = nn.Sequential(*units)
        # The block starts as its shortcut.
        nn.init.zeros_(units[-1].get_parameter("1.weight"))
        shortcut: list[nn.Module] = []
        if stride != 1:
            shortcut.append(nn.AvgPool1d(stride, ceil_mode=True))
        if inputs != outputs:
            shortcut.append(_unit(inputs, outputs, 1, last=True))
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.branch(x) + self.shortcut(x))


class XResNet1d(nn.Module):
    """XResNet1D-101 in its default sizes.

    Args:
        stem: channels of the three first convolutions.
        blocks: residual blocks of each stage; every stage but the first halves the length.
        widths: channels inside the blocks of each stage.
        expansion: channels between blocks, as a multiple of those inside.
        kernel: length of the convolutions that are not 1 wide.
        hidden: width of the classifier's hidden layer.
        dropout: before its last layer; half of it before the hidden one.
        labels: how many logits it gives.

    Shapes: (B, 12, T) millivolts -> logits (B, labels), any T of at least 32.
    """

    def __init__(
        self,
        *,
        stem: Sequence[int] = (32, 32, 64),
        blocks: Sequence[int] = (3, 4, 23, 3),
        widths: Sequence[int] = (64, 128, 256, 512),
        expansion: int = 4,
        kernel: int = 3,
        hidden: int = 128,
        dropout: float = 0.5,
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if len(blocks) != len(widths):
            raise ValueError(f"{len(blocks)} stages have blocks, and {len(widths)} have widths")
        channels = len(LEADS)
        layers: list[nn.Module] = []
        for index, width in enumerate(stem):
            layers.append(_unit(channels, width, kernel, stride=2 if index == 0 else 1))
            channels = width
        layers.append(nn.MaxPool1d(3, stride=2, padding=1))
        for stage, (count, width) in enumerate(zip(blocks, widths, strict=True)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(XBlock(inputs=channels, width=width, expansion=expansion, stride=stride, kernel=kernel))
                channels = width * expansion
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.BatchNorm1d(2 * channels), nn.Dropout(dropout / 2), nn.Linear(2 * channels, hidden), nn.ReLU(),
            nn.BatchNorm1d(hidden), nn.Dropout(dropout), nn.Linear(hidden, labels),
        )  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, signal: Tensor) -> Tensor:
        x = self.trunk(signal)
        return self.head(torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1))
