"""The rasteriser: a record drawn as a printed sheet, in two steps.

``plan_sheet`` decides everything (where each pen travels, which letters stand where); ``draw_sheet`` turns a plan into
pixels here, and ``vizecg.data.batch`` turns many plans into pixels on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vizecg.records import EcgRecord, resample
from vizecg.render.grid import Paper, paper
from vizecg.render.layout import Layout, LeadBox
from vizecg.render.strokes import SUB, Spans, blend_pixels, inked_pixels, pen_taps, widen
from vizecg.render.style import Colour, NamePlace, PrintStyle, Pulse, Separator
from vizecg.render.text import Mark, Marks, bar_dots, place_marks, text_dots
from vizecg.spec import LEADS, InputRefusedError, SheetSpec
from vizecg.spec.sheet import BLOCK_MM

RENDERER_VERSION = "2"
"""Written into manifests; raised when the same record is drawn differently."""

_PULSE_S = 0.2
_PULSE_FOOT_MM = 1.0  # the flat line before and after the pulse


@dataclass(frozen=True, kw_only=True)
class SheetPlan:
    """All that decides the pixels of a sheet. ``radius_px`` is half the pen's width; ``marks`` are letters and bars."""

    spec: SheetSpec
    paper: Paper
    spans: Spans
    radius_px: float
    ink: Colour
    marks: Marks
    boxes: tuple[LeadBox, ...]
    clipped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PrintedSheet:
    """A drawn sheet and what is on it.

    Attributes:
        image: uint8 RGB (H, W, 3).
        boxes: where each lead lies; top and bottom enclose its ink.
        clipped: names of the leads whose trace went too far from its baseline, or off the sheet, and was cut off.
    """

    image: np.ndarray
    boxes: tuple[LeadBox, ...]
    clipped: tuple[str, ...]

    def block_mm(self) -> np.ndarray:
        """float64 (4, 2): where the first row of traces begins and ends, then the last, on its baseline."""
        ends = (self.boxes[0], self.boxes[-1])
        return np.array([[x, box.baseline_mm] for box in ends for x in (box.x_mm, box.x_mm + BLOCK_MM)])


def render_sheet(
    record: EcgRecord,
    *,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | None = None,
) -> PrintedSheet:
    """Draw a record; 3x4 with a rhythm strip, 25 mm/s and 10 mm/mV unless told otherwise.

    Raises:
        InputRefusedError: the record is too short for the layout.
    """
    plan = plan_sheet(record, spec=spec, style=style, layout=layout)
    return PrintedSheet(image=draw_sheet(plan), boxes=plan.boxes, clipped=plan.clipped)


def draw_sheet(plan: SheetPlan, out: np.ndarray | None = None) -> np.ndarray:
    """uint8 RGB (H, W, 3), in ``out`` where given: memory that is used again spares the system its page faults."""
    image = plan.paper.image(out)
    ink = widen(plan.spans, plan.radius_px)
    for low, high in zip(ink.low, ink.high, strict=True):
        blend_pixels(image, *inked_pixels(low, high, plan.spec.height_px), plan.ink)
    blend_pixels(image, plan.marks.place, plan.marks.opacity, plan.ink)
    return image


def plan_sheet(
    record: EcgRecord,
    *,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | None = None,
) -> SheetPlan:
    """Everything about the sheet but its pixels; see ``render_sheet``."""
    spec, style, layout = spec or SheetSpec(), style or PrintStyle(), layout or Layout()
    try:
        boxes = layout.boxes(spec, duration_s=record.duration_s)
    except InputRefusedError as error:
        raise InputRefusedError(f"record {record.record_id}: {error}", reason=error.reason) from error
    radius = style.trace_mm * spec.px_per_mm / 2
    rate = layout.speed_mm_s * spec.px_per_mm * SUB
    signal = resample(_centred(record), source_hz=record.sampling_rate, target_hz=rate)
    baselines = sorted({box.baseline_mm for box in boxes})
    spans = Spans.empty(rows=len(baselines), width=spec.width_px)
    drawn, clipped = [], []
    for box in boxes:
        row = baselines.index(box.baseline_mm)
        extent, cut = _add_trace(spans, row, signal[LEADS.index(box.lead)], rate, box, spec, radius)
        drawn.append(replace(box, top_mm=extent[0], bottom_mm=extent[1]))
        if cut:
            clipped.append(box.name)
    if style.pulse is not Pulse.NONE:
        for row, baseline in enumerate(baselines):
            _add_pulse(spans, row, [box for box in boxes if box.baseline_mm == baseline], spec, style)
    return SheetPlan(
        spec=spec,
        paper=paper(spec, style),
        spans=spans,
        radius_px=radius,
        ink=style.ink,
        marks=place_marks(
            [
                *_separators(boxes, spec, style),
                *_names(boxes, spec, style, layout.spacing_mm(spec)),
                *_texts(spec, style, layout),
            ],
            width=spec.width_px,
            height=spec.height_px,
        ),
        boxes=tuple(drawn),
        clipped=tuple(dict.fromkeys(clipped)),
    )


def _centred(record: EcgRecord) -> np.ndarray:
    """Millivolts about each lead's own median: an electrocardiograph blocks the constant voltage of its electrodes,
    which in unfiltered recordings reaches ten times the height of a beat."""
    every = max(1, record.signal.shape[1] // 1000)
    return record.signal - np.median(record.signal[:, ::every], axis=1, keepdims=True)


def _add_trace(
    spans: Spans, row: int, lead: np.ndarray, rate: float, box: LeadBox, spec: SheetSpec, radius: float
) -> tuple[tuple[float, float], bool]:
    """Draw one lead between the box's top and bottom: from where to where (mm) its ink reaches, and whether it was
    cut off."""
    values = lead[round(box.start_s * rate) : round(box.end_s * rate) + 1]
    scale = box.gain_mm_mv * spec.px_per_mm * (-1 if box.inverted else 1)
    y = box.baseline_mm * spec.px_per_mm - scale * values
    # The pen's edge, not its centre, stays in the box: sideways too, so that neighbours in a row do not touch.
    top, bottom = box.top_mm * spec.px_per_mm + radius, box.bottom_mm * spec.px_per_mm - radius
    cut = bool(y.min() < top or y.max() > bottom)
    y = np.clip(y, top, bottom)
    inset = len(pen_taps(radius)) - 1
    spans.add(row, round(box.x_mm * spec.px_per_mm * SUB) + inset, y[inset : len(y) - inset])
    drawn_top, drawn_bottom = (float(y.min()) - radius) / spec.px_per_mm, (float(y.max()) + radius) / spec.px_per_mm
    return (max(box.top_mm, drawn_top), min(box.bottom_mm, drawn_bottom)), cut


def _add_pulse(spans: Spans, row: int, boxes: list[LeadBox], spec: SheetSpec, style: PrintStyle) -> None:
    """The 1 mV, 0.2 s calibration pulse beside a row."""
    box = boxes[0]
    width = _PULSE_S * box.speed_mm_s
    if style.pulse is Pulse.LEFT:
        start = box.x_mm - style.pulse_gap_mm - width - _PULSE_FOOT_MM
    else:
        start = max(other.x_mm + other.width_mm for other in boxes) + style.pulse_gap_mm + _PULSE_FOOT_MM
    per_mm = spec.px_per_mm * SUB
    foot, flat = round(_PULSE_FOOT_MM * per_mm), round(width * per_mm)
    levels = np.repeat(np.array([0.0, 1.0, 0.0]), (foot, flat, foot))
    y = (box.baseline_mm - box.gain_mm_mv * levels) * spec.px_per_mm
    spans.add(row, round(start * per_mm) - foot, y.astype(np.float32))


def _separators(boxes: list[LeadBox], spec: SheetSpec, style: PrintStyle) -> list[Mark]:
    if style.separator is Separator.NONE:
        return []
    first = min(box.x_mm for box in boxes)
    # A bar across the baseline, or two short ticks above it.
    reach = (3.0, 3.0) if style.separator is Separator.BAR else (6.0, -3.0)
    width = max(1, round(style.trace_mm * spec.px_per_mm))
    bar = bar_dots(width=width, height=max(1, round(sum(reach) * spec.px_per_mm)))
    return [
        Mark(
            dots=bar,
            x=round(box.x_mm * spec.px_per_mm - width / 2),
            y=round((box.baseline_mm - reach[0]) * spec.px_per_mm),
        )
        for box in boxes
        if box.x_mm > first + 1
    ]


def _names(boxes: list[LeadBox], spec: SheetSpec, style: PrintStyle, spacing: float) -> list[Mark]:
    if style.names is NamePlace.NONE:
        return []
    offset = {
        NamePlace.ABOVE: -min(7.0, 0.3 * spacing),
        NamePlace.CLOSE: -min(3.0, 0.15 * spacing),
        NamePlace.BELOW: min(5.5, 0.2 * spacing) + style.name_height_mm,
    }[style.names]
    return [_line(box.name, (box.x_mm + 1.0, box.baseline_mm + offset), style, spec) for box in boxes]


def _texts(spec: SheetSpec, style: PrintStyle, layout: Layout) -> list[Mark]:
    lines = [_line(text, (8.0, 4.0 + 4.0 * row), style, spec) for row, text in enumerate(style.header)]
    footer = layout.printed_settings if style.footer is None else style.footer
    return [*lines, _line(footer, (spec.width_mm * 0.2, spec.height_mm - 2.0), style, spec)]


def _line(text: str, at_mm: tuple[float, float], style: PrintStyle, spec: SheetSpec) -> Mark:
    """A line of text whose baseline begins at ``at_mm``."""
    dots = text_dots(text, font=style.font, height_px=style.name_height_mm * spec.px_per_mm)
    return Mark(dots=dots, x=round(at_mm[0] * spec.px_per_mm), y=round(at_mm[1] * spec.px_per_mm))
