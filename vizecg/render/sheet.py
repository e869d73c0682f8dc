"""The rasteriser: a record drawn as a printed sheet, in three steps.

``draft_sheet`` decides everything that does not depend on the signal (letters, paper, which lead is drawn where),
``build_sheet`` where each pen travels, and ``draw_sheet`` turns such a plan into pixels. ``vizecg.data.batch`` takes
the second and third steps for many sheets on a GPU."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

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


class Stroke(NamedTuple):
    """How a pen draws a stretch of a lead.

    ``row`` of strokes; ``lead`` in the order of ``LEADS``; its samples ``start`` to ``stop`` at the rate of the draft,
    and the sub-column ``first`` that the pen begins in, ``inset`` samples later. ``baseline``, ``top`` and ``bottom``
    in pixels, ``scale`` in pixels a millivolt, upwards."""

    row: int
    lead: int
    start: int
    stop: int
    first: int
    baseline: float
    scale: float
    top: float
    bottom: float


class PulseStroke(NamedTuple):
    """A calibration pulse: ``foot`` sub-columns of baseline, ``flat`` of 1 mV, ``foot`` of baseline; pixels as
    above."""

    row: int
    first: int
    foot: int
    flat: int
    baseline: float
    height: float


@dataclass(frozen=True, kw_only=True)
class SheetDraft:
    """All of a sheet but the signal: ``strokes`` are in the order of ``boxes``.

    ``sampling_rate`` is that of the signal to be drawn, one sample a sub-column.
    """

    spec: SheetSpec
    paper: Paper
    rows: int
    sampling_rate: float
    strokes: tuple[Stroke, ...]
    pulses: tuple[PulseStroke, ...]
    radius_px: float
    ink: Colour
    marks: Marks
    boxes: tuple[LeadBox, ...]

    @property
    def inset(self) -> int:
        """Sub-columns by which a pen's centre stays inside its box, so that neighbours in a row do not touch."""
        return len(pen_taps(self.radius_px)) - 1


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
        width_mm: of a full row of traces.
    """

    image: np.ndarray
    boxes: tuple[LeadBox, ...]
    clipped: tuple[str, ...]
    width_mm: float = BLOCK_MM

    def block_mm(self) -> np.ndarray:
        """float64 (4, 2): where the first row of traces begins and ends, then the last, on the baseline of its first
        piece."""
        ends = [next(box for box in self.boxes if box.row == row) for row in (self.boxes[0].row, self.boxes[-1].row)]
        return np.array([[x, box.baseline_mm] for box in ends for x in (box.x_mm, box.x_mm + self.width_mm)])


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
    try:
        draft = draft_sheet(duration_s=record.duration_s, spec=spec, style=style, layout=layout)
    except InputRefusedError as error:
        raise InputRefusedError(f"record {record.record_id}: {error}", reason=error.reason) from error
    return build_sheet(draft, drawn_signal(record, sampling_rate=draft.sampling_rate))


def draft_sheet(
    *,
    duration_s: float,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | None = None,
) -> SheetDraft:
    """The sheet of any record of this length.

    Raises:
        InputRefusedError: it is too short for the layout.
    """
    spec, style, layout = spec or SheetSpec(), style or PrintStyle(), layout or Layout()
    boxes = layout.boxes(spec, duration_s=duration_s)
    radius = style.trace_mm * spec.px_per_mm / 2
    rate = drawing_rate(spec, layout)
    pulses = (
        []
        if style.pulse is Pulse.NONE
        else [_pulse(row, [box for box in boxes if box.row == row], spec, style) for row in range(layout.rows)]
    )
    return SheetDraft(
        spec=spec,
        paper=paper(spec, style),
        rows=layout.rows,
        sampling_rate=rate,
        strokes=tuple(_stroke(box.row, box, rate, spec, radius) for box in boxes),
        pulses=tuple(pulses),
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
        boxes=tuple(boxes),
    )


def build_sheet(draft: SheetDraft, signal: np.ndarray) -> SheetPlan:
    """The sheet of a signal float32 (12, samples) of ``drawn_signal``."""
    spec, radius = draft.spec, draft.radius_px
    spans = Spans.empty(rows=draft.rows, width=spec.width_px)
    drawn, clipped = [], []
    for stroke, box in zip(draft.strokes, draft.boxes, strict=True):
        y = stroke.baseline - stroke.scale * signal[stroke.lead, stroke.start : stroke.stop]
        if y.min() < stroke.top or y.max() > stroke.bottom:
            clipped.append(box.name)
        y = np.clip(y, stroke.top, stroke.bottom)
        spans.add(stroke.row, stroke.first, y[draft.inset : len(y) - draft.inset])
        top, bottom = (float(y.min()) - radius) / spec.px_per_mm, (float(y.max()) + radius) / spec.px_per_mm
        drawn.append(replace(box, top_mm=max(box.top_mm, top), bottom_mm=min(box.bottom_mm, bottom)))
    for pulse in draft.pulses:
        levels = np.repeat(np.array([0.0, 1.0, 0.0]), (pulse.foot, pulse.flat, pulse.foot))
        spans.add(pulse.row, pulse.first, (pulse.baseline - pulse.height * levels).astype(np.float32))
    return SheetPlan(
        spec=spec,
        paper=draft.paper,
        spans=spans,
        radius_px=radius,
        ink=draft.ink,
        marks=draft.marks,
        boxes=tuple(drawn),
        clipped=tuple(dict.fromkeys(clipped)),
    )


def drawing_rate(spec: SheetSpec, layout: Layout) -> float:
    """Samples a second of a signal that has one for every sub-column."""
    return layout.speed_mm_s * spec.px_per_mm * SUB


def drawn_signal(record: EcgRecord, *, sampling_rate: float) -> np.ndarray:
    """What is drawn of a record: float32 (12, samples) millivolts about each lead's own median."""
    return resample(_centred(record), source_hz=record.sampling_rate, target_hz=sampling_rate)


def _centred(record: EcgRecord) -> np.ndarray:
    """Millivolts about each lead's own median: an electrocardiograph blocks the constant voltage of its electrodes,
    which in unfiltered recordings reaches ten times the height of a beat."""
    every = max(1, record.signal.shape[1] // 1000)
    return record.signal - np.median(record.signal[:, ::every], axis=1, keepdims=True)


def _stroke(row: int, box: LeadBox, rate: float, spec: SheetSpec, radius: float) -> Stroke:
    # The pen's edge, not its centre, stays in the box: sideways too, so that neighbours in a row do not touch.
    return Stroke(
        row=row,
        lead=LEADS.index(box.lead),
        start=round(box.start_s * rate),
        stop=round(box.end_s * rate) + 1,
        first=round(box.x_mm * spec.px_per_mm * SUB) + len(pen_taps(radius)) - 1,
        baseline=box.baseline_mm * spec.px_per_mm,
        scale=box.gain_mm_mv * spec.px_per_mm * (-1 if box.inverted else 1),
        top=box.top_mm * spec.px_per_mm + radius,
        bottom=box.bottom_mm * spec.px_per_mm - radius,
    )


def _pulse(row: int, boxes: list[LeadBox], spec: SheetSpec, style: PrintStyle) -> PulseStroke:
    """The 1 mV, 0.2 s calibration pulse beside a row."""
    box = boxes[0]
    width = _PULSE_S * box.speed_mm_s
    if style.pulse is Pulse.LEFT:
        start = box.x_mm - style.pulse_gap_mm - width - _PULSE_FOOT_MM
    else:
        start = max(other.x_mm + other.width_mm for other in boxes) + style.pulse_gap_mm + _PULSE_FOOT_MM
    per_mm = spec.px_per_mm * SUB
    foot = round(_PULSE_FOOT_MM * per_mm)
    return PulseStroke(
        row=row,
        first=round(start * per_mm) - foot,
        foot=foot,
        flat=round(width * per_mm),
        baseline=box.baseline_mm * spec.px_per_mm,
        height=box.gain_mm_mv * spec.px_per_mm,
    )


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
