"""JPEG compression of many pictures at once: what encoding and decoding do to the grey levels, without the file.

Baseline JPEG (ITU-T T.81) as libjpeg does it by default: the example quantisation tables of Annex K scaled by the
quality, chroma at half the resolution both ways (4:2:0), the exact cosine transform, and "fancy" (triangular)
enlargement of the chroma. Colour conversion, reduction and enlargement round as libjpeg's integers do; the transform is
float32 where libjpeg's has 13 bits, which now and then puts a coefficient into the neighbouring step.

Pictures are RGB.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.pixels import extend

MCU = 16
"""Side of the squares that 4:2:0 pictures are made of."""

_FINE = 4 * math.sqrt(8)
"""Between the two passes of a transform libjpeg keeps two bits below the whole numbers of its unscaled transform."""

# T.81, tables K.1 (luminance) and K.2 (chrominance).
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


@lru_cache(maxsize=128)
def quantisation_tables(quality: int) -> np.ndarray:
    """float32 (2, 8, 8): step of each coefficient of luma and chroma at a quality of 1 to 100."""
    if not 1 <= quality <= 100:
        raise ValueError(f"expected a JPEG quality from 1 to 100, got {quality}")
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = (np.array([_LUMINANCE, _CHROMINANCE]) * scale + 50) // 100
    return tables.clip(1, 255).astype(np.float32)


def jpeg(image: Tensor, sizes: Tensor, tables: Tensor) -> Tensor:
    """Compress and restore.

    Args:
        image: (N, 3, H, W) whole grey levels.
        sizes: int64 (N, 2) of the pictures in it.
        tables: float32 (N, 2, 8, 8) of ``quantisation_tables``.

    Returns:
        (N, 3, H, W).
    """
    height, width = image.shape[2:]
    room = [-(-length // MCU) * MCU + MCU for length in (height, width)]
    padded = image.new_empty(*image.shape[:2], *room)
    padded[:, :, :height, :width] = image
    extend(padded, sizes, MCU, mirror=False)
    luma, chroma = _to_ycc(padded)
    small = (sizes + 1) // 2
    chroma = _halve(chroma)
    # libjpeg continues the halved picture downwards, but the whole one to the right.
    extend(chroma, small, MCU // 2, mirror=False, axes=(2,))
    luma = _quantise(luma, tables[:, 0])
    chroma = _quantise(chroma, tables[:, 1])
    extend(chroma, small, 1, mirror=False)
    return _to_rgb(luma[..., :height, :width], _double(chroma)[..., :height, :width])


def _to_ycc(image: Tensor) -> tuple[Tensor, Tensor]:
    """Luma (N, 1, H, W) and chroma (N, 2, H, W), in libjpeg's 65536ths: whole numbers below 2^24."""
    red, green, blue = image.unbind(1)
    luma = (red * 19595 + green * 38470).add_(blue, alpha=7471).add_(32768)
    # 128 is added after the division, lest the sum leave the whole numbers that float32 can hold.
    cb = (blue * 32768 - red * 11059).sub_(green, alpha=21709).add_(32767).div_(65536).floor_().add_(128)
    cr = (red * 32768 - green * 27439).sub_(blue, alpha=5329).add_(32767).div_(65536).floor_().add_(128)
    return luma.div_(65536).floor_()[:, None], torch.stack([cb, cr], 1)


def _to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """The inverse, saturated."""
    cb, cr = chroma.sub_(128).unbind(1)
    base = luma[:, 0]
    red = base + (cr * 91881).add_(32768).div_(65536).floor_()
    green = base + (cb * -22554 - cr * 46802).add_(32768).div_(65536).floor_()
    blue = base + (cb * 116130).add_(32768).div_(65536).floor_()
    return torch.stack([red, green, blue], 1).clamp_(0, 255)


def _halve(chroma: Tensor) -> Tensor:
    """Means of two by two pixels; halves are rounded down and up in turn."""
    rows = chroma[:, :, ::2] + chroma[:, :, 1::2]
    total = rows[..., ::2] + rows[..., 1::2]
    total += 1 + torch.arange(total.shape[3], device=chroma.device) % 2
    return total.div_(4).floor_()


def _double(chroma: Tensor) -> Tensor:
    """Each new pixel is nine sixteenths of its own old one, three of each neighbour on its side, one of the corner."""
    n, planes, height, width = chroma.shape
    out = chroma.new_empty(n, planes, 2 * height, 2 * width)
    near = chroma * 3
    for row in (0, 1):
        lines = near + _neighbour(chroma, 2, row)
        triple = lines * 3
        for column in (0, 1):
            bias = 8 - column
            out[:, :, row::2, column::2] = (triple + _neighbour(lines, 3, column)).add_(bias).div_(16).floor_()
    return out


def _neighbour(image: Tensor, axis: int, after: int) -> Tensor:
    """The next pixel along an axis (``after`` 1) or the one before (0); the outermost one is its own."""
    length = image.shape[axis]
    index = (torch.arange(length, device=image.device) + (1 if after else -1)).clamp_(0, length - 1)
    return image.index_select(axis, index)


def _quantise(planes: Tensor, tables: Tensor) -> Tensor:
    """Planes (N, C, H, W), sides multiples of 8, through coefficients in steps of (N, 8, 8) and back."""
    n, count, height, width = planes.shape
    # (8 rows, 8 columns, n, ...): what one butterfly touches lies together.
    blocks = planes.view(n, count, height // 8, 8, width // 8, 8).permute(3, 5, 0, 1, 2, 4).contiguous().sub_(128)
    step = tables.permute(1, 2, 0)[..., None, None, None]
    # libjpeg holds eight times the coefficient as a whole number, and rounds halves away from zero.
    freq = _whole(_cosines(_whole(_cosines(blocks, 1, _FINE)), 0, 8 / _FINE))
    coded = (freq.abs() + 4 * step).div_(8 * step).floor_().mul_(step).copysign_(freq)
    restored = _whole(_inverse_cosines(_whole(_inverse_cosines(coded, 0, _FINE)), 1, 1 / _FINE))
    return restored.add_(128).clamp_(0, 255).permute(2, 3, 4, 0, 5, 1).reshape(n, count, height, width)


def _whole(x: Tensor) -> Tensor:
    """Rounded half up, in place, as libjpeg's shifts round."""
    return x.add_(0.5).floor_()


def _cosines(x: Tensor, axis: int, scale: float) -> Tensor:
    """``scale`` times the orthonormal cosine transform (type II) of length 8 along an axis."""
    out = torch.empty_like(x)
    parts = x.unbind(axis)
    even = [parts[i] + parts[7 - i] for i in range(4)]
    odd = [parts[i] - parts[7 - i] for i in range(4)]
    for k, target in enumerate(out.unbind(axis)):
        folded = odd if k % 2 else even
        torch.mul(folded[0], scale * _basis(k, 0), out=target)
        for i in range(1, 4):
            target.add_(folded[i], alpha=scale * _basis(k, i))
    return out


def _inverse_cosines(x: Tensor, axis: int, scale: float) -> Tensor:
    """``scale`` times the inverse."""
    out = torch.empty_like(x)
    parts, targets = x.unbind(axis), out.unbind(axis)
    for i in range(4):
        even = parts[0] * (scale * _basis(0, i))
        odd = parts[1] * (scale * _basis(1, i))
        for k in (2, 4, 6):
            even.add_(parts[k], alpha=scale * _basis(k, i))
            odd.add_(parts[k + 1], alpha=scale * _basis(k + 1, i))
        torch.add(even, odd, out=targets[i])
        torch.sub(even, odd, out=targets[7 - i])
    return out


def _basis(k: int, i: int) -> float:
    return (math.sqrt(1 / 8) if k == 0 else 0.5) * math.cos(math.pi * k * (2 * i + 1) / 16)
