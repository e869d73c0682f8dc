"""What stands at the ends of a piece and is none of its trace: rules, pulses, frames."""

from __future__ import annotations

import numpy as np

RULE_MM, RULE_REACH_MM, RULE_EDGE_MM = 1.5, 1.5, 0.2
"""How far from a piece's ends a rule between columns may stand, how far it reaches up and down from the trace at least,
and how far its pale edge goes."""
OVERLAP_MM = 0.4
"""Strokes longer than the ink behind them are the neighbour's within so much of a piece's ends."""
PULSE_MM, PULSE_HEIGHT_MM = 1.2, 7.0
"""Where a row begins, so near to it and so high, a stroke is the edge of a calibration pulse."""
FRAME_MM, FRAME_HEIGHT_MM = 3.0, 15.0
"""Where a row begins or ends, so near to it and so high, a stroke is a frame."""


def without_rules(edges: np.ndarray, columns_per_mm: float, px_per_mm: float) -> None:
    """Take out, in place, what is none of the piece at either of its ends: a rule between columns, which goes both up
    and down from the trace, with all before it; and the last bit of what the neighbour drew."""
    width, near, far = (max(1, round(length * columns_per_mm)) for length in (OVERLAP_MM, RULE_MM, 2 * RULE_MM))
    least = RULE_REACH_MM * px_per_mm
    if edges.shape[1] <= 2 * far:
        return
    for side in (edges, edges[:, ::-1]):
        inside = side[:, near:far]
        inside = inside[:, np.isfinite(inside[0])]
        if not inside.size:
            continue
        level, usual = float(np.median(inside)), float(np.median(inside[1] - inside[0]))
        long = side[1, :width] - side[0, :width] > usual + least
        side[:, :width][:, long] = np.nan
        rule = np.flatnonzero((side[0, :near] < level - least) & (side[1, :near] > level + least))
        if len(rule):
            side[:, : rule[-1] + 1 + max(1, round(RULE_EDGE_MM * columns_per_mm))] = np.nan


def without_frames(edges: np.ndarray, columns_per_mm: float, px_per_mm: float, *, first: bool, last: bool) -> None:
    """Take out, in place, the edge of a pulse or a frame where a row begins and ends, and what lies beyond it.

    Args:
        edges: float32 (2, columns), upper and lower edge of a piece's ink, pixels.
        columns_per_mm, px_per_mm: of the columns, of the heights.
        first, last: whether the row begins with the piece, whether it ends with it.
    """
    for used, side, kinds in (
        (first, edges, ((PULSE_MM, PULSE_HEIGHT_MM), (FRAME_MM, FRAME_HEIGHT_MM))),
        (last, edges[:, ::-1], ((FRAME_MM, FRAME_HEIGHT_MM),)),
    ):
        for width, height in kinds if used else ():
            near = side[:, : max(1, round(width * columns_per_mm))]
            tall = np.flatnonzero(near[1] - near[0] > height * px_per_mm)
            if len(tall):
                side[:, : tall[-1] + 1 + max(1, round(RULE_EDGE_MM * columns_per_mm))] = np.nan
