"""Whether the traces of a page end, or begin, at something that lies on it: the paper goes on beyond, and no more is
seen of them."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.flat import COLOURED, FlatPicture, apart
from vizecg_edge.leads.layout import Piece

INNER_MM = (3.0, 12.0)
"""So far before their end the paper is looked at."""
STEP_MM, STEPS, NEAR_STEPS = 4.0, 14, 2
"""And beyond, step by step; what they end at is in the first of these."""
FIRST_MM = 2.0
ALIKE, LEAST_BACK = 0.08, 2
"""Up to how far apart two colours are one paper; and in how many steps it must be seen again, with its grid. No row of
143 pages, real and drawn, ends so."""
LEAST_ROWS = 0.5


def pieces_at_covered_ends(found: FoundPage) -> tuple[Piece, ...]:
    """The last pieces of the rows, or the first, where half of the rows end at something that is no paper."""
    flat = found.flat
    if flat is None:
        return ()
    rows: dict[int, list[Piece]] = {}
    for piece in found.layout.pieces:
        rows.setdefault(piece.row, []).append(piece)
    covered = []
    for side, last in ((1, max), (-1, min)):
        ends = [last(pieces, key=lambda piece: piece.left_mm) for pieces in rows.values()]
        hits = [end for end in ends if _ends_at_something(end, side, found, flat)]
        if len(hits) >= LEAST_ROWS * len(ends):
            covered += hits
    return tuple(covered)


def _ends_at_something(piece: Piece, side: int, found: FoundPage, flat: FlatPicture) -> bool:
    end = piece.right_mm if side > 0 else piece.left_mm
    paper = flat.paper_along(end - side * INNER_MM[1], end - side * INNER_MM[0], piece.baseline_mm)
    back, covered = 0, False
    for step in range(STEPS):
        if step == NEAR_STEPS and not covered:
            return False
        first = end + side * (FIRST_MM + step * STEP_MM)
        seen = flat.paper_along(first, first + side * STEP_MM, piece.baseline_mm)
        if paper is None or seen is None:
            return False
        off = apart(seen, paper)
        covered = covered or off >= COLOURED
        middle = first + side * STEP_MM / 2
        back += covered and off < ALIKE and _has_grid(found, middle, piece.baseline_mm)
        if back >= LEAST_BACK:
            return True
    return False


def _has_grid(found: FoundPage, x_mm: float, y_mm: float) -> bool:
    cell = cv2.perspectiveTransform(np.array([[[x_mm, y_mm]]]), found.page.page_to_cells)[0, 0]
    column, row = np.floor(cell).astype(int) - np.array(found.grid.box[:2])
    present = found.grid.present
    return bool(0 <= row < present.shape[0] and 0 <= column < present.shape[1] and present[row, column])
