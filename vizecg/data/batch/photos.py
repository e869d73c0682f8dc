"""Photographs of many sheets: what their plans hold, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.filters import gaussian_kernel, stack_kernels
from vizecg.data.batch.jpeg import quantisation_tables
from vizecg.data.batch.pixels import Taps, linear_taps
from vizecg.data.batch.sheets import joined
from vizecg.data.batch.transfer import TensorBatch
from vizecg.render.photo_plan import CELL, PhotoDraft, PhotoPlan, lattice_shape
from vizecg.render.photograph import NOISE_UNIT

_WHOLE = np.array([256], np.float32)  # the kernel that changes nothing


@dataclass(frozen=True, kw_only=True)
class Some(TensorBatch):
    """What only some pictures of a batch have: int64 (M,) which, and one row of ``values`` for each."""

    index: Tensor
    values: Tensor

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, kw_only=True)
class Stain(TensorBatch):
    """One mark of pen or stain on each of some sheets.

    ``place`` int32 (n,) ``(b * H + y) * W + x``, each once; ``opacity`` float32 (n,); ``dimming`` float32 (B, 3),
    how much of each channel the colour of a sheet's mark takes away.
    """

    place: Tensor
    opacity: Tensor
    dimming: Tensor


@dataclass(frozen=True, kw_only=True)
class PhotoBatch(TensorBatch):
    """Plans of N photographs, as tensors. They share one size, the largest height and the largest width.

    Attributes:
        size: that size.
        sizes: int64 (N, 2), height and width of each picture.
        tones: uint8 (M, 256) curves of copiers.
        stains: the first mark of every sheet that has one, the second, and so on.
        margin: float32 (N, 3); -1 for the colour of the paper.
        lattice: float32 (N, 2, rows, columns), the sheet pixel that each node sees.
        inside: the pixels on the page: uint8 (N, H, ceil(W / 8)) of bits, as ``np.packbits`` packs them, or bool
            (N, H, W).
        surroundings: uint8 (N, 3, h, w).
        light: uint8 (N, 3, rows, columns).
        surroundings_taps, light_taps: their enlargement, of rows and columns.
        ripples: float32 (M, r, 6): kx, ky, three phases, amplitude.
        blur: float32 (N, k) kernels in 256ths; motion: float32 (M, k, k).
        noise: float32 (N,) share of the noise tile; noise_at: int64 (N, 2).
        jpeg: float32 (M, 2, 8, 8) quantisation tables.
    """

    size: tuple[int, int]
    sizes: Tensor
    tones: Some
    stains: tuple[Stain, ...]
    margin: Tensor
    lattice: Tensor
    inside: Tensor
    surroundings: Tensor
    surroundings_taps: tuple[Taps, Taps]
    light: Tensor
    light_taps: tuple[Taps, Taps]
    ripples: Some
    blur: Tensor
    motion: Some
    noise: Tensor
    noise_at: Tensor
    jpeg: Some


def pack_photos(plans: Sequence[PhotoPlan], *, sheet: tuple[int, int]) -> PhotoBatch:
    """Plans as tensors in this process's memory; cheap enough for the workers of a data loader.

    Args:
        plans: at least one.
        sheet: (height, width) of the sheets that are photographed.
    """
    if not plans:
        raise ValueError("expected at least one plan of a photograph")
    size = largest(plans)
    return _pack(
        plans,
        sheet,
        lattice=stack([plan.lattice.transpose(2, 0, 1) for plan in plans]),
        light=stack([plan.light.transpose(2, 0, 1) for plan in plans]),
        inside=torch.from_numpy(np.stack([_inside(plan, size) for plan in plans])),
    )


def pack_untaken(drafts: Sequence[PhotoDraft], *, sheet: tuple[int, int]) -> PhotoBatch:
    """The same of drafts, without ``lattice``, ``light`` and ``inside``: ``vizecg.data.batch.geometry`` finds them on
    the device."""
    return _pack(drafts, sheet, lattice=torch.zeros(0), light=torch.zeros(0), inside=torch.zeros(0))


def largest(plans: Sequence[PhotoPlan | PhotoDraft]) -> tuple[int, int]:
    """Height and width that hold every picture."""
    return max(plan.size[0] for plan in plans), max(plan.size[1] for plan in plans)


def _pack(
    plans: Sequence[PhotoPlan | PhotoDraft],
    sheet: tuple[int, int],
    *,
    lattice: Tensor,
    light: Tensor,
    inside: Tensor,
) -> PhotoBatch:
    size = largest(plans)
    rows, columns = lattice_shape(size)
    most = max(len(plan.ripples) for plan in plans)
    blurs = [gaussian_kernel(plan.blur) if plan.blur > 0.2 else _WHOLE for plan in plans]
    return PhotoBatch(
        size=size,
        sizes=torch.tensor([plan.size for plan in plans]),
        tones=_some([plan.copied for plan in plans], like=np.zeros(256, np.uint8)),
        stains=_stains(plans, sheet),
        margin=torch.tensor([plan.margin or (-1, -1, -1) for plan in plans], dtype=torch.float32),
        lattice=lattice,
        inside=inside,
        surroundings=stack([plan.surroundings.transpose(2, 0, 1) for plan in plans]),
        surroundings_taps=(
            _taps([(plan.size[0], len(plan.surroundings)) for plan in plans], size[0]),
            _taps([(plan.size[1], plan.surroundings.shape[1]) for plan in plans], size[1]),
        ),
        light=light,
        light_taps=(
            linear_taps(size[0], rows, start=CELL, of=rows * CELL),
            linear_taps(size[1], columns, start=CELL, of=columns * CELL),
        ),
        ripples=_some([_waves(plan, most) for plan in plans], like=np.zeros((0, 6), np.float32)),
        blur=stack_kernels(blurs),
        motion=_kernels([plan.motion for plan in plans]),
        noise=torch.tensor([plan.noise / NOISE_UNIT * (plan.noise > 0.5) for plan in plans], dtype=torch.float32),
        noise_at=torch.tensor([plan.noise_at for plan in plans]),
        jpeg=_some(
            [None if plan.jpeg is None else quantisation_tables(plan.jpeg) for plan in plans],
            like=np.zeros((2, 8, 8), np.float32),
        ),
    )


def stack(arrays: Sequence[np.ndarray]) -> Tensor:
    """(C, h, w) arrays of several sizes in the top left corners of one (N, C, H, W), zeros beyond."""
    size = [max(array.shape[axis] for array in arrays) for axis in (1, 2)]
    out = np.zeros((len(arrays), arrays[0].shape[0], *size), arrays[0].dtype)
    for target, array in zip(out, arrays, strict=True):
        target[:, : array.shape[1], : array.shape[2]] = array
    return torch.from_numpy(out)


def _some(values: Sequence[np.ndarray | None], *, like: np.ndarray) -> Some:
    """The pictures that have a value; where none has, ``like`` says its dtype and its shape."""
    index = [i for i, value in enumerate(values) if value is not None]
    chosen = [value for value in values if value is not None]
    rows = np.stack(chosen) if chosen else np.zeros((0, *like.shape), like.dtype)
    return Some(index=torch.tensor(index, dtype=torch.int64), values=torch.from_numpy(rows))


def _kernels(kernels: Sequence[np.ndarray | None]) -> Some:
    chosen = [kernel for kernel in kernels if kernel is not None]
    index = [i for i, kernel in enumerate(kernels) if kernel is not None]
    values = stack_kernels(chosen) if chosen else torch.zeros(0, 1, 1)
    return Some(index=torch.tensor(index, dtype=torch.int64), values=values)


def _waves(plan: PhotoPlan | PhotoDraft, most: int) -> np.ndarray | None:
    """float32 (most, 6); ripples that a picture lacks beside another have no amplitude."""
    waves = np.zeros((most, 6), np.float32)
    for row, ripple in zip(waves, plan.ripples, strict=False):
        row[:] = (ripple.kx, ripple.ky, *ripple.phases, ripple.amplitude)
    return waves if plan.ripples else None


def _stains(plans: Sequence[PhotoPlan | PhotoDraft], sheet: tuple[int, int]) -> tuple[Stain, ...]:
    """Each mark darkens what those before it left, so the marks of one sheet cannot be laid on together."""
    stains = []
    for turn in range(max(len(plan.marks) for plan in plans)):
        marks = {index: plan.marks[turn] for index, plan in enumerate(plans) if turn < len(plan.marks)}
        dimming = np.zeros((len(plans), 3), np.float32)
        for index, mark in marks.items():
            dimming[index] = 1 - np.array(mark.colour) / 255
        stains.append(
            Stain(
                place=joined([mark.place for mark in marks.values()], list(marks), sheet[0] * sheet[1]),
                opacity=torch.from_numpy(np.concatenate([mark.opacity for mark in marks.values()])),
                dimming=torch.from_numpy(dimming),
            )
        )
    return tuple(stains)


def _inside(plan: PhotoPlan, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask[: plan.size[0], : plan.size[1]], [plan.outline], 1, cv2.LINE_8, 4)
    return np.packbits(mask, axis=1)


def _taps(axes: Sequence[tuple[int, int]], length: int) -> Taps:
    """Of every picture, (pixels, nodes) each, over the ``length`` pixels that they share."""
    return Taps.cat([linear_taps(length, nodes, of=pixels) for pixels, nodes in axes])
