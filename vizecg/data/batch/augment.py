"""Changes of many ink maps on a device: the twin of ``vizecg.data.augment.change_ink``, level for level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vizecg.data.augment import FRACTION, MAX_PATCHES, InkChange
from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic


@dataclass(frozen=True, kw_only=True)
class InkChanges(TensorBatch):
    """Of B ink maps: ``moves`` float64 (B, most of one, 10) in the order of ``CellMove``, ``thick`` bool (B, 2), or (0,
    2) where no stroke is, ``empty`` int64 (B, most of one, 4), ``shift`` int64 (B, 2), ``table`` uint8 (B, 256),
    ``patches`` int64 (B, MAX_PATCHES, 5); those that a map lacks have no height."""

    moves: Tensor
    thick: Tensor
    empty: Tensor
    shift: Tensor
    table: Tensor
    patches: Tensor


def pack_changes(changes: Sequence[InkChange]) -> InkChanges:
    """Changes as tensors in this process's memory."""
    patches = np.zeros((len(changes), MAX_PATCHES, 5), np.int64)
    for row, change in zip(patches, changes, strict=True):
        row[: len(change.patches)] = np.reshape(change.patches, (-1, 5))
    empty = np.zeros((len(changes), max(len(change.empty) for change in changes), 4), np.int64)
    for row, change in zip(empty, changes, strict=True):
        row[: len(change.empty)] = np.reshape(change.empty, (-1, 4))
    moves = np.zeros((len(changes), max(len(change.moves) for change in changes), 10))
    moves[..., 8:] = 1
    for place, change in enumerate(changes):
        for at, move in enumerate(change.moves):
            moves[place, at] = [*move.rectangle, *move.middle, *move.shift, *move.scale]
    thick = any(any(change.thick) for change in changes)
    return InkChanges(
        moves=torch.from_numpy(moves),
        thick=torch.tensor([change.thick for change in changes] if thick else []).reshape(-1, 2),
        empty=torch.from_numpy(empty),
        shift=torch.tensor([change.shift for change in changes], dtype=torch.int64),
        table=torch.from_numpy(np.stack([change.table for change in changes])),
        patches=torch.from_numpy(patches),
    )


@plain_arithmetic
def change_inks(inks: Tensor, changes: InkChanges) -> Tensor:
    """uint8 (B, H, W) -> uint8 (B, H, W), on the device of both."""
    height, width = inks.shape[1:]
    y, x = (torch.arange(length, device=inks.device) for length in (height, width))
    if changes.moves.shape[1]:
        inks = _moved(inks, changes.moves, y, x)
    inks = _emptied(inks, changes, y, x)
    rows, columns = (axis - changes.shift[:, i, None] for i, axis in ((0, y), (1, x)))
    moved = inks.gather(1, rows.clamp(0, height - 1)[:, :, None].expand(-1, -1, width))
    moved = moved.gather(2, columns.clamp(0, width - 1)[:, None].expand(-1, height, -1))
    shown = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    moved *= shown
    moved = changes.table.gather(1, moved.flatten(1).long()).view_as(inks)
    for patch in changes.patches.unbind(1):
        moved = torch.where(_covered(patch, y, x), patch[:, 4, None, None].to(torch.uint8), moved)
    return moved


def _moved(inks: Tensor, moves: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """``vizecg.data.augment``'s, for all cells at once: each pixel's source first, in parts of a pixel."""
    down = (y * FRACTION)[:, None].expand(inks.shape).int()
    right = (x * FRACTION)[None].expand(inks.shape).int()
    for move in moves.unbind(1):
        covered = _covered(move, y, x)
        down = torch.where(covered, _sources(y, *move[:, 4::2].unbind(1))[:, :, None], down)
        right = torch.where(covered, _sources(x, *move[:, 5::2].unbind(1))[:, None], right)
    height, width = inks.shape[1:]
    (top, part_down), (left, part_right) = ((fixed // FRACTION, fixed % FRACTION) for fixed in (down, right))
    bottom, beside = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    flat = inks.flatten(1)

    def mixed(lines: Tensor) -> Tensor:
        near, far = (flat.gather(1, (lines.long() * width + at).flatten(1)).int() for at in (left, beside))
        return near * (FRACTION - part_right.flatten(1)) + far * part_right.flatten(1)

    part = part_down.flatten(1)
    both = mixed(top) * (FRACTION - part) + mixed(bottom) * part
    return ((both + FRACTION**2 // 2) // FRACTION**2).to(torch.uint8).view_as(inks)


def _sources(line: Tensor, middle: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """int32 (B, n) of ``line`` int64 (n,)."""
    middle, shift, scale = middle[:, None], shift[:, None], scale[:, None]
    at = middle + (line.double() - middle - shift) / scale
    return (at.clamp(0, len(line) - 1) * FRACTION + 0.5).floor().int()


def _emptied(inks: Tensor, changes: InkChanges, y: Tensor, x: Tensor) -> Tensor:
    if len(changes.thick):
        for axis, line in ((1, y), (2, x)):
            beside = torch.maximum(inks, inks.index_select(axis, (line - 1).clamp(min=0)))
            inks = torch.where(changes.thick[:, axis - 1, None, None], beside, inks)
    for rectangle in changes.empty.unbind(1):
        inks = inks.masked_fill(_covered(rectangle, y, x), 0)
    return inks


def _covered(rectangle: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """bool (B, H, W) of (B, 4 or more), which begin with top, left, height and width."""
    top, left, high, wide = (side[:, None] for side in rectangle.unbind(1)[:4])
    return ((y >= top) & (y < top + high))[:, :, None] & ((x >= left) & (x < left + wide))[:, None]
