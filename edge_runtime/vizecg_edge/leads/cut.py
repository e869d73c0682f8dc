"""Whether part of the traces lies outside the photograph, so that columns are not where they seem to be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.names import SeenName, names_apart_mm
from vizecg_edge.leads.page_ink import PageInk
from vizecg_edge.rectify.traces import PX_PER_MM

NEAR_MM = 6.0
"""Traces that end no further from where the photograph does may go on outside."""
AT_EDGE_MM, LONGER_MM = 2.5, 1.8
"""Of traces that reach the edge, names that are so much further apart than the columns are long tell that some of it
is missing, unless columns are of 2.5 s: some recorders print names at distances of their own, 4 of 67 whole pages."""
WHOLE_MM = (62.0, 63.0)
NAMED_SHARE, CONFIRMED_MM = 0.5, 1.0
"""Where so many leads have their names beside them, leads of one column are what they are wherever they end, and
columns as long as their names are apart are whole."""
USUAL_MM = ((57.0, 64.5), (77.0, 86.0), (113.5, 129.0), (230.0, 258.0), (480.0, 512.0))
"""Columns of 2.3 to 10 s at 25 mm/s, and of 10 s at 50: traces that fill a picture to its edge are not cut where their
columns are as long as these."""


def is_cut(layout: PageLayout, ink: PageInk, names: Sequence[SeenName], *, spacing_mm: float) -> bool:
    """Whether the block of traces reaches the edge of the photograph with columns of an unusual length, or with columns
    shorter than their names are apart.

    Args:
        layout: of the page, its names counted.
        ink: of it.
        names: read on it.
        spacing_mm: from row to row.
    """
    rows = sorted({round(piece.baseline_mm * PX_PER_MM) for piece in layout.pieces})
    inside = np.flatnonzero(np.all(ink.inside[[row for row in rows if 0 <= row < len(ink.inside)]] > 0, axis=0))
    if not len(inside):
        return True
    first, last = inside[0] / PX_PER_MM, inside[-1] / PX_PER_MM
    away, column = min(layout.block.left - first, last - layout.block.right), column_mm(layout)
    named = layout.named is not None and layout.named >= NAMED_SHARE * len(layout.pieces)
    if named and not any(piece.column for piece in layout.pieces):
        return False
    apart = names_apart_mm(layout.pieces, names, spacing_mm=spacing_mm)
    confirmed = named and apart is not None and abs(apart - column) < CONFIRMED_MM
    if away < NEAR_MM and not confirmed and not any(low <= column <= high for low, high in USUAL_MM):
        return True
    if away >= AT_EDGE_MM or WHOLE_MM[0] < column < WHOLE_MM[1]:
        return False
    return apart is not None and apart - column > LONGER_MM


def column_mm(layout: PageLayout) -> float:
    """Length of the columns."""
    return (layout.block.right - layout.block.left) / (1 + max(piece.column for piece in layout.pieces))
