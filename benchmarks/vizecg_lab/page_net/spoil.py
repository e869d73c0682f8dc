"""Drawn pages as flattened photographs show them, with their truth moved along."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from vizecg_edge.printed.page_net import PX_PER_MM
from vizecg_lab.page_net.canvas import DrawnPage, TrueName

TURNED_DEG, STRETCHED = 3.0, 0.04
"""What flattening may leave: in one page of four nothing, else normally distributed with half of this."""


class Look(str, Enum):
    """``clean``: a file of the device's own; ``scan``; ``photo``; ``coarse``: a small photograph or a message;
    ``two_level``: black and white, as faxes."""

    CLEAN = "clean"
    SCAN = "scan"
    PHOTO = "photo"
    COARSE = "coarse"
    TWO_LEVEL = "two_level"


SHARES = {Look.CLEAN: 0.2, Look.SCAN: 0.18, Look.PHOTO: 0.32, Look.COARSE: 0.22, Look.TWO_LEVEL: 0.08}
_SCALES = {
    Look.CLEAN: (3.5, 8.0), Look.SCAN: (4.0, 8.0), Look.PHOTO: (4.0, 8.0), Look.COARSE: (2.5, 4.2),
    Look.TWO_LEVEL: (3.6, 8.0),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SeenPage:
    """A page as the page network is given it, ``PX_PER_MM`` pixels a millimetre.

    Attributes:
        picture: uint8 RGB (h, w, 3).
        masks: uint8 (h, w, 3), ``ignored``: uint8 (h, w), see ``DrawnPage``.
        names: in millimetres of the picture.
    """

    picture: np.ndarray
    masks: np.ndarray
    ignored: np.ndarray
    names: tuple[TrueName, ...]


def seen(page: DrawnPage, rng: np.random.Generator, *, look: Look | None = None) -> SeenPage:
    """Photograph, scan or copy a page, and lay it flat not quite rightly."""
    look = look or list(SHARES)[int(rng.choice(len(SHARES), p=list(SHARES.values())))]
    scale = float(np.exp(rng.uniform(*np.log(_SCALES[look])))) / page.px_per_mm
    image = cv2.resize(page.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if look is Look.TWO_LEVEL:
        image = _two_levels(image, rng)
    elif look is not Look.CLEAN or rng.random() < 0.3:
        image = _taken(image, rng, strength=0.5 if look in (Look.SCAN, Look.CLEAN) else 1.0)
    size = tuple(round(side * PX_PER_MM / page.px_per_mm) for side in page.image.shape[1::-1])
    move = _misplaced(size, rng)
    names = tuple(_moved(name, move) for name in page.names)
    inside = tuple(
        name for name in names if 0 < name.x_mm < size[0] / PX_PER_MM and 0 < name.y_mm < size[1] / PX_PER_MM
    )
    outside = (255, 255, 255) if rng.random() < 0.6 else tuple(int(level) for level in rng.integers(0, 255, 3))
    masks, ignored = (
        _warped(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), move, size, (0, 0, 0))
        for layer in (page.masks, page.ignored)
    )
    return SeenPage(picture=_flattened(image, move, size, outside), masks=masks, ignored=ignored, names=inside)


def _misplaced(size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(2, 3): where a picture at the right scale really comes to lie, in pixels."""
    if rng.random() < 0.25:
        return np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    angle = np.deg2rad(np.clip(rng.normal(0, TURNED_DEG / 2), -TURNED_DEG, TURNED_DEG))
    grow = 1 + np.clip(rng.normal(0, STRETCHED / 2, 2), -STRETCHED, STRETCHED)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * grow
    middle = (np.array(size, np.float64) - 1) / 2
    return np.hstack([turn, (middle - turn @ middle + rng.uniform(-4, 4, 2))[:, None]])


def _moved(name: TrueName, move: np.ndarray) -> TrueName:
    x, y = move[:, :2] @ (np.array([name.x_mm, name.y_mm]) * PX_PER_MM - 0.5) + move[:, 2]
    return TrueName(
        name=name.name,
        x_mm=float(x + 0.5) / PX_PER_MM,
        y_mm=float(y + 0.5) / PX_PER_MM,
        height_mm=name.height_mm * float(np.hypot(*move[:, 1])),
        counts=name.counts,
    )


def _flattened(image: np.ndarray, move: np.ndarray, size: tuple[int, ...], outside: tuple[int, ...]) -> np.ndarray:
    """An image of any scale -> the picture, through one warp."""
    grow = size[0] / image.shape[1]
    if grow < 0.75:
        image = cv2.GaussianBlur(image, (3, 3), 0.29 / (grow * 1.25))
    place = np.array([[grow, 0, (grow - 1) / 2], [0, grow, (grow - 1) / 2], [0, 0, 1]])
    return _warped(image, move @ place, size, outside)


def _warped(image: np.ndarray, move: np.ndarray, size: tuple[int, ...], outside: tuple[int, ...]) -> np.ndarray:
    return cv2.warpAffine(
        image, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside
    )


def _taken(image: np.ndarray, rng: np.random.Generator, *, strength: float) -> np.ndarray:
    """Blur, light, contrast, noise and compression of a camera or a scanner."""
    blur = rng.random()
    if blur < 0.7:
        image = cv2.GaussianBlur(image, (0, 0), 0.15 + strength * abs(rng.normal(0, 0.75)))
    elif blur < 0.8:
        length = int(rng.integers(2, 5))
        kernel = np.eye(length, dtype=np.float32) if rng.random() < 0.5 else np.ones((1, length), np.float32)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    elif blur < 0.88:
        image = cv2.addWeighted(image, 2.2, cv2.GaussianBlur(image, (0, 0), 1.2), -1.2, 0)
    height, width = image.shape[:2]
    rough = rng.uniform(1 - 0.5 * strength, 1.0, (3, 4)).astype(np.float32)
    light = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.3 * strength:
        shadow = np.ones((height, width), np.float32)
        corners = rng.uniform(-0.3, 1.3, (4, 2)) * [width, height]
        cv2.fillConvexPoly(shadow, cv2.convexHull(corners.astype(np.int32)), float(rng.uniform(0.45, 0.85)))
        light *= cv2.GaussianBlur(shadow, (0, 0), float(rng.uniform(2, 30)))
    colour = rng.uniform(1 - 0.25 * strength, 1.0, 3).astype(np.float32)
    flat = float(rng.uniform(0, 70)) * strength  # veiling light: black is no longer black
    shown = cv2.multiply(image, _coloured(light, colour), scale=(255 - flat) / 255, dtype=cv2.CV_8U)
    shown = cv2.add(shown, _coloured(light * flat, colour), dtype=cv2.CV_8U)
    if rng.random() < 0.7:
        deep = 1 if rng.random() < 0.5 else 3
        cv2.setRNGSeed(int(rng.integers(1 << 30)))
        noise = np.zeros((height, width, deep), np.int8)
        cv2.randn(noise, (0,) * deep, (min(40.0, strength * abs(rng.normal(0, 7)) + 0.01),) * deep)
        noise = np.repeat(noise, 3, axis=2) if deep == 1 else noise
        shown = cv2.add(shown, noise, dtype=cv2.CV_8U)
    image = shown
    if rng.random() < 0.12:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    quality = int(rng.integers(25, 95))
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    )


def _two_levels(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.2, 0.8))).astype(np.float32)
    grey += rng.normal(0, rng.uniform(0, 12), grey.shape).astype(np.float32)
    levels = np.where(grey > rng.uniform(110, 225), 255, 0).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB)


def _coloured(light: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """float32 (h, w) and (3,) -> (h, w, 3)."""
    return cv2.merge([light * float(level) for level in colour])
