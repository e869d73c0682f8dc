"""Pen strokes that run from left to right, drawn with exact vertical anti-aliasing.

A trace is a function of x, so its ink is described column by column: on a lattice of ``SUB`` sub-columns per pixel,
``low`` and ``high`` say from which y to which y the pen's centre travels there. A round pen widens both (a grey-scale
dilation by a disc), and the share of a pixel that the widened spans cover is its opacity. The batched torch path
(``vizecg.data.batch``) runs the same three steps on many sheets at once.

Convention: y and x in pixel-edge coordinates (pixel i covers i to i + 1), y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SUB = 4
"""Sub-columns per pixel: the horizontal anti-aliasing has this many steps."""


@dataclass(frozen=True, kw_only=True)
class Spans:
    """Where pens travel: float32 (rows, width * SUB) each; ``low`` is +inf and ``high`` -inf where there is no ink.

    Rows are independent strokes, usually the rows of a sheet: two curves that share sub-columns need two rows.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def empty(cls, *, rows: int, width: int) -> Spans:
        """No ink on ``rows`` strokes over ``width`` pixels."""
        low = np.full((rows, width * SUB), np.inf, np.float32)
        return cls(low=low, high=-low)

    def add(self, row: int, first: int, y: np.ndarray) -> None:
        """Draw the polyline through ``y`` (n + 1 values at sub-column edges ``first`` ... ``first + n``)."""
        last = min(first + len(y) - 1, self.low.shape[1])
        y = y[max(0, -first) : last - first + 1]
        first = max(0, first)
        if len(y) < 2:
            return
        low, high = self.low[row, first:last], self.high[row, first:last]
        np.minimum(low, np.minimum(y[:-1], y[1:]), out=low)
        np.maximum(high, np.maximum(y[:-1], y[1:]), out=high)


def pen_taps(radius: float) -> list[tuple[int, float]]:
    """Sub-column offsets a round pen reaches to one side, with its half-height there. ``radius`` in pixels."""
    reach = int(radius * SUB)
    return [(offset, float(np.sqrt(radius**2 - (offset / SUB) ** 2))) for offset in range(reach + 1)]


def widen(spans: Spans, radius: float) -> Spans:
    """Spans of the ink of a round pen of ``radius`` pixels."""
    low, high = spans.low - radius, spans.high + radius
    for offset, half in pen_taps(radius)[1:]:
        np.minimum(low[:, offset:], spans.low[:, :-offset] - half, out=low[:, offset:])
        np.minimum(low[:, :-offset], spans.low[:, offset:] - half, out=low[:, :-offset])
        np.maximum(high[:, offset:], spans.high[:, :-offset] + half, out=high[:, offset:])
        np.maximum(high[:, :-offset], spans.high[:, offset:] + half, out=high[:, :-offset])
    return Spans(low=low, high=high)


def inked_pixels(low: np.ndarray, high: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that one widened stroke touches.

    Args:
        low: float32 (width * SUB,) upper edges, +inf where empty.
        high: lower edges.
        height: of the picture in pixels.

    Returns:
        int64 (n,) places ``y * width + x``, each once, and float32 (n,) opacities 0..1.
    """
    low, high = low.reshape(-1, SUB), high.reshape(-1, SUB)
    # Four neighbours are compared as two pairs of pairs: numpy's own reduction of so short an axis is slow.
    upper, lower = (
        further(further(edges[:, 0], edges[:, 1]), further(edges[:, 2], edges[:, 3]))
        for further, edges in ((np.minimum, low), (np.maximum, high))
    )
    top = np.clip(np.floor(upper), 0, height)
    counts = (np.clip(np.ceil(lower), top, height) - top).astype(np.int64)
    columns = np.flatnonzero(counts)
    counts = counts[columns]
    column = np.repeat(columns, counts)
    # Rows count downwards from the top of each column.
    before = np.cumsum(counts) - counts
    y = np.arange(len(column)) + np.repeat(top[columns].astype(np.int64) - before, counts)
    start = np.repeat(y.astype(np.float32), SUB).reshape(-1, SUB)
    begin, end = low.take(column, axis=0), high.take(column, axis=0)
    begin -= start
    end -= start
    np.maximum(begin, np.float32(0), out=begin)
    np.minimum(end, np.float32(1), out=end)
    end -= begin
    np.maximum(end, np.float32(0), out=end)
    return y * len(low) + column, end @ np.full(SUB, 1 / SUB, np.float32)


def blend_pixels(image: np.ndarray, place: np.ndarray, opacity: np.ndarray, ink: tuple[int, int, int]) -> None:
    """Lay ``ink`` over some pixels of a contiguous uint8 RGB picture (H, W, 3), in place."""
    if not image.flags.c_contiguous:
        raise ValueError("blending needs a picture whose rows follow each other in memory")
    values = image.reshape(-1)
    place = place * 3
    for channel, level in enumerate(ink):  # three plain gathers are faster than one of pixels
        old = values[place + channel].astype(np.float32)
        old += (np.float32(level) - old) * opacity
        old += np.float32(0.5)
        values[place + channel] = old.astype(np.uint8)
