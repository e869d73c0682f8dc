"""What becomes of a picture after it is taken: sharpened by a telephone, faxed, made small by a messenger."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from vizecg.render.mapping import SheetToPhoto
from vizecg.spec.condition import Finish

_AMOUNT, _HALO_PX = (0.8, 2.5), (0.8, 2.2)
_MESSAGE_PX = (500, 700)
_FAX_LINES = 0.5  # of a picture's rows, at the coarsest
_FAX_AROUND_PX = 41


def finished(
    image: np.ndarray, mapping: SheetToPhoto, finish: Finish, rng: np.random.Generator, *, strength: float = 1.0
) -> tuple[np.ndarray, SheetToPhoto]:
    """A picture, uint8 RGB (H, W, 3), after a finish, and where the sheet is in it then.

    Args:
        image: not changed.
        mapping: sheet to picture.
        finish: what is done.
        rng: by how much, and where specks lie.
        strength: 0 to 1; a fax has two levels whatever it is.
    """
    if finish is Finish.SHARPENED:
        return _sharpened(image, strength, rng), mapping
    if finish is Finish.FAX:
        return _faxed(image, strength, rng), mapping
    width = int(rng.integers(*_MESSAGE_PX))
    image, mapping = _resized(image, mapping, width)
    return _compressed(image, round(90 - 50 * strength * rng.uniform(0.3, 1.0))), mapping


def _sharpened(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """An unsharp mask, as telephones and scanners lay it on."""
    amount, sigma = strength * rng.uniform(*_AMOUNT), rng.uniform(*_HALO_PX)
    sharp = cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), sigma), -amount, 0)
    return _compressed(sharp, int(rng.integers(70, 96)))


def _faxed(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Black where it is darker than a share of the paper around, or of all paper; coarser lines; specks."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    rows = round(height * (1 - (1 - _FAX_LINES) * strength * rng.uniform(0, 1)))
    grey = cv2.resize(grey, (width, max(1, rows)), interpolation=cv2.INTER_AREA)
    level = float(rng.uniform(0.55, 0.88))
    paper: np.ndarray | float = float(np.percentile(grey[::7, ::7], 90))
    if rng.random() < 0.6:  # as scanners do that follow the light across the page
        around = cv2.dilate(grey, np.ones((5, 5), np.uint8))
        paper = cv2.blur(around, (_FAX_AROUND_PX, _FAX_AROUND_PX)).astype(np.float32)
    black = grey < level * paper
    specks = rng.random(black.shape) < 0.0008 * strength * rng.uniform(0, 1)
    levels = np.where(black ^ specks, 0, 255).astype(np.uint8)
    levels = cv2.resize(levels, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB)


def _resized(image: np.ndarray, mapping: SheetToPhoto, width: int) -> tuple[np.ndarray, SheetToPhoto]:
    height = round(image.shape[0] * width / image.shape[1])
    across, down = width / image.shape[1], height / image.shape[0]
    kernel = cv2.INTER_AREA if across < 1 else cv2.INTER_LINEAR
    image = cv2.resize(image, (width, height), interpolation=kernel)
    return image, replace(mapping, homography=stretching(across, down) @ mapping.homography, size=(height, width))


def stretching(across: float, down: float) -> np.ndarray:
    """(3, 3): pixel centres of a picture to those of the same picture made so many times as wide and high."""
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
