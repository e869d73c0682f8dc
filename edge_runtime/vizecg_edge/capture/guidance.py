"""What a frame looks like at a glance, in a few milliseconds: enough to guide the hand and to choose frames."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import cv2
import numpy as np

GLANCE_SIDE = 640
"""Longest side of the reduced frame: the 5 mm squares of a sheet that fills it are 10 pixels wide."""
CROP_SIDE = 640
"""Side of the middle of the frame that sharpness is measured on, not reduced."""
GRID_SIDE = 320
"""Side of the middle of the reduced frame in which the grid is looked for."""
SHORTEST_PX, LONGEST_PX = 2.5, 24.0
"""Periods of the 5 mm squares that are looked for, in reduced pixels."""
FUNDAMENTAL, LEAST_STRENGTH = 0.25, 6.0
"""A period counts as strong from this share of the strongest one, and from this strength on."""
_BLANK = 1e-6


class Hint(str, Enum):
    """The most important thing about a frame; its value is what people read."""

    TOO_DARK = "too dark: more light on the paper"
    NO_SHEET = "no ECG paper seen: hold the printout in the middle of the picture"
    TOO_FAR = "too far: move closer"
    MOVING = "hold still"
    GLARE = "glare on the paper: tilt it away from the light"
    FOUND = "sheet found"


@dataclass(frozen=True, kw_only=True)
class HintLimits:
    """Where hints begin.

    Attributes:
        brightness: of the brighter part of the frame, 0 to 255.
        grid: see ``Glance.grid``.
        px_per_mm: of the frame.
        motion: see ``Glance.motion``.
        glare: share of the frame.
    """

    brightness: float = 60.0
    grid: float = 9.0
    px_per_mm: float = 2.2
    motion: float = 0.06
    glare: float = 0.04


@dataclass(frozen=True, kw_only=True)
class Glance:
    """Measures of a frame.

    Attributes:
        brightness: upper quartile, 0 to 255.
        sharpness: variance of the Laplacian in the middle of the frame.
        motion: mean change since the frame before, relative to the contrast; 0 where there is none before.
        grid: strength of the strongest pattern of squares, against other patterns of the same fineness.
        px_per_mm: what this period, taken for the 5 mm squares, makes of the frame; 0 without a grid.
        glare: share of the frame that is burnt out although the paper around it is not.
    """

    brightness: float
    sharpness: float
    motion: float
    grid: float
    px_per_mm: float
    glare: float

    def hint(self, limits: HintLimits) -> Hint:
        if self.brightness < limits.brightness:
            return Hint.TOO_DARK
        if self.motion > limits.motion:
            return Hint.MOVING
        if self.grid < limits.grid:
            return Hint.NO_SHEET
        if self.px_per_mm < limits.px_per_mm:
            return Hint.TOO_FAR
        if self.glare > limits.glare:
            return Hint.GLARE
        return Hint.FOUND


class Watcher:
    """Glances at frames of one source, one after the other; it remembers the one before."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def glance(self, image: np.ndarray) -> Glance:
        """Measure a frame, uint8 RGB (H, W, 3)."""
        scale = min(1.0, GLANCE_SIDE / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        # Red grid lines are strongest in the darkest channel.
        red, green, blue = cv2.split(small)
        dark = cv2.min(cv2.min(red, green), blue)
        strength, period = _grid(dark)
        before, self._before = self._before, cv2.GaussianBlur(dark, (0, 0), 1.5)
        return Glance(
            brightness=float(np.percentile(green[::4, ::4], 75)),
            sharpness=_sharpness(image),
            motion=_motion(before, self._before),
            grid=strength,
            px_per_mm=period / 5 / scale,
            glare=_glare(dark),
        )


def _sharpness(image: np.ndarray) -> float:
    height, width = image.shape[:2]
    top, left = max(0, (height - CROP_SIDE) // 2), max(0, (width - CROP_SIDE) // 2)
    grey = cv2.cvtColor(image[top : top + CROP_SIDE, left : left + CROP_SIDE], cv2.COLOR_RGB2GRAY)
    # A little smoothing: the noise of a dark frame is no sharpness.
    return float(cv2.Laplacian(cv2.GaussianBlur(grey, (3, 3), 0.7), cv2.CV_16S).var())


def _motion(before: np.ndarray | None, now: np.ndarray) -> float:
    if before is None or before.shape != now.shape:
        return 0.0
    return float(cv2.absdiff(before, now).mean() / max(4.0, now[::4, ::4].std()))


def _grid(channel: np.ndarray) -> tuple[float, float]:
    """Strength and period (pixels) of the strongest square pattern in the middle of uint8 (h, w)."""
    side = min(GRID_SIDE, *channel.shape) // 2 * 2
    top, left = (channel.shape[0] - side) // 2, (channel.shape[1] - side) // 2
    middle = channel[top : top + side, left : left + side].astype(np.float32)
    # Traces and edges are stronger than grid lines, but not regular.
    detail = np.clip(middle - cv2.GaussianBlur(middle, (0, 0), 8), -24, 24)
    plane = cv2.dft(detail * cv2.createHanningWindow((side, side), cv2.CV_32F), flags=cv2.DFT_COMPLEX_OUTPUT)
    spectrum = np.fft.fftshift(cv2.magnitude(plane[..., 0], plane[..., 1]))
    radius, rings, sizes = _rings(side)
    usual = np.bincount(rings.ravel(), spectrum.ravel()) / sizes
    # Against the other patterns of the same fineness: a picture has more of the coarse ones.
    ratio = spectrum / np.maximum(usual[rings], max(_BLANK, 1e-3 * float(usual.max()))).astype(np.float32)
    # A grid has the same period along two directions at right angles, lines of print do not; (0, 0) is off the middle
    # of an even side, hence the border.
    ratio, radius = ratio[1:, 1:], radius[1:, 1:]
    both = np.minimum(ratio, np.rot90(cv2.dilate(ratio, np.ones((7, 7), np.uint8))))
    both[(radius <= side / LONGEST_PX) | (radius >= side / SHORTEST_PX)] = 0
    strongest = float(both.max())
    # The longest of the strong periods: the others are parts of it.
    strong = both >= min(strongest, max(FUNDAMENTAL * strongest, LEAST_STRENGTH))
    first = float(radius[strong].min()) if strongest > 0 else side
    return strongest, side / max(1.0, first)


@lru_cache(maxsize=4)
def _rings(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance from the middle, the same in whole numbers, and how many points each whole number has."""
    steps = np.arange(side, dtype=np.float32) - side // 2
    radius = np.hypot(steps[:, None], steps[None])
    rings = radius.astype(np.int32)
    return radius, rings, np.bincount(rings.ravel())


def _glare(dark: np.ndarray) -> float:
    light = cv2.blur(dark, (9, 9))
    if float(np.median(light[::2, ::2])) > 235:
        return 0.0
    return float((light >= 252).mean())
