"""How well the traces on a rectified sheet agree with the record that was printed: scale, and millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vizecg.spec import GAIN_MM_MV, LEADS, PAPER_SPEED_MM_S, SheetSpec
from vizecg.spec.sheet import BLOCK_MM

ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",) * 4)
COLUMN_MM, NAME_MM = 62.5, 9.0
SCALE_STEPS, SHIFT_STEPS_MM = (0.004, 0.0005), (0.5, 0.1)
"""First over +-4 % and +-4 mm, then around the best."""
SHIFT_MM = 8.0
INK_SHARE = 0.35
"""Ink this dark, relative to the sheet's darkest, is a trace's."""


@dataclass(frozen=True, kw_only=True)
class TraceMatch:
    """``scale_error``: how much longer (+) the traces are than 25 mm/s, relative. ``shift_mm``: of their beginning.

    ``trace_error_mm``: median distance in height, after each lead's own median is taken off. ``correlation``: of all
    leads together, at the best scale and shift.
    """

    scale_error: float
    shift_mm: float
    trace_error_mm: float
    correlation: float


def match_traces(sheet: np.ndarray, rows_mm: tuple[float, ...], record: Any, spec: SheetSpec) -> TraceMatch:
    """Register the record's own traces to a rectified sheet, uint8 RGB of ``spec``, with baselines ``rows_mm``."""
    from vizecg_edge.leads.heights import heights_of
    from vizecg_edge.rectify.traces import PX_PER_MM

    begin = round((spec.block_x_mm - SHIFT_MM) * PX_PER_MM)
    found = heights_of(_trace_mask(sheet, spec), rows_mm)[:, begin : begin + round(BLOCK_MM * PX_PER_MM)]
    seen_mm = (np.arange(found.shape[1]) + 0.5) / PX_PER_MM - SHIFT_MM
    use = (seen_mm > 1) & (seen_mm < 240) & (seen_mm % COLUMN_MM > NAME_MM) & (seen_mm % COLUMN_MM < COLUMN_MM - 3)
    truth = _expected(record)
    time_mm = np.arange(truth.shape[1]) * PAPER_SPEED_MM_S / record.sampling_rate
    best = (-2.0, 1.0, 0.0, np.empty(0))
    for scale_step, shift_step, steps in zip(SCALE_STEPS, SHIFT_STEPS_MM, (10, 8), strict=True):
        middle = best[1:3]
        offsets = np.arange(-steps, steps + 1)
        for scale in middle[0] + scale_step * offsets:
            for shift in middle[1] + shift_step * offsets[abs(offsets) <= 8]:
                rest, correlation = _compare(found, truth, (seen_mm - shift) / scale, time_mm, use)
                if correlation > best[0]:
                    best = (correlation, float(scale), float(shift), rest)
    correlation, scale, shift, rest = best
    return TraceMatch(
        scale_error=scale - 1,
        shift_mm=shift,
        trace_error_mm=float(np.median(np.abs(rest))),
        correlation=correlation,
    )


def _trace_mask(sheet: np.ndarray, spec: SheetSpec) -> np.ndarray:
    """uint8 (h, w), 1 where there is trace ink, at the scale of the rectifier's own views."""
    from vizecg_edge.rectify.prepare import ink_of
    from vizecg_edge.rectify.traces import PX_PER_MM, THICKEST_PX, without_lines

    size = (round(spec.width_mm * PX_PER_MM), round(spec.height_mm * PX_PER_MM))
    ink = ink_of(cv2.resize(sheet.max(axis=2), size, interpolation=cv2.INTER_AREA))
    ink = cv2.morphologyEx(ink, cv2.MORPH_TOPHAT, np.ones((THICKEST_PX, THICKEST_PX), np.uint8))
    rest = without_lines(ink)
    return (rest > max(18.0, INK_SHARE * float(np.percentile(rest, 99.5)))).astype(np.uint8)


def _expected(record: Any) -> np.ndarray:
    """(4, samples) millimetres of height: what each row shows at each moment."""
    samples = record.signal.shape[1]
    column = np.minimum(np.arange(samples) * PAPER_SPEED_MM_S / record.sampling_rate // COLUMN_MM, 3).astype(int)
    signals = np.stack([np.stack([record.signal[LEADS.index(lead)] for lead in row]) for row in ROWS])
    return np.asarray(GAIN_MM_MV * signals[:, column, np.arange(samples)], np.float64)


def _compare(
    found: np.ndarray, truth: np.ndarray, at_mm: np.ndarray, time_mm: np.ndarray, use: np.ndarray
) -> tuple[np.ndarray, float]:
    """Differences in mm where ``use``, and the correlation, lead by lead about its median."""
    column = (at_mm[use] // COLUMN_MM).astype(int)
    first, second = [], []
    for seen, row in zip(found, truth, strict=True):
        wanted = cv2.GaussianBlur(np.interp(at_mm, time_mm, row)[None], (0, 0), 1.6)[0][use]
        for index in range(4):
            part = column == index
            if part.sum() > 30:
                first.append(seen[use][part] - np.median(seen[use][part]))
                second.append(wanted[part] - np.median(wanted[part]))
    one, two = np.concatenate(first), np.concatenate(second)
    # Tall waves must not decide alone.
    a, b = np.clip(one, -8, 8), np.clip(two, -8, 8)
    return one - two, float((a @ b) / max(1e-9, float(np.linalg.norm(a) * np.linalg.norm(b))))
