"""The steps of the batched path beside OpenCV's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tolerances import tolerance
from vizecg.data.batch.filters import gaussian_blur, gaussian_kernel, mirrored, motion_blur, stack_kernels
from vizecg.data.batch.ink import area_reduce, percentile
from vizecg.data.batch.jpeg import jpeg, quantisation_tables
from vizecg.data.batch.pixels import enlarge, linear_taps, luma, resize_levels, warp
from vizecg.render.photograph import enlarge as enlarge_one
from vizecg.render.photograph import warp as warp_one

pytestmark = pytest.mark.unit

SIZES = ((97, 130), (64, 80), (101, 117))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def noisy(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A smooth picture with noise and an edge: uint8 (h, w, 3)."""
    small = rng.integers(60, 230, (5, 6, 3), dtype=np.uint8)
    image = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC).astype(int) + rng.integers(-9, 10, (*size, 3))
    image[size[0] // 2 :, size[1] // 3] = 20
    return image.clip(0, 255).astype(np.uint8)


def padded(images: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Pictures in the top left corners of one float32 batch, with garbage beyond, and their sizes."""
    sizes = torch.tensor([image.shape[:2] for image in images])
    height, width = sizes.amax(0).tolist()
    batch = torch.full((len(images), 3, height, width), 77.0)
    for target, image in zip(batch, images, strict=True):
        target[:, : image.shape[0], : image.shape[1]] = torch.from_numpy(image).permute(2, 0, 1)
    return batch, sizes


def one(batch: Tensor, index: int, size: tuple[int, int]) -> np.ndarray:
    return batch[index, :, : size[0], : size[1]].permute(1, 2, 0).numpy()


def test_luma(rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    found = luma(torch.from_numpy(image).permute(2, 0, 1)[None].float())[0, 0]
    np.testing.assert_array_equal(found.numpy(), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize(("source", "target"), [((12, 18), (200, 301)), ((80, 144), (640, 1152)), ((7, 9), (7, 33))])
def test_enlarging_levels(rng: np.random.Generator, source: tuple[int, int], target: tuple[int, int]) -> None:
    image = rng.integers(0, 256, (*source, 3), dtype=np.uint8)
    taps = [linear_taps(to, of) for to, of in zip(target, source, strict=True)]
    found = resize_levels(torch.from_numpy(image).permute(2, 0, 1)[None], *taps)
    np.testing.assert_array_equal(one(found, 0, target), cv2.resize(image, target[::-1]))


@pytest.mark.parametrize("size", [(80, 144), (213, 384), (320, 576), (128, 192), (300, 301), (640, 1152)])
def test_reducing_areas(rng: np.random.Generator, size: tuple[int, int]) -> None:
    image = rng.integers(0, 256, (640, 1152), dtype=np.uint8)
    found = area_reduce(torch.from_numpy(image)[None, None].float(), size)[0, 0]
    np.testing.assert_array_equal(found.numpy(), cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA))


def test_percentiles(rng: np.random.Generator) -> None:
    values = rng.integers(0, 256, (3, 1001), dtype=np.uint8)
    for percent in (0.0, 50.0, 98.7, 99.0, 100.0):
        found = percentile(torch.from_numpy(values).float(), percent).numpy()
        np.testing.assert_allclose(found, np.percentile(values, percent, axis=1), rtol=tolerance("f32-reorder"))


def test_lattices_are_enlarged_alike(rng: np.random.Generator) -> None:
    lattice = rng.uniform(0, 1000, (14, 19, 2)).astype(np.float32)
    found = enlarge(torch.from_numpy(lattice).permute(2, 0, 1)[None], (93, 130))
    expected = enlarge_one(lattice, (93, 130))
    np.testing.assert_allclose(one(found, 0, (93, 130)) / 1000, expected / 1000, atol=tolerance("f32-reorder"))


def test_warping_and_its_border(rng: np.random.Generator) -> None:
    source = rng.integers(0, 256, (97, 130, 3), dtype=np.uint8)
    rows, columns = np.mgrid[-10:110:15j, -10:140:20j]
    lattice = np.stack([columns + 0.1 * rows, rows], -1).astype(np.float32) + rng.normal(0, 1, (15, 20, 2))
    lattice = lattice.astype(np.float32)
    expected = np.empty((100, 140, 3), np.uint8)
    warp_one(source, lattice, expected, border=(10, 200, 90))
    found = warp(
        torch.from_numpy(source).permute(2, 0, 1)[None].float(),
        torch.from_numpy(lattice).permute(2, 0, 1)[None],
        (100, 140),
        torch.tensor([[10.0, 200.0, 90.0]]),
    )
    wrong = one(found, 0, (100, 140)) - expected
    assert np.abs(wrong).max() <= tolerance("batch-level")
    assert (wrong != 0).mean() < tolerance("batch-share")


def test_each_picture_is_blurred_by_its_own_kernel_to_its_own_edges(rng: np.random.Generator) -> None:
    images = [noisy(rng, size) for size in SIZES]
    batch, sizes = padded(images)
    kernels = stack_kernels([gaussian_kernel(1.4), gaussian_kernel(0.25), np.array([256], np.float32)])
    found = gaussian_blur(mirrored(batch, sizes, kernels.shape[1] // 2), kernels)
    for index, expected in enumerate(
        (cv2.GaussianBlur(images[0], (0, 0), 1.4), cv2.GaussianBlur(images[1], (0, 0), 0.25), images[2])
    ):
        np.testing.assert_array_equal(one(found, index, SIZES[index]), expected)


@pytest.mark.parametrize("sigma", np.linspace(0.2, 3, 15))
def test_gaussian_kernels(rng: np.random.Generator, sigma: float) -> None:
    image = noisy(rng, SIZES[0])
    kernels = stack_kernels([gaussian_kernel(sigma)])
    batch, sizes = padded([image])
    found = gaussian_blur(mirrored(batch, sizes, kernels.shape[1] // 2), kernels)
    np.testing.assert_array_equal(one(found, 0, SIZES[0]), cv2.GaussianBlur(image, (0, 0), sigma))


def test_motion_blur(rng: np.random.Generator) -> None:
    images = [noisy(rng, size) for size in SIZES]
    batch, sizes = padded(images)
    raw = [rng.uniform(0, 1, (side, side)).astype(np.float32) for side in (3, 5, 7)]
    kernels = [kernel / kernel.sum() for kernel in raw]
    found = motion_blur(mirrored(batch, sizes, 3), stack_kernels(kernels))
    for index, (image, kernel) in enumerate(zip(images, kernels, strict=True)):
        wrong = one(found, index, SIZES[index]) - cv2.filter2D(image, -1, kernel)
        assert np.abs(wrong).max() <= 1
        assert (wrong != 0).mean() < tolerance("batch-share")


@pytest.mark.parametrize("quality", [35, 50, 74, 95])
def test_jpeg(rng: np.random.Generator, quality: int) -> None:
    """Pictures of odd and even sizes, whole blocks and not, in one batch."""
    images = [noisy(rng, size) for size in (*SIZES, (96, 128), (33, 16))]
    batch, sizes = padded(images)
    tables = torch.from_numpy(np.stack([quantisation_tables(quality)] * len(images)))
    found = jpeg(batch, sizes, tables)
    for index, image in enumerate(images):
        data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        wrong = one(found, index, (image.shape[0], image.shape[1])) - cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(wrong).mean() < tolerance("batch-jpeg-noise")
        # Edges are continued, and halves rounded, as libjpeg does both.
        assert abs(wrong.mean()) < tolerance("batch-jpeg-noise") / 4
        assert np.abs(wrong[:, -8:]).mean() + np.abs(wrong[-8:]).mean() < 4 * tolerance("batch-jpeg-noise")


def test_quantisation_tables() -> None:
    """As in the file's header."""
    for quality in (1, 40, 50, 77, 100):
        data = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        # Where the tables lie in the file: 8-bit steps in zigzag order, after the marker, the length and the number.
        written = [sorted(data[at + 5 : at + 69]) for at in range(len(data)) if data[at : at + 2] == b"\xff\xdb"]
        assert written == [sorted(table.ravel().astype(int)) for table in quantisation_tables(quality)]
    with pytest.raises(ValueError, match="from 1 to 100, got 0"):
        quantisation_tables(0)
