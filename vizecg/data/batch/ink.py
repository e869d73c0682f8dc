"""Ink maps of many sheets on a device.

``vizecg.spec.preprocess.ink_map`` is the one definition, which calibration and the edge run; this is its twin for
training on a GPU, held to it by a parity test. Never use it where a model is calibrated, exported or deployed.
"""

from __future__ import annotations

import functools
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vizecg.data.batch.filters import gaussian_blur, gaussian_kernel
from vizecg.data.batch.fused import fused
from vizecg.data.batch.pixels import Taps, levels, linear_taps, luma, resize_levels
from vizecg.data.batch.transfer import plain_arithmetic
from vizecg.spec import SheetSpec
from vizecg.spec.preprocess import INK_UNIT, PreprocessSpec

INKS_AT_ONCE = 64
"""Default batch of ``ink_maps``: about 20 MB of device memory per sheet."""


@plain_arithmetic
def ink_maps(sheets: Tensor, *, sheet_spec: SheetSpec, spec: PreprocessSpec, chunk: int = INKS_AT_ONCE) -> Tensor:
    """Sheets -> ink maps; see ``vizecg.spec.preprocess`` for the steps.

    Args:
        sheets: uint8 RGB (B, 3, H, W) of ``sheet_spec``'s size.
        sheet_spec: size and scale of the sheets.
        spec: size and constants of the ink map, not larger than the sheet.
        chunk: sheets that are worked on at once.

    Returns:
        uint8 (B, spec.height, spec.width) on the sheets' device.

    Raises:
        ValueError: sheets of another dtype or size, or an ink map larger than the sheet.
    """
    height, width, planes = sheet_spec.shape
    if sheets.dtype != torch.uint8 or sheets.shape[1:] != (planes, height, width):
        wanted = ("B", planes, height, width)
        raise ValueError(f"expected uint8 sheets of shape {wanted}, got {sheets.dtype} {tuple(sheets.shape)}")
    if spec.height > height or spec.width > width:
        raise ValueError(f"an ink map of {spec.height} x {spec.width} is larger than its sheet, {height} x {width}")
    return torch.cat([_ink_maps(part, sheet_spec.px_per_mm, spec) for part in sheets.split(chunk)])


def _ink_maps(sheets: Tensor, px_per_mm: float, spec: PreprocessSpec) -> Tensor:
    grey = _grey(sheets)
    ink = area_reduce(_darkness(grey, *_paper(grey, px_per_mm, spec)).float(), (spec.height, spec.width))
    contrast = percentile(ink.flatten(1), spec.contrast_percentile).clamp(min=255.0 * spec.contrast_floor)
    # The ratio in double precision and then rounded, as the numpy definition does it.
    gain = (INK_UNIT / contrast).float()[:, None, None, None]
    return levels(ink * gain).to(torch.uint8)[:, 0]


@fused
def _grey(sheets: Tensor) -> Tensor:
    return luma(sheets.float()).to(torch.uint8)


@fused
def _darkness(grey: Tensor, paper: Tensor, down: Taps, across: Taps) -> Tensor:
    """How much darker than the paper, of 255: uint8 (B, 1, H, W)."""
    paper = resize_levels(paper, down, across).clamp_(min=16).float()
    # As OpenCV divides: the product first, then rounding half to even. Whole numbers until the quotient, which is kept
    # off the whole numbers, tell ties apart even where a GPU divides less than exactly.
    doubled = grey.float() * 510 + paper
    brightness = ((doubled + 0.5) / (2 * paper)).floor()
    tie = (brightness * 2 * paper == doubled) & (brightness % 2 == 1)
    return (255 - (brightness - tie.float()).clamp(0, 255)).to(torch.uint8)


def _paper(grey: Tensor, px_per_mm: float, spec: PreprocessSpec) -> tuple[Tensor, Taps, Taps]:
    """Brightness of the paper: uint8 (B, 1, h, w), much smaller than the sheet, and the taps that enlarge it."""
    height, width = grey.shape[2:]
    side = max(3, round(spec.paper_mm * px_per_mm) | 1)
    dilated = _dilated(_dilated(grey, 2, side), 3, side).float()
    small = area_reduce(dilated, (max(1, height // spec.paper_shrink), max(1, width // spec.paper_shrink)))
    kernel = _kernel(spec.paper_blur_mm * px_per_mm / spec.paper_shrink, grey.device)
    bordered = F.pad(small, (len(kernel) // 2,) * 4, mode="replicate")
    blurred = gaussian_blur(bordered, kernel.expand(len(grey), -1)).to(torch.uint8)
    down, across = (_taps(to, of, grey.device) for to, of in zip(grey.shape[2:], small.shape[2:], strict=True))
    return blurred, down, across


@fused
def _dilated(grey: Tensor, axis: int, side: int) -> Tensor:
    """The greatest of ``side`` pixels along an axis, which is 2 or 3: uint8 (B, 1, H, W)."""
    reach = side // 2
    if not torch.compiler.is_compiling():
        window, padding = ((side, 1), (reach, 0)) if axis == 2 else ((1, side), (0, reach))
        return F.max_pool2d(grey.float(), window, stride=1, padding=padding).to(torch.uint8)
    # The outermost pixel, which stands for those beyond, is in the window of each that sees them.
    at = torch.arange(grey.shape[axis], device=grey.device)
    beside = [(at + step).clamp(0, grey.shape[axis] - 1) for step in range(-reach, reach + 1)]
    return functools.reduce(torch.maximum, [grey.index_select(axis, index) for index in beside])


@lru_cache(maxsize=8)
def _kernel(sigma: float, device: torch.device) -> Tensor:
    return torch.from_numpy(gaussian_kernel(sigma)).to(device)


@lru_cache(maxsize=16)
def _taps(length: int, source: int, device: torch.device) -> Taps:
    return linear_taps(length, source).to(device)


def area_reduce(image: Tensor, size: tuple[int, int]) -> Tensor:
    """``cv2.resize`` of uint8 with ``INTER_AREA`` to a size that is not larger: whole grey levels (N, C, h, w)."""
    height, width = image.shape[2:]
    if (height, width) == (2 * size[0], 2 * size[1]):
        return F.avg_pool2d(image, 2).add_(0.5).floor_()  # the one ratio that OpenCV rounds half up
    if height % size[0] == 0 and width % size[1] == 0:
        side = (height // size[0], width // size[1])
        return levels(F.avg_pool2d(image, side, divisor_override=1) * (1 / (side[0] * side[1])))
    return levels(_reduce(_reduce(image, 3, size[1]), 2, size[0]))


def _reduce(image: Tensor, axis: int, length: int) -> Tensor:
    """Mean over ``length`` equal stretches of an axis, with the shares of the pixels that lie in two of them."""
    source = image.shape[axis]
    ratio = source / length
    edges = np.arange(length + 1) * ratio
    first = np.floor(edges[:-1] + 1e-3).astype(np.int64)
    total: Tensor | None = None
    for step in range(int(np.ceil(ratio)) + 1):
        index = np.minimum(first + step, source - 1)
        share = np.minimum(edges[1:], first + step + 1) - np.maximum(edges[:-1], first + step)
        share = share.clip(0) / ratio
        weight = torch.from_numpy(share.astype(np.float32)).to(image.device)
        part = image.index_select(axis, torch.from_numpy(index).to(image.device))
        part *= weight if axis == 3 else weight[:, None]
        total = part if total is None else total.add_(part)
    assert total is not None
    return total


def percentile(values: Tensor, percent: float) -> Tensor:
    """``np.percentile`` of each row, linear between neighbours: whole grey levels (B, n) -> float64 (B,)."""
    ordered = values.to(torch.uint8).sort(dim=1).values
    at = percent / 100 * (values.shape[1] - 1)
    low = int(at)
    lower, upper = (ordered[:, min(i, values.shape[1] - 1)].double() for i in (low, low + 1))
    return lower + (upper - lower) * (at - low)
