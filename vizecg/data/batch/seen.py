"""What pictures see of their sources: ``pixels.warp`` as two kernels where steps are fused.

Convention: as in ``vizecg.data.batch.pixels``.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from vizecg.data.batch.fused import fused, is_fusing
from vizecg.data.batch.pixels import levels, take, warp
from vizecg.render.photo_plan import CELL


def see(source: Tensor, lattice: Tensor, size: tuple[int, int], border: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) -> uint8 (N, 3, height, width); the other arguments are those of ``pixels.warp``."""
    if not is_fusing():
        return warp(source.float(), lattice, size, border).to(torch.uint8)
    return _sampled(source, _places(lattice, size), border)


@fused
def _places(lattice: Tensor, size: tuple[int, int]) -> Tensor:
    """The source pixel (column, row) of every pixel: float32 (N, 2, height, width)."""
    for axis in (2, 3):
        # Node j lies at (j - 1) CELL + (CELL - 1) / 2; all of this is exact.
        halves = 2 * torch.arange(size[axis - 2], device=lattice.device) + CELL + 1
        node, last = (halves // (2 * CELL))[None], lattice.shape[axis] - 1
        share = (halves % (2 * CELL)).float() / (2 * CELL)
        share = share[:, None] if axis == 2 else share
        before, after = (take(lattice, axis, index.clamp(max=last)) for index in (node, node + 1))
        lattice = before * (1 - share) + after * share
    return lattice


@fused
def _sampled(source: Tensor, places: Tensor, border: Tensor) -> Tensor:
    """Bilinear, and ``border`` beyond the source's edges."""
    height, width = source.shape[2:]
    picture = torch.arange(len(source), device=source.device)[:, None, None, None]
    channel = torch.arange(source.shape[1], device=source.device)[:, None, None]
    colour = border[:, :, None, None]
    x, y = places[:, :1], places[:, 1:]
    left, top = x.floor(), y.floor()
    corners = []
    for down, vertical in ((0, 1 - (y - top)), (1, y - top)):
        for right, horizontal in ((0, 1 - (x - left)), (1, x - left)):
            row, column = top + down, left + right
            shown = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            at = (row.clamp(0, height - 1).long(), column.clamp(0, width - 1).long())
            # On a scale where the border's colour is zero.
            corners.append((source[(picture, channel, *at)].float() - colour) * (shown * vertical * horizontal))
    return levels(functools.reduce(torch.add, corners) + colour).to(torch.uint8)
