"""The rasteriser: a record drawn as a printed 3x4 + rhythm strip sheet."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from vizecg.records import EcgRecord, resample
from vizecg.render.layout import LeadBox, layout_3x4
from vizecg.render.style import PALETTES, PrintStyle
from vizecg.spec import GAIN_MM_MV, LEADS, PAPER_SPEED_MM_S, InputRefusedError, SheetSpec

_SHIFT = 4  # fractional bits of OpenCV's sub-pixel drawing
_POINTS_PER_PX = 2.0  # denser points change no pixel
_PULSE_WIDTH_MM = 5.0


def render_sheet(record: EcgRecord, *, spec: SheetSpec | None = None, style: PrintStyle | None = None) -> np.ndarray:
    """Draw a record on the sheet at 25 mm/s and 10 mm/mV.

    Args:
        record: at least 10 s long; the first 10 s are drawn.
        spec: size and scale.
        style: colours, widths, texts.

    Returns:
        uint8 RGB (H, W, 3). A trace that leaves its sheet is cut off at the edge.

    Raises:
        InputRefusedError: the record is shorter than the layout.
    """
    spec = spec or SheetSpec()
    style = style or PrintStyle()
    boxes = layout_3x4(
        spec, row_spacing_mm=style.row_spacing_mm, shift_x_mm=style.shift_x_mm, shift_y_mm=style.shift_y_mm
    )
    needed = max(box.end_s for box in boxes)
    if record.duration_s < needed - 1e-6:
        raise InputRefusedError(
            f"record {record.record_id}: {record.duration_s:.1f} s are less than the {needed:.0f} s of the layout",
            reason="bad_record",
        )
    image = blank_sheet(spec, style.palette, style.minor_grid, style.paper).copy()
    rate = PAPER_SPEED_MM_S * spec.px_per_mm * _POINTS_PER_PX
    signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=rate)
    for box in boxes:
        _draw_trace(image, signal[LEADS.index(box.lead)], rate, box, spec, style)
        _draw_name(image, box, spec, style)
    if style.separators:
        _draw_separators(image, boxes, spec, style)
    if style.pulse:
        for box in boxes:
            if box.start_s == 0:
                _draw_pulse(image, box, spec, style)
    _draw_texts(image, spec, style)
    return image


@lru_cache(maxsize=64)
def blank_sheet(spec: SheetSpec, palette: str, minor_grid: bool, paper: tuple[int, int, int]) -> np.ndarray:
    """Paper with its grid: uint8 RGB (H, W, 3), cached, not to be written to. Lines lie at whole millimetres."""
    image = np.empty(spec.shape, np.uint8)
    image[:] = paper
    minor, major = (np.array(colour, np.float32) / 255 for colour in PALETTES[palette])
    tinted = np.array(paper, np.float32)
    if minor_grid:
        _rule(image, spec, 1.0, tinted * minor)
    _rule(image, spec, 5.0, tinted * major)
    image.flags.writeable = False
    return image


def _rule(image: np.ndarray, spec: SheetSpec, step_mm: float, colour: np.ndarray) -> None:
    for axis, length_mm in ((1, spec.width_mm), (0, spec.height_mm)):
        lines = np.round(spec.mm_to_px(np.arange(0, length_mm + 1e-6, step_mm))).astype(int)
        lines = lines[(lines >= 0) & (lines < image.shape[axis])]
        if axis == 1:
            image[:, lines] = colour
        else:
            image[lines] = colour


def _points(mm: np.ndarray, spec: SheetSpec) -> np.ndarray:
    """(n, 2) millimetres -> int32 points in OpenCV's fixed-point pixel units."""
    return np.round(spec.mm_to_px(mm) * (1 << _SHIFT)).astype(np.int32)


def _draw_line(
    image: np.ndarray, mm: np.ndarray, colour: tuple[int, int, int], width_mm: float, spec: SheetSpec
) -> None:
    thickness = max(1, round(width_mm * spec.px_per_mm))
    cv2.polylines(image, [_points(mm, spec)], False, colour, thickness, cv2.LINE_AA, _SHIFT)


def _draw_trace(
    image: np.ndarray, lead: np.ndarray, rate: float, box: LeadBox, spec: SheetSpec, style: PrintStyle
) -> None:
    start, end = round(box.start_s * rate), round(box.end_s * rate) + 1
    values = lead[start:end]
    x = box.x_mm + np.arange(len(values)) * (PAPER_SPEED_MM_S / rate)
    y = np.clip(box.baseline_mm - GAIN_MM_MV * values, -spec.height_mm, 2 * spec.height_mm)
    _draw_line(image, np.column_stack([x, y]), style.ink, style.trace_mm, spec)


def _draw_pulse(image: np.ndarray, box: LeadBox, spec: SheetSpec, style: PrintStyle) -> None:
    """The 1 mV, 0.2 s calibration pulse left of a row."""
    right = box.x_mm - style.pulse_gap_mm
    x = right - _PULSE_WIDTH_MM + np.array([-1.0, 0.0, 0.0, 1.0, 1.0, 1.0]) * _PULSE_WIDTH_MM
    x[0], x[-1] = right - _PULSE_WIDTH_MM - 1.0, right + 1.0
    y = box.baseline_mm - GAIN_MM_MV * np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    _draw_line(image, np.column_stack([x, y]), style.ink, style.trace_mm, spec)


def _draw_separators(image: np.ndarray, boxes: list[LeadBox], spec: SheetSpec, style: PrintStyle) -> None:
    for box in boxes:
        if box.start_s > 0:
            ends = np.array([[box.x_mm, box.baseline_mm - 3.0], [box.x_mm, box.baseline_mm + 3.0]])
            _draw_line(image, ends, style.ink, style.trace_mm, spec)


def _draw_name(image: np.ndarray, box: LeadBox, spec: SheetSpec, style: PrintStyle) -> None:
    offset = -7.0 if style.names_above else 5.5 + style.name_height_mm
    _put_text(image, box.lead, (box.x_mm + 1.0, box.baseline_mm + offset), style, spec)


def _draw_texts(image: np.ndarray, spec: SheetSpec, style: PrintStyle) -> None:
    for line, text in enumerate(style.header):
        _put_text(image, text, (8.0, 4.0 + 4.0 * line), style, spec)
    if style.footer:
        _put_text(image, style.footer, (spec.width_mm * 0.2, spec.height_mm - 2.0), style, spec)


def _put_text(image: np.ndarray, text: str, at_mm: tuple[float, float], style: PrintStyle, spec: SheetSpec) -> None:
    # HERSHEY_SIMPLEX capitals are 21 units high at scale 1.
    scale = style.name_height_mm * spec.px_per_mm / 21.0
    x, y = np.round(spec.mm_to_px(np.array(at_mm))).astype(int)
    cv2.putText(image, text, (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, scale, style.ink, 1, cv2.LINE_AA)
