"""How dark the traces of a page are against its paper."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vizecg_edge.halves import quarter
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.trace import PieceTrace

EVERY = 4
"""Of a trace's points, those that are looked at: three a millimetre."""
LEAST_POINTS = 8
BESIDE_PX = 5
PAPER_MM = 4.0
"""Letters and lines are narrower, so that the brightest within it is paper."""


def contrasts_of(found: FoundPage, traces: Sequence[PieceTrace]) -> np.ndarray:
    """float64 (traces,): the median darkness of each, 0 to 1, where 0 is as bright as the paper around it.

    NaN for one of which nothing is read, and all of them where the page was not looked at.
    """
    flat = found.flat
    dark = np.full(len(traces), np.nan)
    if flat is None:
        return dark
    grey = cv2.cvtColor(flat.pixels, cv2.COLOR_RGB2GRAY)
    side = round(PAPER_MM * flat.px_per_mm / 4) | 1
    paper = cv2.blur(cv2.dilate(quarter(grey), np.ones((side, side), np.uint8)), (side, side))
    # A pen is hardly wider than a pixel, and its trace was followed on the page as it was straightened afterwards.
    ink = cv2.erode(grey, np.ones((BESIDE_PX, 1), np.uint8))
    for number, trace in enumerate(traces):
        known = np.flatnonzero(np.isfinite(trace.y_mm))[::EVERY]
        if len(known) < LEAST_POINTS:
            continue
        x = np.clip(((trace.x_mm[known] - flat.box.left) * flat.px_per_mm).astype(int), 0, grey.shape[1] - 1)
        y = np.clip(((trace.y_mm[known] - flat.box.top) * flat.px_per_mm).astype(int), 0, grey.shape[0] - 1)
        around = paper[np.minimum(y // 4, len(paper) - 1), np.minimum(x // 4, paper.shape[1] - 1)]
        dark[number] = float(np.median(1 - ink[y, x] / np.maximum(around.astype(np.float64), 1.0)))
    return dark
