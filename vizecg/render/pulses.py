"""Calibration pulses of a sheet: where they stand, and how a pen draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from vizecg.render.furniture import bar
from vizecg.render.layout import LeadBox
from vizecg.render.strokes import SUB
from vizecg.render.style import PrintStyle, Pulse, PulseRows
from vizecg.render.text import Mark
from vizecg.spec import SheetSpec

_FOOT_MM = 1.0  # the flat line before and after the pulse
_BELOW = 0.75  # of the distance of two rows


class PulseStroke(NamedTuple):
    """A calibration pulse: ``foot`` sub-columns of baseline, ``flat`` of 1 mV, ``foot`` of baseline; ``baseline`` and
    ``height`` in pixels."""

    row: int
    first: int
    foot: int
    flat: int
    baseline: float
    height: float


@dataclass(frozen=True, kw_only=True)
class PrintedPulse:
    """The upright part of a calibration pulse, between the middles of its flanks. Sheet millimetres; 1 mV is
    ``height_mm`` above ``foot_mm``, and ``width_mm`` are ``seconds``."""

    left_mm: float
    width_mm: float
    foot_mm: float
    height_mm: float
    seconds: float


def pulse_strokes(boxes: Sequence[LeadBox], spec: SheetSpec, style: PrintStyle) -> list[PulseStroke]:
    """The pulses of a sheet. Those that are not the only one of their row have a row of strokes of their own."""
    if style.pulse is Pulse.NONE:
        return []
    rows = max(box.row for box in boxes) + 1
    spare = rows
    pulses = []
    for row, beside, shift_mm in _chosen(boxes, style, rows):
        for end in (Pulse.LEFT, Pulse.RIGHT) if style.pulse is Pulse.BOTH else (style.pulse,):
            first_of_row = end is not Pulse.RIGHT or style.pulse is not Pulse.BOTH
            own = row if shift_mm == 0 and first_of_row else spare
            spare += own == spare
            pulses.append(_pulse(own, beside, end, shift_mm, spec, style))
    return pulses


def printed_pulse(pulse: PulseStroke, spec: SheetSpec, style: PrintStyle) -> PrintedPulse:
    """What a pulse says, in millimetres."""
    per_mm = spec.px_per_mm * SUB
    return PrintedPulse(
        left_mm=(pulse.first + pulse.foot) / per_mm,
        width_mm=pulse.flat / per_mm,
        foot_mm=pulse.baseline / spec.px_per_mm,
        height_mm=pulse.height / spec.px_per_mm,
        seconds=style.pulse_s,
    )


def pulse_bars(pulse: PulseStroke, spec: SheetSpec, line_mm: float) -> list[Mark]:
    """The same pulse of straight bars, for one that is not in the pen's ink."""
    per_mm = spec.px_per_mm * SUB
    foot, top = (level / spec.px_per_mm for level in (pulse.baseline, pulse.baseline - pulse.height))
    steps = [pulse.first, pulse.first + pulse.foot, pulse.first + pulse.foot + pulse.flat]
    steps.append(steps[-1] + pulse.foot)
    xs = [step / per_mm for step in steps]
    half = line_mm / 2
    level = [(xs[0], xs[1], foot), (xs[1], xs[2], top), (xs[2], xs[3], foot)]
    bars = [bar(left - half, y - half, right + half, y + half, spec) for left, right, y in level]
    return bars + [bar(x - half, top - half, x + half, foot + half, spec) for x in xs[1:3]]


def _chosen(boxes: Sequence[LeadBox], style: PrintStyle, rows: int) -> list[tuple[int, list[LeadBox], float]]:
    """Row, its pieces, and by how much the pulse lies below its baseline."""
    of_row = [[box for box in boxes if box.row == row] for row in range(rows)]
    spacing = max((b[0].baseline_mm - a[0].baseline_mm for a, b in pairwise(of_row)), default=20.0)
    strips = [row for row in range(rows) if of_row[row][0].strip]
    chosen = {
        PulseRows.EVERY: (range(rows), 0.0),
        PulseRows.FIRST: ((0,), 0.0),
        PulseRows.STRIP: ((strips or [rows - 1])[:1], 0.0),
        PulseRows.BELOW: ((rows - 1,), _BELOW * spacing),
        PulseRows.MARGIN: (((rows - 1) // 2,), spacing / 2),
    }
    some, shift_mm = chosen[style.pulse_rows]
    return [(row, of_row[row], shift_mm) for row in some]


def _pulse(
    row: int, boxes: Sequence[LeadBox], end: Pulse, shift_mm: float, spec: SheetSpec, style: PrintStyle
) -> PulseStroke:
    """The pulse at one end of a row: at the left its first piece's gain, at the right that of its last."""
    width = style.pulse_s * boxes[0].speed_mm_s
    box = boxes[0] if end is Pulse.LEFT else boxes[-1]
    if style.pulse_rows is PulseRows.BELOW:
        start = box.x_mm + _FOOT_MM if end is Pulse.LEFT else box.x_mm + box.width_mm - width - _FOOT_MM
    elif end is Pulse.LEFT:
        start = box.x_mm - style.pulse_gap_mm - width - _FOOT_MM
    else:
        start = max(other.x_mm + other.width_mm for other in boxes) + style.pulse_gap_mm + _FOOT_MM
    per_mm = spec.px_per_mm * SUB
    foot = round(_FOOT_MM * per_mm)
    return PulseStroke(
        row=row,
        first=round(start * per_mm) - foot,
        foot=foot,
        flat=round(width * per_mm),
        baseline=(box.baseline_mm + shift_mm) * spec.px_per_mm,
        height=box.gain_mm_mv * spec.px_per_mm,
    )
