"""Photographs warped back onto the sheet, many at once: the twin of ``vizecg.render.register.register``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.camera import PHOTOS_AT_ONCE, WHITE, Photos
from vizecg.data.batch.seen import see
from vizecg.data.batch.transfer import plain_arithmetic
from vizecg.spec import SheetSpec


def pack_seen(lattices: Sequence[np.ndarray]) -> Tensor:
    """Lattices (rows, columns, 2) of one size -> float32 (N, 2, rows, columns)."""
    if not lattices:
        return torch.zeros(0, 2, 1, 1)
    return torch.from_numpy(np.stack(lattices).astype(np.float32).transpose(0, 3, 1, 2).copy())


@plain_arithmetic
def register_photos(photos: Photos, seen: Tensor, *, spec: SheetSpec, chunk: int = PHOTOS_AT_ONCE) -> Tensor:
    """What an erring rectifier would give.

    Args:
        photos: the pictures; white beyond their sizes, which makes white of what they do not show.
        seen: float32 (N, 2, rows, columns) on their device, the picture's pixel that each node of the sheet's lattice
            sees: ``mapping.to_photo(misplaced(...))`` of ``vizecg.render.register``, packed by ``pack_seen``.
        spec: of the sheets.
        chunk: pictures that are warped at once.

    Returns:
        uint8 RGB (N, 3, H, W).
    """
    size = (spec.height_px, spec.width_px)
    parts = []
    for images, lattice in zip(photos.images.split(chunk), seen.split(chunk), strict=True):
        border = torch.full((len(images), 3), float(WHITE), device=images.device)
        parts.append(see(images, lattice, size, border))
    return torch.cat(parts) if len(parts) > 1 else parts[0]
