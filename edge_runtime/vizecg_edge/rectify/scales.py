"""Paper speed and gain, as the calibration pulses show them: 1 mV high, and 0.2 s wide where they are wide."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify.block import Block
from vizecg_edge.rectify.pulses import DRIFT_MM, Pulse, Shape, aligned_pulses, row_pulses
from vizecg_edge.rectify.traces import PX_PER_MM

SPEEDS_MM_S, GAINS_MM_MV = (25.0, 50.0), (5.0, 10.0, 20.0)
WIDTHS_MM = {25.0: (3.4, 6.5), 50.0: (8.0, 11.5)}
"""Width of pulses of 0.2 s. Narrower ones are of another length, and QRS complexes one above another look like them."""
TALL_MM_MV = 20.0
"""Edges of pulses this high nearly touch those above and below, and are taken for a grid line; so are edges of others
that happen to lie on one. Tops, at most ``THIN_MM`` thick, are always left, but short ones are to be seen anywhere."""
THIN_MM = 2.0
BESIDE_MM = 22.0
"""Pulses lie no further than this from an end of the traces, on either side of it: where these seem to begin or end
may be where the pulses do."""
LEAST_USUAL, LEAST_UNUSUAL = (2, 0.7), (3, 0.75)
"""Least number of pulses and their least mean score: an unusual size must be seen more often and more clearly."""
CLEAR_PULSES = 3
"""From this many pulses of the usual size on, no others are looked for."""
CLEAR_RATIO = 1.25
"""The best reading beats the next by this factor, or nothing is read. This, and how far, how often and how clearly
pulses must be seen, was set on the drawn printouts at other speeds and gains of ``python -m vizecg_lab not-ecg``."""


@dataclass(frozen=True, kw_only=True)
class PulseScales:
    """What was read; None where nothing was."""

    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None


def read_scales(mask: np.ndarray, block: Block) -> PulseScales:
    """Upright ink mask (h, w) and the block found in it -> the speed and gain that its pulses show."""
    low, high = WIDTHS_MM[PAPER_SPEED_MM_S]
    if block.pulses >= CLEAR_PULSES and low <= block.pulse_width_mm <= high:
        return PulseScales(speed_mm_s=PAPER_SPEED_MM_S, gain_mm_mv=GAIN_MM_MV)
    readings = [
        (_evidence(mask, block, gain=gain, speed=speed), speed, gain) for gain in GAINS_MM_MV for speed in SPEEDS_MM_S
    ]
    (best, speed, gain), (next_best, _, _) = sorted(readings, reverse=True)[:2]
    if best <= CLEAR_RATIO * next_best:
        return PulseScales()
    return PulseScales(speed_mm_s=speed, gain_mm_mv=gain)


def _evidence(mask: np.ndarray, block: Block, *, gain: float, speed: float) -> float:
    """Sum of the scores of the best group of pulses of this size beside the rows; 0 for none."""
    shape = Shape(height_mm=gain, widths_mm=WIDTHS_MM[speed])
    usual = (gain, speed) == (GAIN_MM_MV, PAPER_SPEED_MM_S)
    least, least_mean = LEAST_USUAL if usual else LEAST_UNUSUAL
    width = mask.shape[1]
    beside = BESIDE_MM * PX_PER_MM
    best = 0.0
    for side, edge in ((mask, block.left), (mask[:, ::-1], width - (block.left + BLOCK_MM * PX_PER_MM))):
        low, high = max(0, round(edge - beside)), max(0, round(edge + beside))
        part = np.ascontiguousarray(side[:, low:high])
        looks = []
        if gain != TALL_MM_MV:
            looks.append([row_pulses(part, y, searched=1.0, shape=shape) for y in block.rows])
        if gain == TALL_MM_MV or speed != PAPER_SPEED_MM_S:
            looks.append([_tops(part, y, shape) for y in block.rows])
        for rows in looks:
            aligned = aligned_pulses(rows, low_px=0.0, high_px=float(high - low))
            total = sum(pulse.score for pulse in aligned)
            if len(aligned) >= least and total >= least_mean * len(aligned):
                best = max(best, total)
    return best


def _tops(mask: np.ndarray, y: float, shape: Shape) -> list[Pulse]:
    """Level lines of a pulse's width, a pulse's height above the baseline ``y`` of a mask (h, w): tops of pulses."""
    top, reach = round(y - shape.height_mm * PX_PER_MM), round(DRIFT_MM * PX_PER_MM)
    band = mask[max(0, top - reach) : max(0, top + reach + 1)]
    if not band.size:
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(band, connectivity=8)
    return [
        Pulse(left=float(left), right=float(left + width - 1), score=1.0)
        for left, _, width, height, _ in stats[1:].tolist()
        if shape.widths_mm[0] <= width / PX_PER_MM <= shape.widths_mm[1] and height <= THIN_MM * PX_PER_MM
    ]
