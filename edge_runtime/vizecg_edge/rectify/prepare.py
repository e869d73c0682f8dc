"""Reduced ink images of a photograph: what the search for grid and traces works on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.halves import half
from vizecg_edge.rectify.reasons import Reason, refusal

WORK_SIDE = 1600
"""Longest side of the reduced photograph, in pixels: 5 mm squares are still 12 to 35 px wide."""
LONGEST = 16 / 9
"""Pictures that are longer than this, by their width, show long paper: they are reduced to as many pixels as others."""
SPARED = 0.9
"""Photographs that still have this share of the pixels along their side are halved, which is ten times as fast as any
other reduction."""
LEAST_SIDE = 400
"""Photographs with a longer side below this cannot hold a readable 250 mm block of traces."""
DARK_PAPER = 45.0
"""The brightest tenth of a picture's background must reach this (0 to 255)."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A reduced photograph.

    ``scale``: reduced pixels per photograph pixel (1 or less). ``halves``: the photograph, halved 0, 1, 2... times,
    and at last as it was reduced for the search.
    ``grid_ink``: uint8 (h, w), darkness of the darkest colour channel against the paper around it, in which coloured
    grid lines are strong. ``trace_ink``: the same for the brightest channel, in which coloured lines are weak and
    black traces are strong.
    """

    scale: float
    halves: tuple[np.ndarray, ...]
    grid_ink: np.ndarray
    trace_ink: np.ndarray

    @property
    def to_work(self) -> np.ndarray:
        """(3, 3) float64: photograph pixel centres -> reduced pixel centres."""
        s = self.scale
        return np.array([[s, 0, (s - 1) / 2], [0, s, (s - 1) / 2], [0, 0, 1]], np.float64)


def check_image(image: np.ndarray) -> None:
    """Refuse anything but a uint8 (H, W, 3) image of a sensible size."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise refusal(Reason.INVALID_IMAGE, f"expected uint8 (H, W, 3) RGB, got {image.dtype} {image.shape}")
    if max(image.shape[:2]) < LEAST_SIDE or min(image.shape[:2]) < LEAST_SIDE // 3:
        raise refusal(Reason.TOO_SMALL, f"{image.shape[1]} x {image.shape[0]} px")


def prepare(image: np.ndarray) -> Work:
    """uint8 RGB photograph (H, W, 3) -> reduced ink images.

    Raises:
        InputRefusedError: invalid_image, too_small or too_dark.
    """
    check_image(image)
    sizes = [image]
    side = WORK_SIDE * float(np.sqrt(max(1.0, max(image.shape[:2]) / min(image.shape[:2]) / LONGEST)))
    while max(sizes[-1].shape) >= 2 * SPARED * side:
        sizes.append(half(sizes[-1]))
    reduced = sizes[-1]
    scale = 0.5 ** (len(sizes) - 1)
    rest = min(1.0, side / max(reduced.shape))
    if rest < 1:
        # From less than twice the size, every pixel still counts between its neighbours.
        size = (round(reduced.shape[1] * rest), round(reduced.shape[0] * rest))
        scale *= size[0] / reduced.shape[1]
        reduced = cv2.resize(reduced, size, interpolation=cv2.INTER_LINEAR)
        sizes.append(reduced)
    red, green, blue = cv2.split(reduced)
    dark = cv2.min(cv2.min(red, green), blue)
    light = cv2.max(cv2.max(red, green), blue)
    paper = _paper(light)
    brightness = float(np.percentile(paper[::8, ::8], 90))
    if brightness < DARK_PAPER:
        raise refusal(Reason.TOO_DARK, f"brightness {brightness:.0f} of 255")
    return Work(scale=scale, halves=tuple(sizes), grid_ink=ink_of(dark), trace_ink=_ink(light, paper))


def percentile_of(values: np.ndarray, percent: float, mask: np.ndarray | None = None) -> float:
    """``np.percentile`` of uint8 (h, w), where ``mask`` (uint8) is not 0; from a histogram. 0 for an empty mask."""
    counts = np.cumsum(cv2.calcHist([values], [0], mask, [256], [0, 256]).ravel().astype(np.int64))
    rank = percent / 100 * max(0, int(counts[-1]) - 1)
    below, above = (int(np.searchsorted(counts, int(k), side="right")) for k in (np.floor(rank), np.ceil(rank)))
    return float(below + (above - below) * (rank - np.floor(rank))) if counts[-1] else 0.0


def ink_of(channel: np.ndarray) -> np.ndarray:
    """uint8 (h, w) brightness -> uint8 ink: 0 is paper, 255 is black on white."""
    return _ink(channel, _paper(channel))


def _paper(channel: np.ndarray) -> np.ndarray:
    """Brightness of the paper around each pixel: the brightest value near by, smoothed."""
    side = max(9, round(max(channel.shape) / 70)) | 1
    spread = cv2.dilate(channel, np.ones((side, side), np.uint8))
    small = cv2.resize(spread, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), side / 8, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (channel.shape[1], channel.shape[0]), interpolation=cv2.INTER_LINEAR)


def _ink(channel: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """255 * (1 - channel / paper), clipped: 0 is paper."""
    # Very dark surroundings would turn their noise into ink.
    return cv2.bitwise_not(cv2.divide(channel, cv2.max(paper, 32), scale=255.0))
