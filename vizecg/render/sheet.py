"""The rasteriser: a record drawn as a printed sheet, in three steps.

``draft_sheet`` decides everything that does not depend on the signal (letters, paper, which lead is drawn where),
``build_sheet`` where each pen travels, and ``draw_sheet`` turns such a plan into pixels. ``vizecg.data.batch`` takes
the second and third steps for many sheets on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vizecg.records import EcgRecord, resample
from vizecg.render.furniture import PrintedText, furnish, layer
from vizecg.render.grid import Paper, paper
from vizecg.render.layout import Layout, LeadBox
from vizecg.render.pulses import PrintedPulse, PulseStroke, printed_pulse, pulse_bars, pulse_strokes
from vizecg.render.strokes import SUB, Spans, blend_pixels, inked_pixels, pen_taps, widen
from vizecg.render.style import Colour, PrintStyle
from vizecg.render.text import Layer, Marks, place_marks
from vizecg.spec import LEADS, InputRefusedError, SheetSpec
from vizecg.spec.sheet import BLOCK_MM

RENDERER_VERSION = "2"
"""Written into manifests; raised when the same record is drawn differently."""


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


@dataclass(frozen=True, kw_only=True)
class SheetDraft:
    """All of a sheet but the signal: ``strokes`` are in the order of ``boxes``.

    ``sampling_rate`` is that of the signal to be drawn, one sample a sub-column. ``joined``: whether the pen goes on
    from one piece of a row to the next. ``texts`` and ``printed_pulses`` say what is written and drawn where.
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
    beneath: tuple[Layer, ...] = ()
    above: tuple[Layer, ...] = ()
    joined: bool = False
    texts: tuple[PrintedText, ...] = ()
    printed_pulses: tuple[PrintedPulse, ...] = ()
    width_mm: float = BLOCK_MM

    @property
    def inset(self) -> int:
        """Sub-columns by which a pen's centre stays inside its box, so that neighbours in a row do not touch."""
        return len(pen_taps(self.radius_px)) - 1


@dataclass(frozen=True, kw_only=True)
class SheetPlan:
    """All that decides the pixels of a sheet. ``radius_px`` is half the pen's width; ``marks`` are letters and bars in
    its ink; layers of other colours lie ``beneath`` the traces and ``above`` them."""

    spec: SheetSpec
    paper: Paper
    spans: Spans
    radius_px: float
    ink: Colour
    marks: Marks
    boxes: tuple[LeadBox, ...]
    clipped: tuple[str, ...]
    beneath: tuple[Layer, ...] = ()
    above: tuple[Layer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PrintedSheet:
    """A drawn sheet and what is on it.

    Attributes:
        image: uint8 RGB (H, W, 3).
        boxes: where each lead lies; top and bottom enclose its ink.
        clipped: names of the leads whose trace went too far from its baseline, or off the sheet, and was cut off.
        width_mm: of a full row of traces.
        texts: what is written where, names of leads among it.
        pulses: the calibration pulses.
    """

    image: np.ndarray
    boxes: tuple[LeadBox, ...]
    clipped: tuple[str, ...]
    width_mm: float = BLOCK_MM
    texts: tuple[PrintedText, ...] = ()
    pulses: tuple[PrintedPulse, ...] = ()

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
    layout: Layout | Sequence[Layout] | None = None,
) -> PrintedSheet:
    """Draw a record; 3x4 with a rhythm strip, 25 mm/s and 10 mm/mV unless told otherwise.

    Args:
        record: what is drawn.
        spec: the sheet.
        style: how it is printed.
        layout: what is printed where; several of one speed, as ``stacked`` places them, for blocks on one sheet.

    Raises:
        InputRefusedError: the record is too short for the layout.
    """
    draft, plan = _draft_and_plan(record, spec=spec, style=style, layout=layout)
    return PrintedSheet(
        image=draw_sheet(plan),
        boxes=plan.boxes,
        clipped=plan.clipped,
        width_mm=draft.width_mm,
        texts=draft.texts,
        pulses=draft.printed_pulses,
    )


def trace_mask(
    record: EcgRecord,
    *,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | Sequence[Layout] | None = None,
) -> np.ndarray:
    """How much of each pixel of ``render_sheet``'s picture the traces cover, without pulses, letters and lines: float32
    (H, W), 0 to 1."""
    draft, _ = _draft_and_plan(record, spec=spec, style=style, layout=layout)
    plan = build_sheet(replace(draft, pulses=()), drawn_signal(record, sampling_rate=draft.sampling_rate))
    ink = widen(plan.spans, plan.radius_px)
    mask = np.zeros(plan.spec.shape[:2], np.float32)
    for low, high in zip(ink.low, ink.high, strict=True):
        place, opacity = inked_pixels(low, high, plan.spec.height_px)
        mask.flat[place] = np.maximum(mask.flat[place], opacity)
    return mask


def draw_sheet(plan: SheetPlan, out: np.ndarray | None = None) -> np.ndarray:
    """uint8 RGB (H, W, 3), in ``out`` where given: memory that is used again spares the system its page faults."""
    image = plan.paper.image(out)
    for place, opacity, colour in plan.beneath:
        blend_pixels(image, place, opacity, colour)
    ink = widen(plan.spans, plan.radius_px)
    for low, high in zip(ink.low, ink.high, strict=True):
        blend_pixels(image, *inked_pixels(low, high, plan.spec.height_px), plan.ink)
    blend_pixels(image, plan.marks.place, plan.marks.opacity, plan.ink)
    for place, opacity, colour in plan.above:
        blend_pixels(image, place, opacity, colour)
    return image


def plan_sheet(
    record: EcgRecord,
    *,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | Sequence[Layout] | None = None,
) -> SheetPlan:
    """Everything about the sheet but its pixels; see ``render_sheet``."""
    return _draft_and_plan(record, spec=spec, style=style, layout=layout)[1]


def _draft_and_plan(
    record: EcgRecord, *, spec: SheetSpec | None, style: PrintStyle | None, layout: Layout | Sequence[Layout] | None
) -> tuple[SheetDraft, SheetPlan]:
    try:
        draft = draft_sheet(duration_s=record.duration_s, spec=spec, style=style, layout=layout)
    except InputRefusedError as error:
        raise InputRefusedError(f"record {record.record_id}: {error}", reason=error.reason) from error
    return draft, build_sheet(draft, drawn_signal(record, sampling_rate=draft.sampling_rate))


def draft_sheet(
    *,
    duration_s: float,
    spec: SheetSpec | None = None,
    style: PrintStyle | None = None,
    layout: Layout | Sequence[Layout] | None = None,
) -> SheetDraft:
    """The sheet of any record of this length.

    Raises:
        InputRefusedError: it is too short for the layout.
        ValueError: layouts of several speeds.
    """
    spec, style = spec or SheetSpec(), style or PrintStyle()
    layouts = (Layout(),) if layout is None else (layout,) if isinstance(layout, Layout) else tuple(layout)
    if len({one.speed_mm_s for one in layouts}) != 1:
        raise ValueError(f"expected layouts of one speed, got {[one.speed_mm_s for one in layouts]}")
    boxes: list[LeadBox] = []
    for block, one in enumerate(layouts):
        above = max((box.row + 1 for box in boxes), default=0)
        some = one.boxes(spec, duration_s=duration_s)
        boxes += [replace(box, row=box.row + above, block=block) for box in some] if block else some
    radius = style.trace_mm * spec.px_per_mm / 2
    rate = drawing_rate(spec, layouts[0])
    pulses = pulse_strokes(boxes, spec, style)
    rest = furnish(boxes, spec, style, layouts[0])
    beneath = rest.beneath
    if style.pulse_ink:
        bars = [mark for pulse in pulses for mark in pulse_bars(pulse, spec, style.trace_mm)]
        beneath = (*beneath, layer(bars, style.pulse_ink, spec))
    return SheetDraft(
        spec=spec,
        paper=paper(spec, style),
        rows=max([*(box.row for box in boxes), *(pulse.row for pulse in pulses)]) + 1,
        sampling_rate=rate,
        strokes=tuple(_stroke(box.row, box, rate, spec, radius) for box in boxes),
        pulses=() if style.pulse_ink else tuple(pulses),
        radius_px=radius,
        ink=style.ink,
        marks=place_marks(rest.marks, width=spec.width_px, height=spec.height_px),
        boxes=tuple(boxes),
        beneath=beneath,
        above=rest.above,
        joined=style.joined,
        texts=rest.texts,
        printed_pulses=tuple(printed_pulse(pulse, spec, style) for pulse in pulses),
        width_mm=layouts[0].block_mm,
    )


def build_sheet(draft: SheetDraft, signal: np.ndarray) -> SheetPlan:
    """The sheet of a signal float32 (12, samples) of ``drawn_signal``."""
    spec, radius = draft.spec, draft.radius_px
    spans = Spans.empty(rows=draft.rows, width=spec.width_px)
    drawn, clipped = [], []
    ended: tuple[int, int, float] | None = None
    for stroke, box in zip(draft.strokes, draft.boxes, strict=True):
        y = stroke.baseline - stroke.scale * signal[stroke.lead, stroke.start : stroke.stop]
        if y.min() < stroke.top or y.max() > stroke.bottom:
            clipped.append(box.name)
        y = np.clip(y, stroke.top, stroke.bottom)
        top, bottom = (float(y.min()) - radius) / spec.px_per_mm, (float(y.max()) + radius) / spec.px_per_mm
        y = y[draft.inset : len(y) - draft.inset]
        spans.add(stroke.row, stroke.first, y)
        if draft.joined and len(y):
            if ended is not None and ended[0] == stroke.row:
                spans.add(
                    stroke.row, ended[1], np.linspace(ended[2], y[0], stroke.first - ended[1] + 1, dtype=np.float32)
                )
            ended = (stroke.row, stroke.first + len(y) - 1, float(y[-1]))
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
        beneath=draft.beneath,
        above=draft.above,
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
