"""JPEG compression of many pictures at once: what encoding and decoding do to the grey levels, without the file.

Baseline JPEG (ITU-T T.81) as libjpeg does it by default: the example quantisation tables of Annex K scaled by the
quality, chroma at half the resolution both ways (4:2:0), the exact cosine transform, and "fancy" (triangular)
enlargement of the chroma. Colour conversion, reduction and enlargement round as libjpeg's integers do; the transform is
float32 where libjpeg's has 13 bits, which now and then puts a coefficient into the neighbouring step.

Pictures are RGB.
"""

from __future__ import annotations

import functools
import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.fused import fused
from vizecg.data.batch.pixels import take

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
        (N, 3, H, W) of the same dtype.
    """
    constants = _constants(image.device)
    luma = _through_steps(_to_luma(image, sizes), tables[:, 0], constants.passes)
    chroma = _to_chroma(image, sizes, constants.chroma)
    steps = tables[:, 1].repeat_interleave(2, 0)
    chroma = _through_steps(chroma, steps, constants.passes)
    size = (image.shape[2], image.shape[3])
    return _to_rgb(luma, chroma, sizes, constants.colour, size).to(image.dtype)


class _Constants(NamedTuple):
    """On one device: float32 (2, 3) shares of the colours in Cb and Cr, and of Cb and Cr in the colours, both in
    libjpeg's 65536ths; the cosines of both passes of the transform and of its inverse, float32 (8, 8) each."""

    chroma: Tensor
    colour: Tensor
    passes: tuple[Tensor, ...]


@lru_cache(maxsize=4)
def _constants(device: torch.device) -> _Constants:
    k, i = np.mgrid[:8, :8]
    basis = np.where(k == 0, math.sqrt(1 / 8), 0.5) * np.cos(np.pi * k * (2 * i + 1) / 16)
    passes = (basis * _FINE, basis * (8 / _FINE), basis.T * _FINE, basis.T / _FINE)
    return _Constants(
        chroma=torch.tensor([[-11059.0, -21709.0, 32768.0], [32768.0, -27439.0, -5329.0]], device=device),
        colour=torch.tensor([[0.0, -22554.0, 116130.0], [91881.0, -46802.0, 0.0]], device=device),
        passes=tuple(torch.from_numpy(cosines.astype(np.float32)).to(device) for cosines in passes),
    )


def _whole_squares(length: int) -> int:
    return -(-length // MCU) * MCU


@fused
def _to_luma(image: Tensor, sizes: Tensor) -> Tensor:
    """uint8 (N, H', W'), whole squares that continue each picture's last row and column."""
    for axis in (2, 3):
        at = torch.arange(_whole_squares(image.shape[axis]), device=image.device)
        image = take(image, axis, torch.minimum(at, sizes[:, axis - 2, None] - 1))
    red, green, blue = image.float().unbind(1)
    # Sums in libjpeg's 65536ths are whole numbers below 2^24, which float32 holds.
    luma = red * 19595 + green * 38470 + blue * 7471 + 32768
    return (luma * (1 / 65536)).floor().to(torch.uint8)


@fused
def _to_chroma(image: Tensor, sizes: Tensor, shares: Tensor) -> Tensor:
    """Means of two by two pixels, halves rounded down and up in turn: uint8 (2 N, H' / 2, W' / 2), Cb and Cr of one
    picture after the other."""
    y, x = (torch.arange(_whole_squares(length) // 2, device=image.device) for length in image.shape[2:])
    height, width = sizes[:, :1], sizes[:, 1:]
    # libjpeg continues the halved picture downwards, but the whole one to the right.
    y = torch.minimum(y, (height + 1) // 2 - 1)
    total = 1 + (x % 2).float()
    for down in (0, 1):
        lines = take(image, 2, torch.minimum(2 * y + down, height - 1))
        for right in (0, 1):
            pixels = take(lines, 3, torch.minimum(2 * x + right, width - 1))
            colours = pixels.float()[:, :, None].unbind(1)
            red, green, blue = (colour * shares[:, i, None, None] for i, colour in enumerate(colours))
            # 128 is added after the division, lest the sum leave the whole numbers that float32 can hold.
            total = total + ((red + green + blue + 32767) * (1 / 65536)).floor() + 128
    return (total * 0.25).floor().to(torch.uint8).flatten(0, 1)


@fused
def _to_rgb(luma: Tensor, chroma: Tensor, sizes: Tensor, shares: Tensor, size: tuple[int, int]) -> Tensor:
    """The inverse, saturated: uint8 (N, 3, H, W)."""
    cb, cr = (_double(chroma[i::2, None], sizes, size) - 128 for i in (0, 1))
    change = cb * shares[0, :, None, None] + cr * shares[1, :, None, None] + 32768
    luma = luma[:, None]
    for axis in (2, 3):
        # Not a slice, which would be compiled anew where it takes all.
        luma = take(luma, axis, torch.arange(size[axis - 2], device=luma.device)[None])
    level = luma.float() + (change * (1 / 65536)).floor()
    return level.clamp(0, 255).to(torch.uint8)


def _double(plane: Tensor, sizes: Tensor, size: tuple[int, int]) -> Tensor:
    """Each new pixel is nine sixteenths of its own old one, three of each neighbour on its side, one of the corner; the
    outermost old ones are their own neighbours. (N, 1, h, w) -> float32 (N, 1, H, W) whole levels."""
    plane = plane.float()
    for axis in (2, 3):
        at = torch.arange(size[axis - 2], device=plane.device)
        last = (sizes[:, axis - 2, None] + 1) // 2 - 1
        beside = torch.minimum((at // 2 + at % 2 * 2 - 1).clamp(min=0), last)
        plane = take(plane, axis, torch.minimum(at // 2, last)) * 3 + take(plane, axis, beside)
    bias = 8 - (torch.arange(size[1], device=plane.device) % 2).float()
    return ((plane + bias) * (1 / 16)).floor()


def _through_steps(planes: Tensor, tables: Tensor, passes: tuple[Tensor, ...]) -> Tensor:
    """Planes, uint8 (n, H, W) with sides that are multiples of 8, through coefficients in steps of (n, 8, 8) and back.

    What is written between the passes are whole numbers below 2^15.
    """
    # Each pass leaves eights, which are lines again without a copy only outside of compiled code.
    lines = _frequencies(planes, passes[0]).view_as(planes)
    lines = _coded(lines, passes[1], tables.contiguous()).view_as(planes)
    lines = _restored(lines, passes[2]).view_as(planes)
    return _levels(lines, passes[3]).view_as(planes)


@fused
def _frequencies(planes: Tensor, cosines: Tensor) -> Tensor:
    return _whole(_along(planes.float() - 128, 2, cosines)).to(torch.int16)


@fused
def _coded(lines: Tensor, cosines: Tensor, tables: Tensor) -> Tensor:
    freq = _whole(_along(lines.float(), 1, cosines))
    step = tables[:, None].repeat(1, 1, 1, lines.shape[2] // 8)
    # libjpeg holds eight times the coefficient as a whole number, and rounds halves away from zero; the half that is
    # added here keeps a quotient that is whole from falling below itself where a GPU divides less than exactly.
    count = ((freq.abs() + (4 * step + 0.5)) / (8 * step)).floor()
    return (count * step).copysign(freq).to(torch.int16)


@fused
def _restored(coded: Tensor, cosines: Tensor) -> Tensor:
    return _whole(_along(coded.float(), 1, cosines)).to(torch.int16)


@fused
def _levels(lines: Tensor, cosines: Tensor) -> Tensor:
    return (_whole(_along(lines.float(), 2, cosines)) + 128).clamp(0, 255).to(torch.uint8)


def _whole(x: Tensor) -> Tensor:
    """Rounded half up, as libjpeg's shifts round."""
    return (x + 0.5).floor()


def _along(x: Tensor, axis: int, cosines: Tensor) -> Tensor:
    """Every eight values along an axis of (n, H, W), multiplied by (8, 8): (n, H, W / 8, 8) or (n, H / 8, 8, W)."""
    n, height, width = x.shape
    across = axis == 2
    blocks = x.view(n, height, width // 8, 8) if across else x.view(n, height // 8, 8, width)
    if not torch.compiler.is_compiling():
        return blocks @ cosines.T if across else cosines @ blocks
    # Eight products of what lies in the cache anyway, in one kernel with what comes before and after them.
    weights = cosines if across else cosines[..., None]
    products = [blocks.narrow(3 if across else 2, i, 1) * weights[:, i] for i in range(8)]
    return functools.reduce(torch.add, products)
