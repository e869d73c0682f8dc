"""The traces of a page as lines: for every piece the height above its row's 0 mV, to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np

from vizecg_edge.leads.crossing import parted
from vizecg_edge.leads.follow import follow
from vizecg_edge.leads.ink import trace_ink
from vizecg_edge.leads.layout import PageLayout, Piece
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.leads.pen import pen_line, pen_radius
from vizecg_edge.leads.rules import without_frames, without_rules
from vizecg_edge.leads.runs import choices_of, runs_of
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_edge.leads.steady import steadied
from vizecg_edge.rectify.traces import PX_PER_MM as MASK_PX_PER_MM

FINER = 2
"""Columns to a pixel in which ink is looked at: steep waves show their place across better than down."""
PX_PER_MM, SAMPLES_PER_MM = 6.0, 8
MASK_EDGE = 127.0
"""Where a network is even odds that there is a trace."""
REACH_MM = 40.0
"""A trace goes no further from its baseline."""
BRIDGE_MM = 2.5
"""Gaps in a trace up to this long are bridged."""
BRIDGED = 0.3
"""Confidence in what was bridged."""
BESIDE_MM = 1.0
ABOVE_MM = 35.0
"""Traces reach no further above the first row and below the last."""
LEAST_ABOVE_MM, BEYOND_INK_MM = 12.0, 5.0
"""So much is looked at in any case, and beyond the ink that was seen of them."""


@dataclass(frozen=True, kw_only=True)
class PieceTrace:
    """The trace of a piece. ``x_mm`` float64 (n,), ``y_mm`` float32 (n,): page millimetres, y NaN where there is no
    trace; ``confidence`` float32 (n,), 0 to 1."""

    piece: Piece
    x_mm: np.ndarray
    y_mm: np.ndarray
    confidence: np.ndarray


def read_traces(
    picture: np.ndarray,
    corner_mm: tuple[float, float],
    px_per_mm: float,
    layout: PageLayout,
    *,
    mask: np.ndarray | None = None,
) -> tuple[PieceTrace, ...]:
    """Follow the trace of every piece.

    Args:
        picture: uint8 RGB (h, w, 3), flat.
        corner_mm: page millimetres of its upper left corner.
        px_per_mm: of the picture, the same across and down.
        layout: what is printed where.
        mask: uint8 (h, w), where a network sees traces, 0 to 255, in place of the picture's own ink.

    Returns:
        One for each of the layout's pieces, in its order.
    """
    left, top = corner_mm
    rows = [tuple(pieces) for _, pieces in groupby(sorted(layout.pieces, key=_row), key=_row)]
    baselines = [(float(np.median([p.baseline_mm for p in row])) - top) * px_per_mm for row in rows]
    if mask is None:
        seen = trace_ink(picture, baselines, px_per_mm)
        ink, level, edge = seen.ink, seen.level, seen.edge
    else:
        ink, level, edge = mask, 255.0, MASK_EDGE
    across = px_per_mm * FINER
    ink = cv2.resize(ink, None, fx=FINER, fy=1, interpolation=cv2.INTER_LINEAR)
    first = max(0, round((min(p.left_mm for p in layout.pieces) - left - BESIDE_MM) * across))
    last = min(ink.shape[1], round((max(p.right_mm for p in layout.pieces) - left + BESIDE_MM) * across))
    runs = runs_of(ink, least=edge)
    choices = [choices_of(runs, columns=(first, last), baseline=y, reach=REACH_MM * px_per_mm) for y in baselines]
    path = follow(choices, baselines=baselines, px_per_mm=px_per_mm, level=level)
    upper, lower, taken = (
        _chosen(np.stack([getattr(choice, name) for choice in choices]), path) for name in ("top", "bottom", "run")
    )
    upper[path < 0] = lower[path < 0] = np.nan
    upper, lower = parted(upper, lower, np.where(path < 0, -1, taken))
    radius = pen_radius(upper, lower)
    traces = {}
    for number, row in enumerate(rows):
        for piece in row:
            begin, end = (round((x - left) * across) - first for x in (piece.left_mm, piece.right_mm))
            own = slice(max(0, begin), max(0, end))
            edges = np.stack([upper[number, own], lower[number, own]])
            without_rules(edges, across, px_per_mm)
            without_frames(
                edges,
                across,
                px_per_mm,
                first=piece.left_mm <= min(other.left_mm for other in row),
                last=piece.right_mm >= max(other.right_mm for other in row),
            )
            edges, confidence = _bridged(edges, BRIDGE_MM * across)
            line = pen_line(edges[:1], edges[1:], radius=radius, columns_per_px=FINER, px_per_mm=px_per_mm)[0]
            line[confidence == 0] = np.nan
            x_mm = left + (np.arange(upper.shape[1])[own] + first + 0.5) / across
            y_mm = top + line / np.float32(px_per_mm)
            traces[piece] = PieceTrace(piece=piece, x_mm=x_mm, y_mm=y_mm, confidence=confidence)
    return tuple(traces[piece] for piece in layout.pieces)


def leads_of(
    page: Page,
    layout: PageLayout,
    *,
    speed_mm_s: float,
    limb_gain: float,
    chest_gain: float,
    mask: np.ndarray | None = None,
) -> Leads:
    """The leads of a page in millivolts; 0 mV is the median of each row's trace.

    Args:
        page: flat paper.
        layout: what is printed where.
        speed_mm_s: of the paper.
        limb_gain, chest_gain: mm/mV of the limb leads, of V1 to V6 (and V3R, V4R).
        mask: see ``read_traces``, over ``traced_box``.
    """
    box = traced_box(layout)
    picture = steadied(page).picture(box, px_per_mm=PX_PER_MM)
    traces = read_traces(picture, (box.left, box.top), PX_PER_MM, layout, mask=mask)
    return signals_of(traces, layout, speed_mm_s=speed_mm_s, limb_gain=limb_gain, chest_gain=chest_gain)


def traced_box(layout: PageLayout, ink: PageInk | None = None) -> Box:
    """The part of a page that its traces lie in; with their ink, no further above and below than that reaches."""
    rows = [piece.baseline_mm for piece in layout.pieces]
    left, right = min(piece.left_mm for piece in layout.pieces), max(piece.right_mm for piece in layout.pieces)
    above = below = ABOVE_MM
    if ink is not None:
        low, high = (max(0, round(x * MASK_PX_PER_MM)) for x in (left, right))
        inked = np.flatnonzero(ink.mask[:, low:high].any(axis=1)) / MASK_PX_PER_MM
        above, below = (
            max(LEAST_ABOVE_MM, float(far[far <= ABOVE_MM].max(initial=0.0)) + BEYOND_INK_MM)
            for far in (min(rows) - inked, inked - max(rows))
        )
    return Box(
        left=left - 5.0,
        top=min(rows) - min(above, ABOVE_MM),
        right=right + 5.0,
        bottom=max(rows) + min(below, ABOVE_MM),
    )


def signals_of(
    traces: Iterable[PieceTrace], layout: PageLayout, *, speed_mm_s: float, limb_gain: float, chest_gain: float
) -> Leads:
    """Millimetres -> millivolts and seconds."""
    traces = tuple(traces)
    zeros: dict[int, float] = {}
    for row in {trace.piece.row for trace in traces}:
        heights = np.concatenate([trace.y_mm for trace in traces if trace.piece.row == row])
        known = heights[np.isfinite(heights)]
        zeros[row] = float(np.median(known)) if len(known) else 0.0
    rate = speed_mm_s * SAMPLES_PER_MM
    made = tuple(
        _signal(
            trace,
            zero=zeros[trace.piece.row],
            gain=chest_gain if trace.piece.lead.startswith("V") else limb_gain,
            start_s=trace.piece.time_mm / speed_mm_s,
            sampling_rate=rate,
        )
        for trace in traces
    )
    return Leads(traces=made, sampling_rate=rate, timing=layout.timing)


def _signal(trace: PieceTrace, *, zero: float, gain: float, start_s: float, sampling_rate: float) -> LeadTrace:
    """The trace in millivolts, a sample every eighth of a millimetre from the piece's beginning on."""
    piece, known = trace.piece, trace.confidence > 0
    count = max(1, round((piece.right_mm - piece.left_mm) * SAMPLES_PER_MM))
    x_mm = piece.left_mm + np.arange(count) / SAMPLES_PER_MM
    mv = np.full(count, np.nan, np.float32)
    confidence = np.zeros(count, np.float32)
    if known.any():
        nearest = np.clip(np.searchsorted(trace.x_mm, x_mm), 0, len(trace.x_mm) - 1)
        confidence = np.where(known[nearest], trace.confidence[nearest], 0).astype(np.float32)
        heights = (zero - np.interp(x_mm, trace.x_mm[known], trace.y_mm[known])) / gain
        mv = np.where(confidence > 0, -heights if piece.inverted else heights, np.nan).astype(np.float32)
    return LeadTrace(
        lead=piece.lead, start_s=start_s, sampling_rate=sampling_rate, mv=mv, confidence=confidence, strip=piece.strip
    )


def _row(piece: Piece) -> int:
    return piece.row


def _chosen(values: np.ndarray, path: np.ndarray) -> np.ndarray:
    """(rows, columns, choices) -> (rows, columns) of the path."""
    return np.take_along_axis(values, np.maximum(path, 0)[..., None], axis=2)[..., 0]


def _bridged(edges: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges (2, columns) without gaps, and float32 (columns,) confidence: 0 in gaps longer than ``most``."""
    columns = edges.shape[1]
    known = np.flatnonzero(np.isfinite(edges[0]))
    confidence = np.zeros(columns, np.float32)
    if not len(known):
        return np.zeros_like(edges), confidence
    confidence[known] = 1
    marks = np.concatenate([[-1], known, [columns]])
    for gap in np.flatnonzero(np.diff(marks) > 1).tolist():
        if marks[gap + 1] - marks[gap] - 1 <= most:
            confidence[marks[gap] + 1 : marks[gap + 1]] = BRIDGED
    every = np.arange(columns)
    return np.stack([np.interp(every, known, edge[known]) for edge in edges]).astype(np.float32), confidence
