"""Blur of many pictures, each with its own kernel, with OpenCV's kernels and borders."""

from __future__ import annotations

import functools
from functools import lru_cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vizecg.data.batch.fused import fused, is_fusing
from vizecg.data.batch.pixels import extend, levels, take

_SIDE, _SIDE_STEP = 7, 4


@lru_cache(maxsize=1024)
def gaussian_kernel(sigma: float) -> np.ndarray:
    """The kernel of ``cv2.GaussianBlur(uint8, (0, 0), sigma)``: float32 (k,) of whole 256ths.

    OpenCV blurs uint8 in fixed point. Each weight is rounded with the error of those before it, and the middle one
    takes up what is left.
    """
    side = round(sigma * 6 + 1) | 1
    exact = cv2.getGaussianKernel(side, sigma, cv2.CV_64F)[:, 0] * 256
    kernel = np.zeros(side, np.float32)
    error = 0.0
    for i in range(side // 2):
        wanted = exact[i] + error
        kernel[i] = kernel[side - 1 - i] = np.rint(wanted)
        error = wanted - kernel[i]
    kernel[side // 2] = 256 - kernel.sum()
    return kernel


def stack_kernels(kernels: list[np.ndarray]) -> Tensor:
    """Square or one-dimensional kernels of odd sides, centred in the largest: float32 (N, k) or (N, k, k)."""
    side = max(len(kernel) for kernel in kernels)
    padded = [np.pad(kernel, (side - len(kernel)) // 2) for kernel in kernels]
    return torch.from_numpy(np.stack(padded).astype(np.float32))


def mirrored(image: Tensor, sizes: Tensor, reach: int) -> Tensor:
    """Pictures with a border of ``reach`` pixels around each, reflected about its own edges."""
    if not reach:
        return image
    padded = F.pad(image, (reach, reach, reach, reach), mode="reflect")
    # The padding is right at the top, on the left, and for the largest picture.
    extend(padded, sizes + reach, reach, mirror=True)
    return padded


def blur(image: Tensor, sizes: Tensor, kernels: Tensor) -> Tensor:
    """Gaussian blur of every picture to its own edges.

    Args:
        image: uint8 (N, C, H, W).
        sizes: int64 (N, 2) of the pictures.
        kernels: float32 (N, k) of ``gaussian_kernel``.

    Returns:
        uint8 (N, C, H, W).
    """
    side = kernels.shape[1]
    if not is_fusing():
        return gaussian_blur(mirrored(image.float(), sizes, side // 2), kernels).to(torch.uint8)
    # Each side is compiled by itself, so there are few.
    more = max(_SIDE, -(-(side - _SIDE) // _SIDE_STEP) * _SIDE_STEP + _SIDE) - side
    kernels = F.pad(kernels, (more // 2, more // 2))
    return _blur_down(_blur_across(image, sizes, kernels), sizes, kernels)


@fused
def _blur_across(image: Tensor, sizes: Tensor, kernels: Tensor) -> Tensor:
    """Sums of rows in 256ths less 32768, which is what int16 holds of them."""
    return (_blurred(image, 3, sizes, kernels) - 32768).to(torch.int16)


@fused
def _blur_down(image: Tensor, sizes: Tensor, kernels: Tensor) -> Tensor:
    # The kernels' sum is 256: what was subtracted comes back 256 times, and the half that rounds up with it.
    total = _blurred(image, 2, sizes, kernels) + (32768 * 256 + 32768)
    return (total * (1 / 65536)).floor().to(torch.uint8)


def _blurred(image: Tensor, axis: int, sizes: Tensor, kernels: Tensor) -> Tensor:
    at = torch.arange(image.shape[axis], device=image.device)
    last = sizes[:, axis - 2, None] - 1
    terms = []
    for i, weight in enumerate(kernels.unbind(1)):
        beside = (at + (i - kernels.shape[1] // 2)).abs()
        inside = torch.minimum(beside, 2 * last - beside).clamp(min=0)
        terms.append(take(image, axis, inside).float() * weight[:, None, None, None])
    return functools.reduce(torch.add, terms)


def gaussian_blur(padded: Tensor, kernels: Tensor) -> Tensor:
    """Blur in 256ths, both ways; all sums are whole numbers below 2^24, so float32 is exact.

    Args:
        padded: (N, C, H + k - 1, W + k - 1), the pictures with their borders.
        kernels: float32 (N, k) of ``gaussian_kernel``.

    Returns:
        (N, C, H, W) whole grey levels, rounded half up.
    """
    across = each_kernel(padded, kernels[:, None])
    return each_kernel(across, kernels[:, :, None]).add_(32768).div_(65536).floor_()


def motion_blur(padded: Tensor, kernels: Tensor) -> Tensor:
    """``cv2.filter2D`` with float32 (N, k, k) kernels of sum 1; arguments and result as of ``gaussian_blur``."""
    return levels(each_kernel(padded, kernels))


def each_kernel(image: Tensor, kernels: Tensor) -> Tensor:
    """Correlate every picture (N, C, H, W) with its own kernel (N, kh, kw), without borders.

    One group per plane: torch's own kernel for that neither rounds to TF32 nor takes another way by size.
    """
    n, planes, height, width = image.shape
    weight = kernels.repeat_interleave(planes, 0)[:, None]
    flat = F.conv2d(image.reshape(1, n * planes, height, width), weight, groups=n * planes)
    return flat.view(n, planes, *flat.shape[2:])
