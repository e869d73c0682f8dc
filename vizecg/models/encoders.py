"""From signal and picture to tokens."""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor, nn

from vizecg.models.resnet import TOTAL_STRIDE, ResNetTrunk
from vizecg.spec import LEADS

Widths = tuple[int, int, int, int]


class ImageEncoder(nn.Module):
    """(B, 1, H, W) -> tokens (B, H / 32 * W / S, outputs), with learned row and column positions; S is 16 times
    ``time_stride``."""

    def __init__(self, *, height: int, width: int, widths: Widths, outputs: int, time_stride: int = 2) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=2, inputs=1, widths=widths, time_stride=time_stride)
        self.project = nn.Conv2d(self.trunk.outputs, outputs, 1)
        rows, columns = -(-height // TOTAL_STRIDE), -(-width // (TOTAL_STRIDE // 2 * time_stride))
        self.row_position = nn.Parameter(torch.zeros(1, outputs, rows, 1))
        self.column_position = nn.Parameter(torch.zeros(1, outputs, 1, columns))

    def forward(self, image: Tensor) -> Tensor:
        features = self.project(self.trunk(image)) + self.row_position + self.column_position
        return features.flatten(2).transpose(1, 2)


class LeadMixing(str, Enum):
    """How twelve leads become one sequence.

    ``shared`` is the paper's equation 1: one extractor for every lead, and the mean over the leads. ``joint`` gives one
    extractor all leads as channels, at a twelfth of the cost.
    """

    SHARED = "shared"
    JOINT = "joint"


class JointLeads(nn.Module):
    """(B, 12, T) -> tokens (B, T / 32, outputs): one extractor that sees all leads at once."""

    def __init__(self, *, widths: Widths, outputs: int) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=1, inputs=len(LEADS), widths=widths)
        self.project = nn.Conv1d(self.trunk.outputs, outputs, 1)

    def forward(self, signal: Tensor) -> Tensor:
        return self.project(self.trunk(signal)).transpose(1, 2)


class SharedLeads(nn.Module):
    """(B, 12, T) -> tokens (B, T / 32, outputs): one extractor for every lead, the mean over the leads (equation 1)."""

    def __init__(self, *, widths: Widths, outputs: int) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(dims=1, inputs=1, widths=widths)
        self.lead_gain = nn.Parameter(torch.zeros(len(LEADS), self.trunk.outputs, 1))
        self.project = nn.Conv1d(self.trunk.outputs, outputs, 1)

    def forward(self, signal: Tensor) -> Tensor:
        batch, leads, samples = signal.shape
        features = self.trunk(signal.reshape(batch * leads, 1, samples))
        features = features.reshape(batch, leads, *features.shape[1:])
        # A mean forgets which lead said what; the learned gain keeps bundle branch patterns of V1 and V6 apart.
        merged = (features * (1 + self.lead_gain)).mean(dim=1)
        return self.project(merged).transpose(1, 2)


SIGNAL_ENCODERS = {LeadMixing.SHARED: SharedLeads, LeadMixing.JOINT: JointLeads}
