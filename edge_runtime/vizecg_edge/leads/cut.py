"""Whether part of the traces lies outside the photograph, so that columns are not where they seem to be."""

from __future__ import annotations

import numpy as np

from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.rectify.traces import PX_PER_MM

NEAR_MM = 6.0
"""Traces that end no further from where the photograph does may go on outside."""
USUAL_MM = ((57.0, 64.5), (77.0, 86.0), (113.5, 129.0), (230.0, 258.0), (480.0, 512.0))
"""Columns of 2.3 to 10 s at 25 mm/s, and of 10 s at 50: traces that fill a picture to its edge are not cut where their
columns are as long as these."""


def is_cut(layout: PageLayout, ink: PageInk) -> bool:
    """Whether the block of traces reaches the edge of the photograph with columns of an unusual length."""
    rows = sorted({round(piece.baseline_mm * PX_PER_MM) for piece in layout.pieces})
    inside = np.flatnonzero(np.all(ink.inside[[row for row in rows if 0 <= row < len(ink.inside)]] > 0, axis=0))
    if not len(inside):
        return True
    first, last = inside[0] / PX_PER_MM, inside[-1] / PX_PER_MM
    near = layout.block.left - first < NEAR_MM or last - layout.block.right < NEAR_MM
    return near and not any(low <= column_mm(layout) <= high for low, high in USUAL_MM)


def column_mm(layout: PageLayout) -> float:
    """Length of the columns."""
    return (layout.block.right - layout.block.left) / (1 + max(piece.column for piece in layout.pieces))
