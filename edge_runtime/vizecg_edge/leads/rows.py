"""Rows of traces on a page: where their baselines lie, where each begins and ends, and what is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.rectify.traces import PX_PER_MM

CHUNK_PX = 15
APART_MM = 8.0
"""Baselines lie at least this far apart."""
LEAST_SHARE, RANK = 0.12, 3
"""A row's strength is at least this part of the third strongest's: two may be edges of the grid, which are straight."""
MOST_ROWS = 24
BAND_MM = 10.0
"""A row's ink is looked for this far above and below its baseline, or half way to its neighbours."""
GAP_MM, CHAIN_MM = 4.0, 14.0
"""Gaps in a row's ink that are closed, and gaps across which it is still the same row."""
LEAST_LONG_MM = 40.0
HIGH_MM, STEEP_MM = 2.0, 4.5


@dataclass(frozen=True, kw_only=True)
class TraceRow:
    """What may be a row of traces. Page millimetres.

    Attributes:
        y_mm: its baseline, where its ink lies longest.
        strength: millimetres of ink lying along the baseline.
        occupied: float32 (w,), 1 in the columns of the ink mask with ink near the baseline, small gaps closed.
        left_mm, right_mm: where the longest chain of its ink begins and ends.
        lively, steep: its 5 mm stretches with ink more than 2 mm, and more than 4.5 mm high, which text never is.
        named: whether names of leads stand beside it.
    """

    y_mm: float
    strength: float
    occupied: np.ndarray
    left_mm: float
    right_mm: float
    lively: int
    steep: int
    named: bool = False

    @property
    def length_mm(self) -> float:
        return self.right_mm - self.left_mm

    def cover(self, left_mm: float, right_mm: float) -> float:
        """Share of a stretch that has ink."""
        low, high = (round(x * PX_PER_MM) for x in (left_mm, right_mm))
        part = self.occupied[max(0, low) : max(0, high)]
        return float(part.sum()) / max(1, high - low)


def find_rows(ink: PageInk) -> tuple[TraceRow, ...]:
    """All that may be rows, from the top; lines of text and edges of the grid may be among them."""
    peaks = _peaks(_profile(ink.mask))
    rows = []
    for index, (y, strength) in enumerate(peaks):
        above = (y - peaks[index - 1][0]) / 2 if index else np.inf
        below = (peaks[index + 1][0] - y) / 2 if index + 1 < len(peaks) else np.inf
        row = _row(ink.mask, y, strength, above_px=above, below_px=below)
        if row.length_mm >= LEAST_LONG_MM:
            rows.append(row)
    return tuple(rows)


def row_at(ink: PageInk, y_mm: float, *, reach_mm: float) -> TraceRow:
    """The row whose baseline is known to lie at a height, with what ink there is within ``reach_mm`` of it."""
    y, reach = round(y_mm * PX_PER_MM - 0.5), reach_mm * PX_PER_MM
    return _row(ink.mask, min(max(y, 0), len(ink.mask) - 1), 0.0, above_px=reach, below_px=reach)


def _profile(mask: np.ndarray) -> np.ndarray:
    """(h, w) mask -> (h,) float64: millimetres of trace that lie along each height."""
    thick = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    columns = mask.shape[1] // CHUNK_PX
    # 255 is a multiple of the 15 columns, so that the means are exact.
    share = cv2.resize(
        thick[:, : columns * CHUNK_PX] * np.uint8(255), (columns, len(mask)), interpolation=cv2.INTER_AREA
    ) / np.float64(255)
    # Squares: a long stay counts, a crossing does not.
    profile = (share**2).sum(axis=1) * CHUNK_PX / PX_PER_MM
    return cv2.GaussianBlur(profile.reshape(-1, 1), (0, 0), 1.2 * PX_PER_MM / 2)[:, 0]


def _peaks(profile: np.ndarray) -> list[tuple[int, float]]:
    """(y, strength) of the strongest heights that lie apart, from the top."""
    peaks: list[tuple[int, float]] = []
    rest = profile.copy()
    apart = round(APART_MM * PX_PER_MM)
    while len(peaks) < MOST_ROWS:
        y = int(np.argmax(rest))
        strength = float(rest[y])
        if strength <= 0 or (peaks and strength < LEAST_SHARE * peaks[:RANK][-1][1]):
            break
        # The flank of what was taken before is no peak.
        if 0 < y < len(profile) - 1 and profile[y] >= max(profile[y - 1], profile[y + 1]):
            peaks.append((y, strength))
            rest[max(0, y - apart) : y + apart + 1] = 0
        else:
            rest[y] = 0
    return sorted(peaks)


def _row(mask: np.ndarray, y: int, strength: float, *, above_px: float, below_px: float) -> TraceRow:
    reach = BAND_MM * PX_PER_MM
    top, bottom = max(0, round(y - min(reach, above_px))), min(len(mask), round(y + min(reach, below_px)) + 1)
    part = mask[top:bottom]
    occupied = _closed(part.max(axis=0), GAP_MM)
    chains = _runs(_closed(occupied.astype(np.uint8), CHAIN_MM))
    left, right = max(chains, key=lambda run: run[1] - run[0], default=(0, 0))
    lively, steep = _lively(part[:, left:right], (HIGH_MM, STEEP_MM))
    return TraceRow(
        y_mm=(y + 0.5) / PX_PER_MM,
        strength=strength,
        occupied=occupied.astype(np.float32),
        left_mm=left / PX_PER_MM,
        right_mm=right / PX_PER_MM,
        lively=lively,
        steep=steep,
    )


def _closed(columns: np.ndarray, gap_mm: float) -> np.ndarray:
    """uint8 (w,) with gaps of up to ``gap_mm`` closed."""
    pad = round(gap_mm * PX_PER_MM) + 1
    padded = cv2.copyMakeBorder(columns[None], 0, 0, pad, pad, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((1, pad), np.uint8))
    return np.asarray(closed[0, pad:-pad])


def _runs(columns: np.ndarray) -> list[tuple[int, int]]:
    """(first, one past the last) of each run of ones."""
    edges = np.flatnonzero(np.diff(columns.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def _lively(part: np.ndarray, highs_mm: tuple[float, ...]) -> tuple[int, ...]:
    """Number of 5 mm stretches of a band in which some connected ink is more than so high, for each of the heights."""
    if not part.size:
        return (0,) * len(highs_mm)
    _, _, stats, centres = cv2.connectedComponentsWithStats(part, connectivity=8)
    # A long trace is one component: its columns are judged by their own extent.
    heights = part.sum(axis=0)
    numbers = []
    for high_mm in highs_mm:
        tall = stats[1:, cv2.CC_STAT_HEIGHT] > high_mm * PX_PER_MM
        steep = np.flatnonzero(heights >= 0.65 * high_mm * PX_PER_MM)
        places = np.concatenate([centres[1:][tall, 0], steep]) // (5 * PX_PER_MM)
        numbers.append(len(np.unique(places.astype(int))))
    return tuple(numbers)


def turned_rows(rows: tuple[TraceRow, ...], ink: PageInk) -> tuple[TraceRow, ...]:
    """The rows of ``ink``'s page turned by half a turn."""
    _, _, width, height = ink.box
    return tuple(
        replace(
            row,
            y_mm=height - row.y_mm,
            occupied=row.occupied[::-1],
            left_mm=width - row.right_mm,
            right_mm=width - row.left_mm,
        )
        for row in reversed(rows)
    )
