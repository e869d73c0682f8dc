"""Photographs of many sheets, taken together: the twin of ``vizecg.render.photograph.take_photo``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from vizecg.data.batch.filters import blur, mirrored, motion_blur
from vizecg.data.batch.fused import fused
from vizecg.data.batch.jpeg import jpeg
from vizecg.data.batch.photos import PhotoBatch, pack_photos
from vizecg.data.batch.pixels import Taps, levels, luma, resize_levels
from vizecg.data.batch.seen import see
from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic
from vizecg.render.photo_plan import LIGHT_UNIT, PhotoPlan
from vizecg.render.photograph import NOISE_SIDE, noise_tile

PHOTOS_AT_ONCE = 32
"""Default batch of ``take_photos``: about 60 MB of device memory per picture while it is taken."""
_MOST_AT_ONCE = 256
_BYTES_A_PHOTO = 120 << 20
"""Twice what a picture takes: the network in training wants room too."""

WHITE = 255

Enlarged = tuple[Tensor, Taps, Taps]
"""Arguments of ``resize_levels``."""


def photos_at_once(device: torch.device) -> int:
    """How many pictures a device should work on together: a GPU as many as it has room for, since starting a kernel
    takes as long as running it on few (measured on an H200: 930 a second by 64, 1,020 by 256)."""
    if device.type != "cuda":
        return PHOTOS_AT_ONCE
    room = torch.cuda.get_device_properties(device).total_memory // _BYTES_A_PHOTO
    return int(min(_MOST_AT_ONCE, max(PHOTOS_AT_ONCE, room)))


@dataclass(frozen=True, kw_only=True)
class Photos(TensorBatch):
    """Pictures of several sizes in the top left corners of one tensor.

    Attributes:
        images: uint8 RGB (N, 3, H, W), H and W the largest height and width; white beyond a picture's own size.
        sizes: int64 (N, 2), height and width of each.
    """

    images: Tensor
    sizes: Tensor


def take_photos(sheets: Tensor, plans: Sequence[PhotoPlan], *, chunk: int = PHOTOS_AT_ONCE) -> Photos:
    """Carry out one plan per sheet, on the device where the sheets are.

    Args:
        sheets: uint8 RGB (N, 3, H, W).
        plans: of ``vizecg.render.photo_plan.plan_photo``.
        chunk: pictures that are taken at once; smaller needs less memory.
    """
    if len(sheets) != len(plans):
        raise ValueError(f"expected one plan per sheet, got {len(plans)} plans for {len(sheets)} sheets")
    size = (int(sheets.shape[2]), int(sheets.shape[3]))
    starts = range(0, max(1, len(plans)), chunk)
    parts = [
        take_packed(sheets[at : at + chunk], pack_photos(plans[at : at + chunk], sheet=size).to(sheets.device))
        for at in starts
    ]
    height, width = (max(part.images.shape[axis] for part in parts) for axis in (2, 3))
    images = sheets.new_full((len(sheets), 3, height, width), WHITE)
    for at, part in zip(starts, parts, strict=True):
        images[at : at + chunk, :, : part.images.shape[2], : part.images.shape[3]] = part.images
    return Photos(images=images, sizes=torch.cat([part.sizes for part in parts]))


@plain_arithmetic
def take_packed(sheets: Tensor, batch: PhotoBatch) -> Photos:
    """The same with a packed batch on the sheets' device, all at once."""
    page = _page(sheets, batch)
    margin = torch.where(batch.margin < 0, paper_colour(page), batch.margin)
    image = see(page, batch.lattice, batch.size, margin)
    surroundings = (batch.surroundings, *batch.surroundings_taps)
    image = _lit(image, _inside(batch), surroundings, (batch.light, *batch.light_taps))
    _ripple(image, batch)
    image = blur(image, batch.sizes, batch.blur)
    if len(batch.motion):
        which, kernels = batch.motion.index, batch.motion.values
        moved = mirrored(image[which].float(), batch.sizes[which], kernels.shape[1] // 2)
        image[which] = motion_blur(moved, kernels).to(torch.uint8)
    image = _noisy(image, _noise_planes(image.device), batch.noise, batch.noise_at)
    if len(batch.jpeg) == len(image):
        image = jpeg(image, batch.sizes, batch.jpeg.values)
    elif len(batch.jpeg):
        which = batch.jpeg.index
        image[which] = jpeg(image[which], batch.sizes[which], batch.jpeg.values)
    whiten(image, batch.sizes)
    return Photos(images=image, sizes=batch.sizes)


def whiten(images: Tensor, sizes: Tensor) -> None:
    """Make what lies beyond each picture's size white, in place. images (N, 3, H, W), sizes (N, 2)."""
    below, right = (
        torch.arange(images.shape[axis], device=images.device) >= sizes[:, axis - 2, None] for axis in (2, 3)
    )
    images.masked_fill_(below[:, None, :, None] | right[:, None, None, :], WHITE)


def paper_colour(pages: Tensor) -> Tensor:
    """The paper between the grid lines: uint8 (N, 3, H, W) -> float32 (N, 3)."""
    some = pages[:, :, ::17, ::17].flatten(2)
    return some.sort(dim=2).values[:, :, int(0.9 * some.shape[2])].float()


def _page(sheets: Tensor, batch: PhotoBatch) -> Tensor:
    """The sheets after copiers and people's pens: uint8 (N, 3, H, W)."""
    if not len(batch.tones) and not batch.stains:
        return sheets
    page = sheets.clone(memory_format=torch.contiguous_format)
    if len(batch.tones):
        grey = luma(page[batch.tones.index].float()).long()
        copied = batch.tones.values.gather(1, grey.flatten(1)).view(grey.shape)
        page[batch.tones.index] = copied.expand(-1, 3, -1, -1)
    pixels = page.shape[2] * page.shape[3]
    values = page.view(-1)
    channels = torch.arange(3, device=page.device)[:, None]
    for stain in batch.stains:
        place = stain.place.long()
        sheet = place // pixels
        where = place + (2 * sheet + channels) * pixels
        keep = 1 - stain.opacity * stain.dimming.T[:, sheet]
        values[where] = (values[where] * keep + 0.5).to(torch.uint8)
    return page


@fused
def _lit(image: Tensor, inside: Tensor, surroundings: Enlarged, light: Enlarged) -> Tensor:
    """The page and what surrounds it, under the light: uint8 (N, 3, H, W)."""
    image = torch.where(inside, image, resize_levels(*surroundings)).float()
    # OpenCV multiplies by the scale first: ties fall as its float32 products do.
    return levels(image.mul_(1 / LIGHT_UNIT).mul_(resize_levels(*light))).to(torch.uint8)


def _inside(batch: PhotoBatch) -> Tensor:
    """bool (N, 1, H, W): pixels on the page."""
    if batch.inside.dtype is torch.bool:
        return batch.inside[:, None]
    bits = torch.arange(7, -1, -1, dtype=torch.uint8, device=batch.inside.device)
    return (batch.inside[..., None] >> bits & 1).flatten(2)[..., : batch.size[1]].bool()[:, None]


def _ripple(image: Tensor, batch: PhotoBatch) -> None:
    """Moire, one ripple after the other; the cosine of a sum from those of rows and columns."""
    which, waves = batch.ripples.index, batch.ripples.values
    if not len(which):
        return
    rippled = image[which].float()
    x, y = (torch.arange(length, dtype=torch.float32, device=image.device) for length in reversed(batch.size))
    for turn in range(waves.shape[1]):
        kx, ky, *phases, amplitude = waves[:, turn].unbind(1)
        down = ky[:, None] * y
        across = (kx[:, None] * x)[:, None] + torch.stack(phases, 1)[..., None]
        wave = across.cos()[:, :, None] * down.cos()[:, None, :, None]
        wave -= across.sin()[:, :, None] * down.sin()[:, None, :, None]
        rippled = levels(rippled.mul_(wave.mul_(amplitude[:, None, None, None]).add_(1)))
    image[which] = rippled.to(torch.uint8)


@fused
def _noisy(image: Tensor, tile: Tensor, share: Tensor, start: Tensor) -> Tensor:
    rows, columns = (
        (start[:, axis, None] + torch.arange(image.shape[2 + axis], device=image.device)) % NOISE_SIDE
        for axis in (0, 1)
    )
    channels = torch.arange(len(tile), device=image.device)[:, None, None]
    noise = tile[channels, rows[:, None, :, None], columns[:, None, None]]
    share = share[:, None, None, None]
    return levels((noise * share).add_(share * -128).add_(image)).to(torch.uint8)


@lru_cache(maxsize=4)
def _noise_planes(device: torch.device) -> Tensor:
    """uint8 (3, NOISE_SIDE, NOISE_SIDE), uploaded once."""
    return torch.from_numpy(noise_tile()).permute(2, 0, 1).contiguous().to(device)
