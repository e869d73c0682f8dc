"""ResNet18 trunks in one and two dimensions (He et al. 2016), of any width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d}
_NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
_POOL: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}

RESNET18_WIDTHS = (64, 128, 256, 512)
BLOCKS_PER_STAGE = 2
TOTAL_STRIDE = 32


class BasicBlock(nn.Module):
    """Two 3-wide convolutions and a shortcut."""

    def __init__(self, *, dims: int, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        conv, norm = _CONV[dims], _NORM[dims]
        self.conv1 = conv(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = conv(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = norm(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride=stride, bias=False), norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNetTrunk(nn.Module):
    """ResNet18 up to its last feature map.

    Args:
        dims: 1 for signals, 2 for images.
        inputs: input channels.
        widths: channels of the four stages; ``RESNET18_WIDTHS`` is the original.
        time_stride: of the first convolution along the last axis, 1 or 2; 2 is the original.

    Shapes: (B, inputs, T) -> (B, widths[3], T / S), or (B, inputs, H, W) -> (B, widths[3], H / 32, W / S), each rounded
    up, where S is 16 times ``time_stride``.
    """

    def __init__(
        self, *, dims: int, inputs: int, widths: tuple[int, int, int, int] = RESNET18_WIDTHS, time_stride: int = 2
    ) -> None:
        super().__init__()
        strides = (*[2] * (dims - 1), time_stride)
        self.stem = nn.Sequential(
            _CONV[dims](inputs, widths[0], 7, stride=strides, padding=3, bias=False),
            _NORM[dims](widths[0]),
            nn.ReLU(),
            _POOL[dims](3, stride=2, padding=1),
        )
        stages = []
        channels = widths[0]
        for stage, width in enumerate(widths):
            for block in range(BLOCKS_PER_STAGE):
                stride = 2 if stage > 0 and block == 0 else 1
                stages.append(BasicBlock(dims=dims, inputs=channels, outputs=width, stride=stride))
                channels = width
        self.stages = nn.Sequential(*stages)
        self.outputs = channels
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))
