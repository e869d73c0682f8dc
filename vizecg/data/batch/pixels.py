"""Steps on many pictures at once that give OpenCV's grey levels.

Convention: pictures are float32 (N, C, H, W) holding whole grey levels 0..255 unless said otherwise; pixel-centre
coordinates (column, row). A batch of pictures of several sizes lies in the top left corners of one tensor; ``sizes`` is
int64 (N, 2), height and width of each, and what lies beyond a picture's size is of no meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vizecg.data.batch.transfer import TensorBatch
from vizecg.render.photo_plan import CELL

_LUMA = (9798.0, 19235.0, 3735.0)  # OpenCV's RGB2GRAY, of 32768
_STEPS = 2048  # of a weight of OpenCV's bilinear resize of uint8


def levels(image: Tensor) -> Tensor:
    """Rounded half to even and saturated, as OpenCV's ``saturate_cast<uchar>``, in place; still float32."""
    return image.round_().clamp_(0, 255)


def luma(image: Tensor) -> Tensor:
    """RGB (N, 3, H, W) -> grey (N, 1, H, W). All sums are whole numbers below 2^24, so float32 is exact."""
    red, green, blue = image.unbind(1)
    grey = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    return (grey.add_(16384) / 32768).floor_()[:, None]


def enlarge(lattice: Tensor, size: tuple[int, int]) -> Tensor:
    """Values of every pixel from those of the lattice's nodes, bilinear: the twin of ``photograph.enlarge``.

    Args:
        lattice: float32 (N, C, rows, columns), nodes as ``photo_plan.lattice_points`` places them.
        size: (height, width) of the pictures.

    Returns:
        float32 (N, C, height, width), a view.
    """
    full = F.interpolate(lattice, scale_factor=CELL, mode="bilinear", align_corners=False)
    return full[..., CELL : CELL + size[0], CELL : CELL + size[1]]


def warp(source: Tensor, lattice: Tensor, size: tuple[int, int], border: Tensor) -> Tensor:
    """What pictures see of their sources, bilinear, and ``border`` beyond the sources' edges; whole grey levels.

    Args:
        source: (N, 3, H, W).
        lattice: float32 (N, 2, rows, columns), source pixel (column, row) of each node.
        size: (height, width) of the pictures.
        border: float32 (N, 3).

    Returns:
        (N, 3, height, width).
    """
    # ``grid_sample`` counts from -1 to 1, between the outer edges of the outermost pixels.
    units = [(lattice[:, axis] * 2 + 1) / source.shape[3 - axis] - 1 for axis in (0, 1)]
    grid = enlarge(torch.stack(units, 1), size).permute(0, 2, 3, 1)
    colour = border[:, :, None, None]
    # Zeros beyond the edges, on a scale where the border's colour is zero.
    warped = F.grid_sample(source - colour, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return levels(warped.add_(colour))


@dataclass(frozen=True)
class Taps(TensorBatch):
    """Two source indices per pixel along one axis, int64 (N, n), and the weight of the second, int32 (N, n), of
    ``_STEPS``. N is 1 where all pictures share them."""

    first: Tensor
    second: Tensor
    weight: Tensor

    @classmethod
    def cat(cls, taps: Sequence[Taps]) -> Taps:
        """Taps of several pictures, of the same number of pixels."""
        return cls(*(torch.cat([getattr(t, f.name) for t in taps]) for f in fields(cls)))


def linear_taps(length: int, source: int, *, start: int = 0, of: int | None = None) -> Taps:
    """Taps of ``cv2.resize`` with ``INTER_LINEAR``.

    Args:
        length: how many pixels.
        source: how many there are to take from.
        start: the first pixel asked for.
        of: length of the whole enlarged axis; ``length`` unless told otherwise.
    """
    at = ((np.arange(start, start + length) + 0.5) * (source / (of or length)) - 0.5).astype(np.float32)
    first = np.floor(at).astype(np.int64)
    weight = np.rint((at - first) * _STEPS).astype(np.int32)
    # Beyond the outermost nodes both taps are the same one; their products are still truncated one by one.
    first, second = first.clip(0, source - 1), (first + 1).clip(0, source - 1)
    return Taps(*(torch.from_numpy(value)[None] for value in (first, second, weight)))


def resize_levels(image: Tensor, down: Taps, across: Taps) -> Tensor:
    """Bilinear enlargement as ``cv2.resize`` does it for uint8, whose truncations darken by an eighth of a level.

    Args:
        image: uint8 (N, C, h, w).
        down, across: taps of the rows and of the columns.

    Returns:
        int32 (N, C, H, W).
    """
    lines = image.int()
    weight = across.weight[:, None, None]
    lines = (take(lines, 3, across.first) * (_STEPS - weight) + take(lines, 3, across.second) * weight) >> 4
    weight = down.weight[:, None, :, None]
    upper = take(lines, 2, down.first).mul_(_STEPS - weight).bitwise_right_shift_(16)
    lower = take(lines, 2, down.second).mul_(weight).bitwise_right_shift_(16)
    return upper.add_(lower).add_(2).bitwise_right_shift_(2)


def take(image: Tensor, axis: int, index: Tensor) -> Tensor:
    """Rows (axis 2) or columns (axis 3) of every picture (N, C, H, W), by int64 (N, n), or (1, n) for all alike."""
    if len(index) == 1:
        return image.index_select(axis, index[0])
    shape = list(image.shape)
    shape[axis] = index.shape[1]
    return image.gather(axis, (index[:, None, None] if axis == 3 else index[:, None, :, None]).expand(shape))


def extend(image: Tensor, sizes: Tensor, reach: int, *, mirror: bool, axes: tuple[int, ...] = (2, 3)) -> None:
    """Continue every picture by ``reach`` pixels below and to the right, in place.

    Args:
        image: (N, C, H, W) with room for it: H and W at least the largest size plus ``reach``.
        sizes: of the pictures.
        reach: at most a picture's size less one where mirrored.
        mirror: reflect about the last pixel (OpenCV's ``BORDER_REFLECT_101``) or repeat it.
        axes: 2 for downwards, 3 for to the right.
    """
    step = torch.arange(reach, device=image.device)
    for axis in axes:
        size = sizes[:, axis - 2, None]
        source = size - 2 - step if mirror else (size - 1).expand(-1, reach)
        shape = list(image.shape)
        shape[axis] = reach
        view = (len(image), 1, reach, 1) if axis == 2 else (len(image), 1, 1, reach)
        strip = image.gather(axis, source.reshape(view).expand(shape))
        image.scatter_(axis, (size + step).view(view).expand(shape), strip)
