"""From signal and picture to tokens."""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor, nn

from vizecg.models.resnet import RESNET18_BLOCKS, Five, Four, ResNetTrunk, TrunkAxis
from vizecg.spec import LEADS


class ImageEncoder(nn.Module):
    """(B, 1, H, W) -> tokens (B, rows * columns, outputs), with learned row and column positions.

    Args:
        height, width: of the pictures.
        widths, blocks: of the trunk's four stages.
        down, across: what the trunk does along the sheet's height and along its time.
        fold: the stage behind which the rows of the trunk's map become channels, 0 for none.
        traces: how many are read there, 0 for none.
        token_pool: rows and columns of the trunk's last map that become one token, by their mean.
        outputs: channels of the tokens.

    Raises:
        ValueError: the last map cannot be pooled without a rest.
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        widths: Four,
        outputs: int,
        blocks: Four = RESNET18_BLOCKS,
        down: TrunkAxis = TrunkAxis(),  # noqa: B008, which is frozen
        across: TrunkAxis = TrunkAxis(),  # noqa: B008
        fold: int = 0,
        traces: int = 0,
        token_pool: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(
            dims=2, inputs=1, widths=widths, blocks=blocks, axes=(down, across), fold=fold, traces=traces,
            size=(height, width),
        )  # fmt: skip
        cells = self.trunk.cells()
        if any(have % pool for have, pool in zip(cells, token_pool, strict=True)):
            raise ValueError(f"token_pool {list(token_pool)} does not divide a map of {cells[0]} x {cells[1]}")
        pools = max(token_pool) > 1
        self.pool: nn.Module = nn.AvgPool2d(token_pool) if pools else nn.Identity()
        self.project = nn.Conv2d(self.trunk.outputs, outputs, 1)
        rows, columns = (have // pool for have, pool in zip(cells, token_pool, strict=True))
        self.row_position = nn.Parameter(torch.zeros(1, outputs, rows, 1))
        self.column_position = nn.Parameter(torch.zeros(1, outputs, 1, columns))

    def forward(self, image: Tensor) -> Tensor:
        return self.tokens(self.trunk(image))

    def with_features(self, image: Tensor, stage: int) -> tuple[Tensor, Tensor]:
        """The tokens, and the map after a stage of the trunk (``ResNetTrunk.features``)."""
        features, last = self.trunk.features(image, stage)
        return self.tokens(last), features

    def from_traces(self, truth: Tensor) -> Tensor:
        """The tokens of true traces in place of an image (``ResNetTrunk.from_traces``)."""
        return self.tokens(self.trunk.from_traces(truth))

    def tokens(self, last: Tensor) -> Tensor:
        """Of the trunk's last map."""
        features = self.project(self.pool(last)) + self.row_position + self.column_position
        return features.flatten(2).transpose(1, 2)


class LeadMixing(str, Enum):
    """How twelve leads become one sequence.

    ``shared`` is the paper's equation 1: one extractor for every lead, and the mean over the leads. ``joint`` gives one
    extractor all leads as channels, at a twelfth of the cost.
    """

    SHARED = "shared"
    JOINT = "joint"


class JointLeads(nn.Module):
    """(B, 12, T) -> tokens (B, T / S, outputs): one extractor that sees all leads at once."""

    def __init__(self, *, widths: Four, outputs: int, strides: Five = TrunkAxis.strides) -> None:
        super().__init__()
        axis = TrunkAxis(strides=strides)
        self.trunk = ResNetTrunk(dims=1, inputs=len(LEADS), widths=widths, axes=[axis])
        self.project = nn.Conv1d(self.trunk.outputs, outputs, 1)

    def forward(self, signal: Tensor) -> Tensor:
        return self.project(self.trunk(signal)).transpose(1, 2)


class SharedLeads(nn.Module):
    """(B, 12, T) -> tokens (B, T / S, outputs): one extractor for every lead, the mean over the leads (equation 1)."""

    def __init__(self, *, widths: Four, outputs: int, strides: Five = TrunkAxis.strides) -> None:
        super().__init__()
        axis = TrunkAxis(strides=strides)
        self.trunk = ResNetTrunk(dims=1, inputs=1, widths=widths, axes=[axis])
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
