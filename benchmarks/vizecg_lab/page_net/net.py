"""The page network: ink of a flattened page -> lead names, their heights, and masks of traces, pulses and rules."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from vizecg_edge.printed.names import NAMES

FINE, COARSE, WIDE = 16, 48, 64
"""Channels at 2, 1 and 0.5 pixels a millimetre; multiples of 16, in which runtimes pack them."""
EMPTY = 6.0
"""Logit of no name before anything is learned: nearly all of a page is none."""
MASKS = 3
"""Trace, pulses, rules."""


class PageNet(nn.Module):
    """float32 (n, 2, h, w) ink in 0..1 at 4 px/mm, h and w multiples of 8 -> ``(names, height, masks)``.

    ``names``: logits (n, 1 + names, h / 4, w / 4), the first of no name; ``height``: (n, 1, h / 4, w / 4) logarithm of
    the letters' height in millimetres; ``masks``: logits (n, 3, h / 2, w / 2).
    """

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(*_conv(2, FINE, stride=2), *_separable(FINE, FINE))
        self.coarse = nn.Sequential(*_conv(FINE, COARSE, stride=2), Block(COARSE), Block(COARSE))
        self.wide = nn.Sequential(*_separable(COARSE, WIDE, stride=2), Block(WIDE), Block(WIDE))
        self.widened = nn.Conv2d(WIDE, COARSE, 1)
        self.joined = nn.Sequential(Block(COARSE), Block(COARSE))
        self.names = nn.Conv2d(COARSE, 2 + len(NAMES), 1)
        self.refined = nn.Conv2d(COARSE, FINE, 1)
        nn.init.constant_(self.names.bias[:1], EMPTY)  # type: ignore[index]
        self.pixels = nn.Sequential(_spread(FINE), nn.BatchNorm2d(FINE), nn.ReLU(), nn.Conv2d(FINE, MASKS, 1))

    def forward(self, ink: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        fine = self.fine(ink)
        coarse = self.coarse(fine)
        joined = self.joined(F.relu(coarse + _doubled(self.widened(self.wide(coarse)))))
        names = self.names(joined)
        masks = self.pixels(F.relu(fine + _doubled(self.refined(joined))))
        return names[:, :-1], names[:, -1:], masks


class Block(nn.Module):
    """A separable convolution beside the identity; what runtimes run as two kernels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_spread(width), *_point(width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x) + x)


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _conv(given: int, made: int, *, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(given, made, 3, stride, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()


def _spread(width: int, *, stride: int = 1) -> nn.Conv2d:
    """Each channel's own 3 x 3."""
    return nn.Conv2d(width, width, 3, stride, padding=1, groups=width, bias=False)


def _point(given: int, made: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(given, made, 1, bias=False), nn.BatchNorm2d(made)


def _separable(given: int, made: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    return _spread(given, stride=stride), *_point(given, made), nn.ReLU()
