"""Changes of many ink maps on a device: the twin of ``vizecg.data.augment.change_ink``, level for level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vizecg.data.augment import MAX_PATCHES, InkChange
from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic


@dataclass(frozen=True, kw_only=True)
class InkChanges(TensorBatch):
    """Of B ink maps: ``shift`` int64 (B, 2), ``table`` uint8 (B, 256), ``patches`` int64 (B, MAX_PATCHES, 5); those
    that a map lacks have no height."""

    shift: Tensor
    table: Tensor
    patches: Tensor


def pack_changes(changes: Sequence[InkChange]) -> InkChanges:
    """Changes as tensors in this process's memory."""
    patches = np.zeros((len(changes), MAX_PATCHES, 5), np.int64)
    for row, change in zip(patches, changes, strict=True):
        row[: len(change.patches)] = np.reshape(change.patches, (-1, 5))
    return InkChanges(
        shift=torch.tensor([change.shift for change in changes], dtype=torch.int64),
        table=torch.from_numpy(np.stack([change.table for change in changes])),
        patches=torch.from_numpy(patches),
    )


@plain_arithmetic
def change_inks(inks: Tensor, changes: InkChanges) -> Tensor:
    """uint8 (B, H, W) -> uint8 (B, H, W), on the device of both."""
    height, width = inks.shape[1:]
    y, x = (torch.arange(length, device=inks.device) for length in (height, width))
    rows, columns = (axis - changes.shift[:, i, None] for i, axis in ((0, y), (1, x)))
    moved = inks.gather(1, rows.clamp(0, height - 1)[:, :, None].expand(-1, -1, width))
    moved = moved.gather(2, columns.clamp(0, width - 1)[:, None].expand(-1, height, -1))
    shown = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    moved *= shown
    moved = changes.table.gather(1, moved.flatten(1).long()).view_as(inks)
    for top, left, high, wide, level in (patch.unbind(1) for patch in changes.patches.unbind(1)):
        covered = ((y >= top[:, None]) & (y < (top + high)[:, None]))[:, :, None]
        covered = covered & ((x >= left[:, None]) & (x < (left + wide)[:, None]))[:, None]
        moved = torch.where(covered, level[:, None, None].to(torch.uint8), moved)
    return moved
