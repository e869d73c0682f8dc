"""What the page network is given of a picture: how dark it is against its own paper."""

from __future__ import annotations

import cv2
import numpy as np

PAPER_MM = 4.0
"""Letters and lines are narrower than this, so that the brightest value within it is the paper's."""
QUARTER = 4
LEAST_PAPER = 32


def page_ink(picture: np.ndarray, *, px_per_mm: float, multiple: int = 1) -> np.ndarray:
    """What the page network takes of a picture.

    Args:
        picture: uint8 RGB (h, w, 3).
        px_per_mm: its scale.
        multiple: height and width are filled up with paper to multiples of this.

    Returns:
        uint8 (2, h', w'), 0 is paper: ink in the brightest and in the darkest channel. Coloured lines are weak in the
        first of them.
    """
    height, width = picture.shape[:2]
    small = (max(1, width // QUARTER), max(1, height // QUARTER))
    side = round(PAPER_MM * px_per_mm / QUARTER) | 1
    paper = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    paper = cv2.blur(cv2.dilate(paper, np.ones((side, side), np.uint8)), (side, side))
    paper = cv2.resize(np.maximum(paper, LEAST_PAPER), (width, height), interpolation=cv2.INTER_LINEAR)
    # Memory is used again wherever it can be: a page of it is dearer than the arithmetic on it.
    red, green, blue = cv2.split(cv2.divide(picture, paper, dst=paper, scale=255.0))
    ink = np.zeros((2, height + -height % multiple, width + -width % multiple), np.uint8)
    both = cv2.max(red, green)
    cv2.bitwise_not(cv2.max(both, blue, dst=both), dst=ink[0, :height, :width])
    cv2.min(red, green, dst=both)
    cv2.bitwise_not(cv2.min(both, blue, dst=both), dst=ink[1, :height, :width])
    return ink
