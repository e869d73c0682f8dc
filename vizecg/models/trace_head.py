"""Where the traces lie in every column of the picture: learned beside the labels, and left out of what is deployed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vizecg.models.resnet import ResNetTrunk
from vizecg.models.trace_fold import UNIT_MM, across_pixels

_CHANNELS = 16


class TraceHead(nn.Module):
    """A feature map of an image trunk -> heights (B, rows, width) of the traces, mm; see ``vizecg.data.trace_truth``.

    Each column of features tells the heights in all columns of pixels that it stands for.

    Args:
        trunk: gives the map; knows the size of the pictures.
        stage: after which of its four stages, from 1.
        rows: of traces.
    """

    def __init__(self, *, trunk: ResNetTrunk, stage: int, rows: int) -> None:
        super().__init__()
        assert trunk.size is not None
        self.rows, self.width = rows, trunk.size[1]
        self.stride = trunk.strides(stage)[1]
        self.reduce = nn.Conv2d(trunk.widths[stage - 1], _CHANNELS, 1)
        self.read = nn.Conv1d(_CHANNELS * trunk.cells(stage)[0], rows * self.stride, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, rows, width)"""
        columns = torch.relu(self.reduce(features)).flatten(1, 2)
        return across_pixels(self.read(columns), rows=self.rows, width=self.width) * UNIT_MM
