"""Sheet -> network input. The only implementation: training, calibration and the edge all call this one.

Steps, on a uint8 RGB sheet (H, W, 3):

1. luma (OpenCV's RGB2GRAY weights, rounded to uint8);
2. paper brightness: grey dilation with a square of ``paper_mm``, area-averaged by ``paper_shrink``, Gaussian blur,
   bilinear enlargement: light gradients and shadows are in it, ink and grid lines are not;
3. ink = 1 - luma / paper, clipped to 0..1;
4. reduction to (height, width) with ``cv2.INTER_AREA`` (a plain mean where the ratio is whole);
5. contrast: division by the ``contrast_percentile`` of the ink, at least ``contrast_floor``; times ``INK_UNIT``,
   rounded half to even, saturated at 255: the *ink map*, uint8 (height, width), which caches store;
6. (ink map / 255 - mean) / std: float32 (1, 1, height, width).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from vizecg.spec.checks import check_types
from vizecg.spec.sheet import SheetSpec

MOST_PIXELS = 2_000_000
"""Of a network's input; the usual one has 0.2 million."""
LEAST_SPREAD, LARGEST = 1e-3, 1e3
"""Ink is between 0 and 1: constants beyond these say nothing, and float32 overflows by them."""
INK_UNIT = 170.0
"""Ink map value of ink at the contrast percentile: darker ink still has room up to 255."""


@dataclass(frozen=True, kw_only=True)
class PreprocessSpec:
    """Size and constants of the network input; written into every checkpoint and bundle."""

    height: int = 320
    width: int = 576
    paper_mm: float = 2.25
    paper_shrink: int = 8
    paper_blur_mm: float = 4.0
    contrast_percentile: float = 99.0
    contrast_floor: float = 0.12
    mean: float = 0.12
    std: float = 0.18

    def __post_init__(self) -> None:
        if not (32 <= self.height <= 4096 and 32 <= self.width <= 4096):
            raise ValueError(f"input size {self.height} x {self.width} is outside 32 to 4096")
        if self.height * self.width > MOST_PIXELS:
            raise ValueError(f"input size {self.height} x {self.width} is larger than {MOST_PIXELS:,} pixels")
        if not (LEAST_SPREAD <= self.std <= LARGEST and abs(self.mean) <= LARGEST):
            raise ValueError(f"std is outside {LEAST_SPREAD:g} to {LARGEST:g}, or mean beyond {LARGEST:g}")
        if not (self.contrast_floor >= LEAST_SPREAD and self.paper_shrink >= 1):
            raise ValueError(f"contrast_floor is below {LEAST_SPREAD:g}, or paper_shrink below 1")
        if not (0 < self.paper_mm <= 20 and 0 < self.paper_blur_mm <= 50 and self.paper_shrink <= 64):
            raise ValueError("paper_mm, paper_blur_mm or paper_shrink is outside 0 to 20 mm, 0 to 50 mm, 1 to 64")
        if not (0 <= self.contrast_percentile <= 100 and self.contrast_floor <= 1):
            raise ValueError("contrast_percentile is outside 0 to 100, or contrast_floor above 1")

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, C, height, width) of one network input."""
        return 1, 1, self.height, self.width

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PreprocessSpec:
        spec = cls(**data)
        check_types(spec)
        return spec


def check_sheet(sheet: np.ndarray, spec: SheetSpec) -> None:
    """Raise ValueError unless ``sheet`` is a uint8 RGB image of the size that ``spec`` says."""
    if sheet.dtype != np.uint8 or sheet.shape != spec.shape:
        raise ValueError(f"expected a uint8 sheet of shape {spec.shape}, got {sheet.dtype} {sheet.shape}")


def ink_map(sheet: np.ndarray, *, sheet_spec: SheetSpec, spec: PreprocessSpec) -> np.ndarray:
    """uint8 RGB sheet (H, W, 3) -> uint8 ink map (height, width): 0 is paper, high is ink.

    Raises:
        ValueError: the sheet has another dtype or size than ``sheet_spec`` says.
    """
    check_sheet(sheet, sheet_spec)
    luma = cv2.cvtColor(sheet, cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    side = max(3, round(spec.paper_mm * sheet_spec.px_per_mm) | 1)
    paper = cv2.dilate(luma, np.ones((side, side), np.uint8))
    small_size = (max(1, width // spec.paper_shrink), max(1, height // spec.paper_shrink))
    small = cv2.resize(paper, small_size, interpolation=cv2.INTER_AREA)
    sigma = spec.paper_blur_mm * sheet_spec.px_per_mm / spec.paper_shrink
    small = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    # Clamping keeps black borders (outside the photograph) from dividing by zero.
    paper = cv2.max(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), 16)
    brightness = cv2.divide(luma, paper, scale=255.0)
    ink = cv2.resize(cv2.bitwise_not(brightness), (spec.width, spec.height), interpolation=cv2.INTER_AREA)
    contrast = max(_percentile(ink, spec.contrast_percentile), 255.0 * spec.contrast_floor)
    return cv2.convertScaleAbs(ink, alpha=INK_UNIT / contrast)


def _percentile(values: np.ndarray, percent: float) -> float:
    """``np.percentile`` of uint8 (h, w), to the last bit, from a histogram: in a tenth of the time."""
    counts = np.cumsum(cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().astype(np.int64))
    rank = (values.size - 1) * (percent / 100)
    low = int(rank)
    below, above = (int(np.searchsorted(counts, k, side="right")) for k in (low, min(low + 1, values.size - 1)))
    share = rank - low
    # Rounded as numpy does it, from the nearer end.
    return above - (above - below) * (1 - share) if share >= 0.5 else below + (above - below) * share


def normalise(inks: np.ndarray, spec: PreprocessSpec) -> np.ndarray:
    """uint8 ink maps (n, height, width) -> float32 (n, 1, height, width)."""
    if inks.dtype != np.uint8 or inks.ndim != 3 or inks.shape[1:] != (spec.height, spec.width):
        raise ValueError(f"expected uint8 (n, {spec.height}, {spec.width}) ink maps, got {inks.dtype} {inks.shape}")
    scaled = inks[:, None].astype(np.float32) / np.float32(255)
    return (scaled - np.float32(spec.mean)) / np.float32(spec.std)


def preprocess(sheet: np.ndarray, *, sheet_spec: SheetSpec, spec: PreprocessSpec) -> np.ndarray:
    """uint8 RGB sheet (H, W, 3) -> float32 network input (1, 1, height, width)."""
    return normalise(ink_map(sheet, sheet_spec=sheet_spec, spec=spec)[None], spec)
