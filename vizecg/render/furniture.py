"""What is printed beside the traces: names of leads, separators, texts, frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vizecg.render.layout import Layout, LeadBox
from vizecg.render.style import Colour, NamePlace, PrintStyle, Separator, Shape, Text
from vizecg.render.text import Dots, Font, Layer, Mark, bar_dots, moved, place_marks, text_dots
from vizecg.spec import SheetSpec

_SUBSCRIPT, _LOWERED = 0.65, 0.3
_PATCH_MM = 0.4  # of blank paper around a name
_DASH_MM, _DOT_MM, _SPACE_MM = 2.0, 0.6, 1.2


@dataclass(frozen=True, kw_only=True)
class PrintedText:
    """A line of print and the outline of its ink, sheet millimetres.

    ``piece``: of a lead's name, the place of its trace among the sheet's boxes; None of anything else.
    """

    text: str
    left_mm: float
    top_mm: float
    right_mm: float
    bottom_mm: float
    piece: int | None = None


class Furniture(NamedTuple):
    """Marks in the pen's own ink, layers of other colours beneath and above the traces, and what is written where."""

    marks: list[Mark]
    beneath: tuple[Layer, ...]
    above: tuple[Layer, ...]
    texts: tuple[PrintedText, ...]


def furnish(boxes: Sequence[LeadBox], spec: SheetSpec, style: PrintStyle, layout: Layout) -> Furniture:
    """All of a sheet but its paper, its traces and its pulses; rows are as far apart as the layout has them."""
    names = _names(boxes, spec, style, layout.spacing_mm(spec))
    separators = _separators(boxes, spec, style, layout.spacing_mm(spec))
    plain, coloured = _texts(spec, style, layout)
    written = [printed for _, printed in (*plain, *coloured, *names) if printed.text]
    lines = [mark for mark, _ in plain]
    own, above = [mark for mark, _ in names], []
    if style.name_box:
        patches = [_patch(printed, spec) for _, printed in names]
        above.append(layer(patches, style.paper, spec))
    if style.name_box or style.accent:
        above.append(layer(own, style.accent or style.ink, spec))
        own = []
    beneath = [layer(_shape(shape, spec), shape.ink, spec) for shape in style.shapes]
    beneath += [
        layer([mark], text.ink, spec)
        for (mark, _), text in zip(coloured, (text for text in style.texts if text.ink), strict=True)
        if text.ink
    ]
    if style.accent:
        beneath.append(layer(separators, style.accent, spec))
        separators = []
    return Furniture([*separators, *own, *lines], tuple(beneath), tuple(above), tuple(written))


def layer(marks: Sequence[Mark], colour: Colour, spec: SheetSpec) -> Layer:
    """Marks of one colour."""
    return Layer(*place_marks(marks, width=spec.width_px, height=spec.height_px), colour)


def bar(left: float, top: float, right: float, bottom: float, spec: SheetSpec) -> Mark:
    """A filled rectangle, millimetres; at least a pixel wide and high."""
    width, height = (max(1, round(mm * spec.px_per_mm)) for mm in (right - left, bottom - top))
    return Mark(bar_dots(width=width, height=height), round(left * spec.px_per_mm), round(top * spec.px_per_mm))


def _separators(boxes: Sequence[LeadBox], spec: SheetSpec, style: PrintStyle, spacing: float) -> list[Mark]:
    if style.separator is Separator.NONE:
        return []
    first = min(box.x_mm for box in boxes)
    mm = style.rule_mm or style.trace_mm
    width = max(1, round(mm * spec.px_per_mm))
    if style.separator in (Separator.RULE, Separator.DASHED, Separator.DOTTED):
        return _rules([box for box in boxes if not box.strip], spec, style.separator, mm, spacing)
    # From how far above the baseline to how far below it: a bar across it, short ticks above it, or on both sides.
    reaches = {
        Separator.BAR: [(style.bar_mm, style.bar_mm)],
        Separator.TICKS: [(6.0, -3.0)],
        Separator.TICKS_BOTH: [(5.0, -2.0), (-2.0, 5.0)],
    }[style.separator]
    return [
        Mark(
            dots=bar_dots(width=width, height=max(1, round((above + below) * spec.px_per_mm))),
            x=round(box.x_mm * spec.px_per_mm - width / 2),
            y=round((box.baseline_mm - above) * spec.px_per_mm),
        )
        for box in boxes
        if box.x_mm > first + 1
        for above, below in reaches
    ]


def _rules(block: Sequence[LeadBox], spec: SheetSpec, kind: Separator, mm: float, spacing: float) -> list[Mark]:
    """Lines between the columns, from above the first row of the block to below the last."""
    length = {Separator.RULE: None, Separator.DASHED: _DASH_MM, Separator.DOTTED: _DOT_MM}[kind]
    marks = []
    for number in {box.block for box in block}:
        part = [box for box in block if box.block == number]
        top, bottom = (f(box.baseline_mm for box in part) for f in (min, max))
        top, bottom = max(0.0, top - 0.5 * spacing), min(spec.height_mm, bottom + 0.45 * spacing)
        for column in sorted({box.column for box in part} - {0}):
            x = min(box.x_mm for box in part if box.column == column) - mm / 2
            starts = [top] if length is None else np.arange(top, bottom, length + _SPACE_MM)
            marks += [bar(x, y, x + mm, bottom if length is None else min(y + length, bottom), spec) for y in starts]
    return marks


def _names(
    boxes: Sequence[LeadBox], spec: SheetSpec, style: PrintStyle, spacing: float
) -> list[tuple[Mark, PrintedText]]:
    if style.names is NamePlace.NONE:
        return []
    close = -min(3.0, 0.15 * spacing)
    down = {
        NamePlace.ABOVE: -min(7.0, 0.3 * spacing),
        NamePlace.CLOSE: close,
        NamePlace.BELOW: min(5.5, 0.2 * spacing) + style.name_height_mm,
        NamePlace.LEFT: 0.5 * style.name_height_mm,
        NamePlace.ON: 0.5 * style.name_height_mm,
    }[style.names]
    spelling = dict(style.spelling)
    names = []
    for piece, box in enumerate(boxes):
        name = spelling.get(box.name, box.name)
        dots = _name_dots(name, style, spec)
        across, offset = 1.0, down
        if style.names is NamePlace.LEFT:
            beside = not box.column
            across = -1.5 - (int(dots.x.max(initial=0)) + 1) / spec.px_per_mm if beside else 1.0
            offset = down if beside else close
        x = box.x_mm
        if style.name_pitch_mm is not None and box.column:
            first = min(other.x_mm for other in boxes if other.block == box.block)
            x = first + box.column * style.name_pitch_mm
        at = (x + across + style.name_shift[0], box.baseline_mm + offset + style.name_shift[1])
        names.append(_placed(name, dots, at, spec, piece))
    return names


def _name_dots(name: str, style: PrintStyle, spec: SheetSpec) -> Dots:
    height = style.name_height_mm * spec.px_per_mm
    if not (style.subscripts and name[:1] == "V" and name[1:].isdigit()):
        return text_dots(name, font=style.type, height_px=height)
    letter = text_dots("V", font=style.type, height_px=height)
    figure = text_dots(name[1:], font=style.type, height_px=_SUBSCRIPT * height)
    figure = moved(figure, int(letter.x.max(initial=0)) + 1 - int(figure.x.min(initial=0)), round(_LOWERED * height))
    return Dots(*(np.concatenate(pair) for pair in zip(letter, figure, strict=True)))


def _texts(
    spec: SheetSpec, style: PrintStyle, layout: Layout
) -> tuple[list[tuple[Mark, PrintedText]], list[tuple[Mark, PrintedText]]]:
    """Header, footer and all else that is written: what is in the pen's ink, and what has a colour of its own."""
    footer = layout.printed_settings if style.footer is None else style.footer
    lines = [Text(text=text, x_mm=8.0, y_mm=4.0 + 4.0 * row) for row, text in enumerate(style.header)]
    lines.append(Text(text=footer, x_mm=spec.width_mm * 0.2, y_mm=spec.height_mm - 2.0))
    plain = [_line(text, style, spec) for text in (*lines, *(text for text in style.texts if not text.ink))]
    return plain, [_line(text, style, spec) for text in style.texts if text.ink]


def _line(text: Text, style: PrintStyle, spec: SheetSpec) -> tuple[Mark, PrintedText]:
    font: Font | Path = text.font or style.type
    dots = text_dots(text.text, font=font, height_px=(text.height_mm or style.name_height_mm) * spec.px_per_mm)
    return _placed(text.text, dots, (text.x_mm, text.y_mm), spec, None)


def _placed(
    text: str, dots: Dots, at_mm: tuple[float, float], spec: SheetSpec, piece: int | None
) -> tuple[Mark, PrintedText]:
    """Dots whose origin is put at ``at_mm``, and what they say."""
    mark = Mark(dots=dots, x=round(at_mm[0] * spec.px_per_mm), y=round(at_mm[1] * spec.px_per_mm))
    (left, right), (top, bottom) = (
        (place + axis.min(), place + axis.max() + 1) if len(axis) else (place, place)
        for place, axis in ((mark.x, dots.x), (mark.y, dots.y))
    )
    return mark, PrintedText(
        text=text,
        left_mm=float(left) / spec.px_per_mm,
        top_mm=float(top) / spec.px_per_mm,
        right_mm=float(right) / spec.px_per_mm,
        bottom_mm=float(bottom) / spec.px_per_mm,
        piece=piece,
    )


def _patch(name: PrintedText, spec: SheetSpec) -> Mark:
    return bar(
        name.left_mm - _PATCH_MM, name.top_mm - _PATCH_MM, name.right_mm + _PATCH_MM, name.bottom_mm + _PATCH_MM, spec
    )


def _shape(shape: Shape, spec: SheetSpec) -> list[Mark]:
    left, top, right, bottom = shape.left_mm, shape.top_mm, shape.right_mm, shape.bottom_mm
    if shape.line_mm is None:
        return [bar(left, top, right, bottom, spec)]
    line = shape.line_mm
    return [
        bar(left, top, right, top + line, spec),
        bar(left, bottom - line, right, bottom, spec),
        bar(left, top, left + line, bottom, spec),
        bar(right - line, top, right, bottom, spec),
    ]
