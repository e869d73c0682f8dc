"""Attention between (CMAM) and within (SMAM) modalities, equations 3 and 4 of arXiv 2408.02888.

The paper gives one attention step per module; the residual connection, the normalisation and the number of heads
are ours. Written as batched 3-D products with the scale folded into the query weights at export.
"""

from __future__ import annotations

from torch import Tensor, nn


class ModalAttention(nn.Module):
    """``x + Attention(query=x, key=value=context)``, pre-normalised.

    Args:
        width: channels of tokens and context.
        heads: attention heads; must divide ``width``.

    Shapes: x (B, N, width), context (B, M, width) -> (B, N, width).
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads = heads
        self.norm_x = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        # The module starts as the identity: attention is learned on top of working features.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, width) -> (B * heads, N, width / heads)"""
        batch, tokens, width = x.shape
        heads = x.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
        return heads.reshape(batch * self.heads, tokens, width // self.heads)

    def attend(self, x: Tensor, context: Tensor) -> Tensor:
        """The attention alone, without the residual."""
        batch, tokens, width = x.shape
        normed = self.norm_context(context)
        query = self._split(self.query(self.norm_x(x)))
        key, value = self._split(self.key(normed)), self._split(self.value(normed))
        weights = (query @ key.transpose(1, 2)) * (width // self.heads) ** -0.5
        mixed = weights.softmax(dim=-1) @ value
        mixed = mixed.reshape(batch, self.heads, tokens, width // self.heads).transpose(1, 2)
        return self.out(mixed.reshape(batch, tokens, width))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return x + self.attend(x, context)
