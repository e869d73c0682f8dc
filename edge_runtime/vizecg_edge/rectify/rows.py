"""Rows of traces: where their baselines lie, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.traces import PX_PER_MM, TraceView

CHUNK_PX = 15
_RING = np.ones((5, 5), np.uint8)
_RING[1:4, 1:4] = 0
APART_MM = 11.0
"""Baselines lie at least this far apart."""
LEAST_SHARE, RANK = 0.25, 3
"""A row's strength is at least this part of the third strongest's: two may be edges of the grid, which are straight."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of traces. ``y``: its baseline, view pixels. ``strength``: mm of trace lying along the baseline."""

    y: float
    strength: float


def ink_mask(view: TraceView) -> np.ndarray:
    """uint8 (h, w), 1 where there is trace ink; specks are gone."""
    _, mask = cv2.threshold(view.ink, int(view.threshold), 1, cv2.THRESH_BINARY)
    # Squares of 3 x 3 pixels with nothing around them; twice, for specks that lie side by side.
    for _ in range(2):
        lonely = cv2.compare(cv2.dilate(mask, _RING), 0, cv2.CMP_EQ)
        mask = cv2.copyTo(mask, cv2.bitwise_not(cv2.dilate(lonely, np.ones((3, 3), np.uint8))))
    return mask


def row_profile(mask: np.ndarray) -> np.ndarray:
    """(h, w) mask -> (h,) float64: millimetres of trace that lie along each height."""
    thick = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    columns = mask.shape[1] // CHUNK_PX
    ends = np.cumsum(thick[:, : columns * CHUNK_PX], axis=1, dtype=np.int32)[:, CHUNK_PX - 1 :: CHUNK_PX]
    share = np.diff(ends, axis=1, prepend=0) / CHUNK_PX
    # Squares: a long stay counts, a crossing does not.
    profile = (share**2).sum(axis=1) * CHUNK_PX / PX_PER_MM
    return cv2.GaussianBlur(profile.reshape(-1, 1), (0, 0), 1.2 * PX_PER_MM / 2)[:, 0]


def find_rows(mask: np.ndarray) -> list[Row]:
    """All rows of traces, from the top; text lines may be among them."""
    profile = row_profile(mask)
    rows: list[Row] = []
    rest = profile.copy()
    apart = round(APART_MM * PX_PER_MM)
    while len(rows) < 16:
        y = int(np.argmax(rest))
        strength = float(rest[y])
        if strength <= 0 or (rows and strength < LEAST_SHARE * rows[:RANK][-1].strength):
            break
        rows.append(Row(y=float(y), strength=strength))
        rest[max(0, y - apart) : y + apart + 1] = 0
    return sorted(rows, key=lambda row: row.y)
