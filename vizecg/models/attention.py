"""Attention between (CMAM) and within (SMAM) modalities, equations 3 and 4 of arXiv 2408.02888.

The paper gives one attention step per module; the residual connection, the normalisation and the number of heads
are ours. Written as batched 3-D products, which mobile runtimes compute; ``fold`` takes what is left beside them, the
scale and the gains of the normalisations, into the weights of a copy that is to be deployed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ModalAttention(nn.Module):
    """``x + Attention(query=x, key=value=context)``, pre-normalised.

    Args:
        width: channels of tokens and context.
        heads: attention heads; must divide ``width``.

    Attributes:
        scale: factor of the products of queries and keys; 1 once it is part of the query's weights.
        folded: whether ``fold`` was called.

    Shapes: x (B, N, width), context (B, M, width) -> (B, N, width).
    """

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.folded = False
        self.norm_x = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        # The module starts as the identity: attention is learned on top of working features.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @torch.no_grad()
    def fold(self) -> None:
        """Move the scale and the normalisations' gains and offsets into the projections behind them, in place.

        The function stays the same up to rounding, but for one multiplication less; and as both normalisations are
        then the same, attention of tokens to themselves normalises once.
        """
        behind = ((self.norm_x, self.query), (self.norm_context, self.key), (self.norm_context, self.value))
        for norm, linear in behind:
            linear.bias.add_(linear.weight @ norm.bias)
            linear.weight.mul_(norm.weight)
        for norm in (self.norm_x, self.norm_context):
            norm.weight.fill_(1)
            norm.bias.zero_()
        self.query.weight.mul_(self.scale)
        self.query.bias.mul_(self.scale)
        self.scale = 1.0
        self.folded = True

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, width) -> (B * heads, N, width / heads)"""
        batch, tokens, width = x.shape
        heads = x.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
        return heads.reshape(batch * self.heads, tokens, width // self.heads)

    def attend(self, x: Tensor, context: Tensor) -> Tensor:
        """The attention alone, without the residual."""
        batch, tokens, width = x.shape
        normed = self.norm_x(x)
        normed_context = normed if self.folded and context is x else self.norm_context(context)
        query = self._split(self.query(normed))
        key, value = self._split(self.key(normed_context)), self._split(self.value(normed_context))
        # `bmm` and not `@`, which exports with copies around it that cut XNNPACK's part of the graph.
        scores = torch.bmm(query, key.transpose(1, 2))
        if self.scale != 1:
            scores = scores * self.scale
        mixed = torch.bmm(scores.softmax(dim=-1), value)
        mixed = mixed.reshape(batch, self.heads, tokens, width // self.heads).transpose(1, 2)
        return self.out(mixed.reshape(batch, tokens, width))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return x + self.attend(x, context)
