"""1D RANet (Liu et al., Computing in Cardiology 2021): residual blocks with channel attention.

Its publication names a deep one-dimensional CNN with residual and attention mechanisms. The sizes here are ours:
kernels about as long as a QRS complex, and squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507) as attention.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vizecg.spec import CODE6, LEADS

BLOCKS_PER_STAGE = 2


class ChannelAttention(nn.Module):
    """Weighs each channel by a number in (0, 1) that follows from all channels' means.

    Shapes: (B, channels, T) -> the same.
    """

    def __init__(self, *, channels: int, reduction: int) -> None:
        super().__init__()
        narrow = max(1, channels // reduction)
        self.squeeze = nn.Linear(channels, narrow)
        self.excite = nn.Linear(narrow, channels)

    def forward(self, x: Tensor) -> Tensor:
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean(dim=2)))))
        return x * gates.unsqueeze(2)


class AttentiveBlock(nn.Module):
    """Two long convolutions, channel attention, and a shortcut.

    Shapes: (B, inputs, T) -> (B, outputs, T / stride), rounded up.
    """

    def __init__(self, *, inputs: int, outputs: int, kernel: int, stride: int, reduction: int, dropout: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(outputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            ChannelAttention(channels=outputs, reduction=reduction),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv1d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm1d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.branch(x) + self.shortcut(x))


class RANet(nn.Module):
    """A strided stem, four stages of two attentive blocks, the mean over time, a linear classifier.

    Args:
        widths: channels of the stages; every stage but the first halves the length.
        kernel: length of the blocks' convolutions, odd.
        stem_kernel: length of the first convolution, odd.
        reduction: how much narrower the inside of the channel attention is.
        dropout: inside the blocks.
        labels: how many logits it gives.

    Shapes: (B, 12, T) millivolts -> logits (B, labels), any T of at least 32.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int] = (48, 96, 144, 192),
        kernel: int = 15,
        stem_kernel: int = 15,
        reduction: int = 16,
        dropout: float = 0.2,
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if kernel % 2 == 0 or stem_kernel % 2 == 0:
            raise ValueError(f"kernels must be odd, not {kernel} and {stem_kernel}")
        layers: list[nn.Module] = [
            nn.Conv1d(len(LEADS), widths[0], stem_kernel, stride=2, padding=stem_kernel // 2, bias=False),
            nn.BatchNorm1d(widths[0]),
            nn.ReLU(),
            nn.MaxPool1d(3, stride=2, padding=1),
        ]
        channels = widths[0]
        for stage, width in enumerate(widths):
            for block in range(BLOCKS_PER_STAGE):
                layers.append(
                    AttentiveBlock(
                        inputs=channels,
                        outputs=width,
                        kernel=kernel,
                        reduction=reduction,
                        dropout=dropout,
                        stride=2 if stage > 0 and block == 0 else 1,
                    )
                )
                channels = width
        self.trunk = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, labels)

    def forward(self, signal: Tensor) -> Tensor:
        return self.classifier(self.trunk(signal).mean(dim=2))
