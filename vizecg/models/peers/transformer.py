"""A Transformer encoder (Vaswani et al. 2017, arXiv 1706.03762) over patches of the signal.

The original reads words; here a word is a patch of consecutive samples of all leads. Its sinusoidal positions are
kept, since they serve signals of any length. Normalising in front of each step instead of after it is ours: the
original's order does not train without a warm-up of the learning rate.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vizecg.spec import CODE6, LEADS

LONGEST_WAVE = 10_000.0


def positions(count: int, width: int) -> Tensor:
    """Sines and cosines of geometrically spaced wavelengths, (count, width)."""
    steps = torch.arange(count, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(LONGEST_WAVE) / width))
    table = torch.zeros(count, width)
    table[:, 0::2] = torch.sin(steps * rates)
    table[:, 1::2] = torch.cos(steps * rates)
    return table


class SignalTransformer(nn.Module):
    """Patches -> encoder layers -> mean over the patches -> linear classifier.

    Args:
        patch: samples of one patch; samples behind the last whole patch are not read.
        width: channels of a token, an even number that ``heads`` divides.
        layers: encoder layers.
        heads: attention heads.
        feed_forward: hidden width of each layer's feed-forward step.
        dropout: as in the original, after each step and on the embedding.
        labels: how many logits it gives.

    Shapes: (B, 12, T) millivolts -> logits (B, labels), any T of at least ``patch``.
    """

    def __init__(
        self,
        *,
        patch: int = 16,
        width: int = 576,
        layers: int = 6,
        heads: int = 8,
        feed_forward: int = 2304,
        dropout: float = 0.1,
        labels: int = len(CODE6),
    ) -> None:
        super().__init__()
        if width % heads or width % 2:
            raise ValueError(f"a width of {width} is odd, or {heads} heads do not divide it")
        self.embed = nn.Conv1d(len(LEADS), width, patch, stride=patch)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            width, heads, feed_forward, dropout, activation="relu", batch_first=True, norm_first=True
        )
        # Nested tensors are for padded batches; there are none here.
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        # The layers are copies of one: without this they would all start with the same weights.
        for parameter in self.encoder.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.classifier = nn.Linear(width, labels)

    def forward(self, signal: Tensor) -> Tensor:
        tokens = self.embed(signal).transpose(1, 2)
        tokens = tokens + positions(tokens.shape[1], tokens.shape[2]).to(tokens)
        return self.classifier(self.encoder(self.dropout(tokens)).mean(dim=1))
