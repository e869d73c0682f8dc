"""Where the traces lie in every column of the picture: learned beside the labels, and left out of what is deployed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vizecg.models.resnet import ResNetTrunk

_CHANNELS = 16
_UNIT_MM = 10.0
"""Heights are of about this size: a layer's first answers are between -1 and 1."""


class TraceHead(nn.Module):
    """A feature map of an image trunk -> heights (B, rows, width) of the traces, mm; see ``vizecg.data.trace_truth``.

    Each column of features tells the heights in all columns of pixels that it stands for.

    Args:
        trunk: gives the map.
        stage: after which of its four stages, from 1.
        height, width: of the picture.
        rows: of traces.
    """

    def __init__(self, *, trunk: ResNetTrunk, stage: int, height: int, width: int, rows: int) -> None:
        super().__init__()
        down, across = trunk.axes
        self.rows, self.width = rows, width
        self.stride = across.stride_of(stage)
        self.reduce = nn.Conv2d(trunk.widths[stage - 1], _CHANNELS, 1)
        self.read = nn.Conv1d(_CHANNELS * down.cells(height, stage), rows * self.stride, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, rows, width)"""
        columns = torch.relu(self.reduce(features)).flatten(1, 2)
        heights = self.read(columns).unflatten(1, (self.rows, self.stride))
        return heights.transpose(2, 3).flatten(2)[..., : self.width] * _UNIT_MM
