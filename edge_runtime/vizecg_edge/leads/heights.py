"""The rows of a page as rough signals: what tells which lead is which, before any is read with care."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.rectify.traces import PX_PER_MM

LEAST_INK_MM = 4.2
"""Connected ink smaller than this is a letter or a speck."""
APART_MM, WORD_MM = 2.0, 5.5
"""Ink this far from the baseline and no higher than a word is left out."""
BRIDGE = (5, 7)
"""Gaps in the ink up to this many pixels (down, across) are bridged."""
SMOOTH_PX = 1.6


def heights_of(mask: np.ndarray, baselines_mm: tuple[float, ...]) -> np.ndarray:
    """Ink mask (h, w) and baselines of its rows -> (rows, w) float32 heights in mm, up positive.

    One sample per column of the mask; 0 on the baseline, between neighbours where there is no ink.
    """
    width = mask.shape[1]
    baselines = np.array(baselines_mm) * PX_PER_MM - 0.5
    spacing = float(np.min(np.diff(baselines))) if len(baselines) > 1 else 30.0 * PX_PER_MM
    # Nothing further away belongs to the rows.
    above = max(0, round(baselines[0] - spacing))
    mask = mask[above : round(baselines[-1] + spacing) + 1]
    baselines = baselines - above
    # Grid lines that were taken out have cut the traces into dashes.
    _, labels, stats, centres = cv2.connectedComponentsWithStats(cv2.dilate(mask, np.ones(BRIDGE, np.uint8)))
    large = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= LEAST_INK_MM * PX_PER_MM
    large[0] = False
    distance = np.abs(centres[:, 1][:, None] - baselines[None])
    tall = large & (stats[:, cv2.CC_STAT_HEIGHT] > spacing)
    upper, lower = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    signals = np.zeros((len(baselines), width), np.float32)
    for index, y in enumerate(baselines.tolist()):
        # A tall wave may reach into the next row's band, but its middle is nearer its own.
        # Words, and what is left of grid lines, are low and stand away from the baseline.
        apart = np.maximum(upper - y, y - lower) > APART_MM * PX_PER_MM
        low_ink = apart & (stats[:, cv2.CC_STAT_HEIGHT] < WORD_MM * PX_PER_MM)
        own = large & ~tall & ~low_ink & (distance.argmin(axis=1) == index) & (distance[:, index] < 0.5 * spacing)
        top, bottom = max(0, round(y - 0.9 * spacing)), min(len(mask), round(y + 0.9 * spacing) + 1)
        band = own.view(np.uint8)[labels[top:bottom]]
        # What joins two rows is divided half way between them.
        low, high = max(0, round(y - spacing / 2)), max(0, round(y + spacing / 2))
        band[low - top : high - top] |= tall.view(np.uint8)[labels[low:high]][: max(0, bottom - low)]
        band = (band & mask[top:bottom]).astype(np.float32)
        ink = band.sum(axis=0)
        middle = ((y - np.arange(top, bottom, dtype=np.float32)) @ band) / np.maximum(ink, 1)
        seen = np.flatnonzero(ink > 0)
        if len(seen) > 10:
            signals[index] = np.interp(np.arange(width), seen, middle[seen])
    return cv2.GaussianBlur(signals / PX_PER_MM, (0, 0), SMOOTH_PX, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)


def turned(signals: np.ndarray) -> np.ndarray:
    """The heights (rows, w) of the same paper turned by half a turn."""
    return np.ascontiguousarray(-signals[::-1, ::-1])
