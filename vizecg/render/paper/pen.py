"""The pen of the ``paper`` style: straight lines from sample to sample, at any sampling rate.

``strokes.widen`` grows spans that are already a sub-column wide, which thickens steep lines a little. Traces of half a
point need better than that, so here the round pen's edge is found from points of the line itself, eight to a pixel.

Convention: as in ``strokes``, x and y in pixel-edge coordinates, y down.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from vizecg.render.strokes import SUB, Spans

_POINTS = 2 * SUB  # lattice points per pixel: middles and edges of the sub-columns
_MARGIN = 4  # lattice points beyond both ends of a lead, more than a pen reaches


class _Lattice(NamedTuple):
    """How samples become lattice points. ``first`` is the point's number from the left edge of the picture."""

    first: int
    before: np.ndarray  # int64 (n,): the sample left of each point
    share: np.ndarray  # float32 (n,): how far each point lies towards the next sample
    inside: slice  # the points that are neither left of the first nor right of the last sample
    peaks: tuple[np.ndarray, np.ndarray] | None  # samples between points: first sample of each group, its point


def draw_leads(spans: Spans, y: np.ndarray, *, x: float, px_per_sample: float, radius: float) -> None:
    """Draw the inked spans of some leads, one in each row of ``spans``.

    Args:
        spans: (rows, width * SUB); what lies outside its width is cut off.
        y: float32 (rows, samples), at least two samples.
        x: of the first sample.
        px_per_sample: from one sample to the next.
        radius: half the width of the pen, under half a pixel.
    """
    lattice = _lattice(y.shape[1], x, px_per_sample)
    points = y.take(lattice.before, axis=1)
    points += (y[:, 1:].take(lattice.before, axis=1) - points) * lattice.share
    lowest, highest = points, points.copy()
    if lattice.peaks is not None:
        starts, at = lattice.peaks
        valleys, peaks = _turns(y)
        lowest[:, at] = np.minimum(lowest[:, at], np.minimum.reduceat(peaks, starts, axis=1))
        highest[:, at] = np.maximum(highest[:, at], np.maximum.reduceat(valleys, starts, axis=1))
    for line, nowhere in ((lowest, np.inf), (highest, -np.inf)):
        line[:, : lattice.inside.start] = line[:, lattice.inside.stop :] = nowhere
    low, high = _edge(lowest, -radius), _edge(highest, radius)
    start = (lattice.first + _MARGIN) // 2
    skip = max(0, -start)
    end = min(start + low.shape[1], spans.low.shape[1])
    if end <= start + skip:
        return
    drawn, target = slice(skip, end - start), slice(start + skip, end)
    np.minimum(spans.low[:, target], low[:, drawn], out=spans.low[:, target])
    np.maximum(spans.high[:, target], high[:, drawn], out=spans.high[:, target])


def _turns(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples where the line turns, infinite elsewhere: largest y (valleys on the page), and smallest y (peaks)."""
    falls = np.diff(y, axis=1) > 0
    edge = np.zeros((len(y), 1), bool)
    after, before = np.concatenate([falls, edge], axis=1), np.concatenate([edge, falls], axis=1)
    inner = np.ones_like(after)
    inner[:, [0, -1]] = False
    infinity = np.float32(np.inf)
    return np.where(before & ~after & inner, y, -infinity), np.where(~before & after & inner, y, infinity)


def _edge(points: np.ndarray, radius: float) -> np.ndarray:
    """The pen's upper (radius < 0) or lower edge at the middle of each sub-column; infinite where there is no ink."""
    further = np.minimum if radius < 0 else np.maximum
    halves = [np.ascontiguousarray(points[:, phase::2]) for phase in (0, 1)]  # edges and middles of sub-columns
    count = halves[1].shape[1] - _MARGIN

    def beside(offset: int) -> np.ndarray:
        start = (_MARGIN + 1 + offset) // 2
        return halves[(1 + offset) % 2][:, start : start + count]

    edge = beside(0) + np.float32(radius)
    reach = abs(radius) * _POINTS
    for step in range(1, int(reach) + 1):
        half = np.float32(np.copysign(np.sqrt(reach**2 - step**2) / _POINTS, radius))
        both = further(beside(-step), beside(step))
        both += half
        further(edge, both, out=edge)
    # The pen's outermost points, between two lattice points.
    whole, part = int(reach), np.float32(reach - int(reach))
    if part > 0:
        for side in (-1, 1):
            between = beside(side * whole) * (1 - part)
            between += beside(side * (whole + 1)) * part
            further(edge, between, out=edge)
    return edge


@lru_cache(maxsize=64)
def _lattice(samples: int, x: float, px_per_sample: float) -> _Lattice:
    start, step = x * _POINTS, px_per_sample * _POINTS
    last = start + (samples - 1) * step
    # An even number, so that odd lattice points stay the middles of sub-columns.
    first = int(np.floor(start)) // 2 * 2 - _MARGIN
    count = int(np.ceil(last)) - first + 2 * _MARGIN + 1
    place = first + np.arange(count, dtype=np.float64)
    passed = np.clip((place - start) / step, 0, samples - 1)
    before = np.minimum(passed.astype(np.int64), samples - 2)
    begin, end = np.searchsorted(place, [start - 1e-6, last + 1e-6])
    at = np.round(start + step * np.arange(samples)).astype(np.int64) - first
    exact = bool(np.allclose(at + first, start + step * np.arange(samples), atol=1e-6))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(at)) + 1])
    return _Lattice(
        first=first,
        before=before,
        share=(passed - before).astype(np.float32),
        inside=slice(int(begin), int(end)),
        peaks=None if exact and len(starts) == samples else (starts, at[starts]),
    )
