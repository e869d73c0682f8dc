"""Where the leads lie in the photograph and on the sheet, for pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vizecg.spec import SheetSpec
from vizecg_edge.compose.result import Composed
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.sheet.rectified import Outline

MOST_REACH_MM = 18.0
"""A frame reaches no further from its baseline."""
_STEPS = 12


def row_edges(layout: PageLayout) -> dict[int, tuple[float, float]]:
    """Top and bottom (mm) of each row: half way to its neighbours."""
    rows = sorted({piece.row: piece.baseline_mm for piece in layout.pieces}.items(), key=lambda row: row[1])
    heights = [y for _, y in rows]
    between = [(a + b) / 2 for a, b in pairwise(heights)]
    first = heights[0] - MOST_REACH_MM if not between else 2 * heights[0] - between[0]
    last = heights[-1] + MOST_REACH_MM if not between else 2 * heights[-1] - between[-1]
    edges = [first, *between, last]
    return {
        row: (max(edges[index], y - MOST_REACH_MM), min(edges[index + 1], y + MOST_REACH_MM))
        for index, (row, y) in enumerate(rows)
    }


def outlines_on_photo(page: Page, layout: PageLayout) -> tuple[Outline, ...]:
    """Every piece's frame in the photograph, pixels, bends of the paper included."""
    edges = row_edges(layout)
    return tuple(
        (
            piece.name,
            page.to_photo(_around(Box(piece.left_mm, edges[piece.row][0], piece.right_mm, edges[piece.row][1]))),
        )
        for piece in layout.pieces
    )


def boxes_on_sheet(
    layout: PageLayout, composed: Composed, spec: SheetSpec
) -> tuple[tuple[str, tuple[float, float, float, float]], ...]:
    """Left, top, right, bottom (sheet mm) of every lead on the sheet."""
    if not composed.whole:
        return tuple((patch.slot.lead, _four(patch.box)) for patch in composed.patches if patch.slot is not None)
    edges = row_edges(layout)
    (patch,) = composed.patches
    dx, dy = patch.to_page[0, 2], patch.to_page[1, 2]
    return tuple(
        (
            piece.name,
            (
                piece.left_mm - dx,
                max(0.0, edges[piece.row][0] - dy),
                piece.right_mm - dx,
                min(spec.height_mm, edges[piece.row][1] - dy),
            ),
        )
        for piece in layout.pieces
        if piece.baseline_mm - dy < spec.height_mm
    )


def _four(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _around(box: Box) -> np.ndarray:
    """(n, 2): points along the edges of a box."""
    along = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    corners = np.array([[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]])
    return np.concatenate([a + (b - a) * along for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])
