"""How far above and below its baseline a piece's own pixels reach: half way to the next row, and beyond that along its
trace, where the traces were read.

Convention: page millimetres, y down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vizecg_edge.leads.layout import PageLayout, Piece
from vizecg_edge.leads.signals import LeadTrace

AROUND_MM = 0.6
"""What is a trace's own above and below its middle: half of a pen's width, and its blur."""
BESIDE_MM = 0.4
"""And beside its spikes."""
PER_MM = 10
"""Points to a millimetre at which a trace is looked at."""
GainOf = Callable[[str], float]
"""Lead -> mm/mV."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """All pieces of a page: how fast they run, how tall they are, and their traces where they were read (None where
    not), each in the order of ``layout.pieces``."""

    layout: PageLayout
    speed_mm_s: float
    gain_of: GainOf
    traces: Sequence[LeadTrace] | None
    _spans: dict[int, tuple[float, np.ndarray]] = field(default_factory=dict, init=False, repr=False)

    def limits(self, piece: Piece, x: np.ndarray, *, most: float) -> tuple[np.ndarray, np.ndarray]:
        """The y between which pixels at ``x`` (n,) are the piece's own: float64 (n,) each.

        Args:
            piece: one of the layout's.
            x: ascending.
            most: as far as it reaches at least, up and down, where there is no other row.
        """
        top, bottom = np.full(len(x), piece.baseline_mm - most), np.full(len(x), piece.baseline_mm + most)
        for other in self._next_rows(piece, float(x[0]), float(x[-1])):
            middle = (piece.baseline_mm + other.baseline_mm) / 2
            high, low = self._span(other, x)
            beside = (x >= other.left_mm) & (x <= other.right_mm)
            if other.baseline_mm < piece.baseline_mm:
                edge = np.fmax(middle, low + AROUND_MM)
                top = np.where(beside, np.maximum(top, edge), top)
            else:
                edge = np.fmin(middle, high - AROUND_MM)
                bottom = np.where(beside, np.minimum(bottom, edge), bottom)
        high, low = self._span(piece, x)
        # Where traces cross, a piece's own comes first: its neighbour's is cut off beside it.
        return np.fmin(top, high - AROUND_MM), np.fmax(bottom, low + AROUND_MM)

    def _next_rows(self, piece: Piece, left: float, right: float) -> list[Piece]:
        """The pieces of the next rows above and below that share some of the page's width."""
        beside = [
            other
            for other in self.layout.pieces
            if other.row != piece.row and other.left_mm < right and other.right_mm > left
        ]
        above = [other for other in beside if other.baseline_mm < piece.baseline_mm]
        below = [other for other in beside if other.baseline_mm >= piece.baseline_mm]
        last = max((other.baseline_mm for other in above), default=0.0)
        first = min((other.baseline_mm for other in below), default=0.0)
        # Rows of one height; columns may stand a little higher or lower.
        rows = {other.row for other in beside if other.baseline_mm in (last, first)}
        return [other for other in beside if other.row in rows]

    def _span(self, piece: Piece, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The highest and the lowest y of a piece's trace near ``x``; NaN where it was not read."""
        if self.traces is None:
            return np.full(len(x), np.nan), np.full(len(x), np.nan)
        index = self.layout.pieces.index(piece)
        if index not in self._spans:
            self._spans[index] = self._whole_span(piece, self.traces[index])
        first, spans = self._spans[index]
        place = np.round((x - first) * PER_MM).astype(int)
        inside = (place >= 0) & (place < spans.shape[1])
        high, low = np.where(inside, spans[:, np.clip(place, 0, spans.shape[1] - 1)], np.nan)
        return high, low

    def _whole_span(self, piece: Piece, trace: LeadTrace) -> tuple[float, np.ndarray]:
        """Where a piece's trace begins, and its highest and lowest y from there on, ``PER_MM`` a mm: (2, n)."""
        known = np.isfinite(trace.mv)
        if known.sum() < 2:
            return piece.left_mm, np.full((2, 1), np.nan)
        sign = 1 if piece.inverted else -1
        at = piece.left_mm + np.arange(len(trace.mv)) * (self.speed_mm_s / trace.sampling_rate)
        first = piece.left_mm - BESIDE_MM
        fine = np.arange(first, at[-1] + BESIDE_MM, 1 / PER_MM)
        y = np.interp(fine, at[known], piece.baseline_mm + sign * self.gain_of(piece.lead) * trace.mv[known])
        read = np.interp(fine, at, known, left=0.0, right=0.0) >= 0.5
        beside = np.ones((1, 2 * round(BESIDE_MM * PER_MM) + 1), np.uint8)
        high = cv2.erode(np.where(read, y, np.inf).astype(np.float32)[None], beside)[0]
        low = cv2.dilate(np.where(read, y, -np.inf).astype(np.float32)[None], beside)[0]
        spans = np.stack([high, low]).astype(np.float64)
        spans[np.isinf(spans)] = np.nan
        return first, spans
