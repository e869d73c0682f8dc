"""Paper speed and gain, as the calibration pulses show them: 1 mV high, and 0.2 s wide where they are wide."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S
from vizecg_edge.rectify.block import BLOCK_MM, Block
from vizecg_edge.rectify.pulses import DRIFT_MM, Pulse, Shape, aligned_pulses, row_pulses
from vizecg_edge.rectify.traces import PX_PER_MM

SPEEDS_MM_S, GAINS_MM_MV = (25.0, 50.0), (5.0, 10.0, 20.0)
WIDTHS_MM = {25.0: (3.4, 6.5), 50.0: (8.0, 11.5)}
"""Width of pulses of 0.2 s. Narrower ones are of another length, and QRS complexes one above another look like them."""
TALL_MM_MV = 20.0
"""Pulses this high nearly touch those above and below, and their edges are taken for a grid line: only the tops, at
most ``THIN_MM`` thick, are left."""
THIN_MM = 2.0
BESIDE_MM = 16.0
"""Pulses lie no further than this from an end of the traces, on either side of it: where these seem to begin or end
may be where the pulses do."""
LEAST_PULSES = {gain: 2 if gain == GAIN_MM_MV else 3 for gain in GAINS_MM_MV}
LEAST_SCORE = 1.4
LEAST_MEAN = {gain: 0.55 if gain == GAIN_MM_MV else 0.75 for gain in GAINS_MM_MV}
"""An unusual gain must be seen more often and more clearly."""
CLEAR_PULSES = 3
"""From this many pulses of the usual size on, no others are looked for."""
CLEAR_RATIO = 1.5
"""The best reading beats the next by this factor, or nothing is read."""


@dataclass(frozen=True, kw_only=True)
class Scales:
    """What was read; None where nothing was."""

    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None


def read_scales(mask: np.ndarray, block: Block) -> Scales:
    """Upright ink mask (h, w) and the block found in it -> the speed and gain that its pulses show."""
    low, high = WIDTHS_MM[PAPER_SPEED_MM_S]
    if block.pulses >= CLEAR_PULSES and low <= block.pulse_width_mm <= high:
        return Scales(speed_mm_s=PAPER_SPEED_MM_S, gain_mm_mv=GAIN_MM_MV)
    readings = [
        (_evidence(mask, block, gain=gain, widths_mm=WIDTHS_MM[speed]), speed, gain)
        for gain in GAINS_MM_MV
        for speed in SPEEDS_MM_S
    ]
    (best, speed, gain), (next_best, _, _) = sorted(readings, reverse=True)[:2]
    if best < LEAST_SCORE or best < CLEAR_RATIO * next_best:
        return Scales()
    return Scales(speed_mm_s=speed, gain_mm_mv=gain)


def _evidence(mask: np.ndarray, block: Block, *, gain: float, widths_mm: tuple[float, float]) -> float:
    """Sum of the scores of the best group of pulses of this size beside the rows; 0 for none."""
    width = mask.shape[1]
    beside = BESIDE_MM * PX_PER_MM
    best = 0.0
    for side, edge in ((mask, block.left), (mask[:, ::-1], width - (block.left + BLOCK_MM * PX_PER_MM))):
        low, high = max(0, round(edge - beside)), max(0, round(edge + beside))
        part = np.ascontiguousarray(side[:, low:high])
        if gain == TALL_MM_MV:
            rows = [_tops(part, y - gain * PX_PER_MM, widths_mm) for y in block.rows]
        else:
            shape = Shape(height_mm=gain, widths_mm=widths_mm)
            rows = [row_pulses(part, y, searched=1.0, shape=shape) for y in block.rows]
        found = aligned_pulses(rows, low_px=0.0, high_px=float(high - low))
        total = sum(pulse.score for pulse in found)
        if len(found) >= LEAST_PULSES[gain] and total >= LEAST_MEAN[gain] * len(found):
            best = max(best, total)
    return best


def _tops(mask: np.ndarray, y: float, widths_mm: tuple[float, float]) -> list[Pulse]:
    """Level lines of a pulse's width around the height ``y`` of a mask (h, w): tops of pulses."""
    reach = round(DRIFT_MM * PX_PER_MM)
    band = mask[max(0, round(y) - reach) : max(0, round(y) + reach + 1)]
    if not band.size:
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(band, connectivity=8)
    return [
        Pulse(left=float(left), right=float(left + width - 1), score=1.0)
        for left, _, width, height, _ in stats[1:].tolist()
        if widths_mm[0] <= width / PX_PER_MM <= widths_mm[1] and height <= THIN_MM * PX_PER_MM
    ]
