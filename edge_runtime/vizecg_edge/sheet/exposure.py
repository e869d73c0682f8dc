"""How bright the paper of a page is."""

from __future__ import annotations

import cv2
import numpy as np


def exposure_of(sheet: np.ndarray) -> float:
    """Brightness (0 to 255) of the darker half of the paper: upper quartile of the brightest channel, by patches."""
    red, green, blue = cv2.split(np.ascontiguousarray(sheet[::4, ::4]))
    light = cv2.max(cv2.max(red, green), blue)
    rows, columns = light.shape[0] // 8, light.shape[1] // 8
    patches = light[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 64)
    paper = np.partition(patches, 47, axis=1)[:, 47]
    return float(np.percentile(paper, 25))
