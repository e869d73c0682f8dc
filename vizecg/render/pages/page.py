"""A whole page drawn by lot: its layouts, its style and its sheet, after one of the forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render.cut import cut_sheet
from vizecg.render.layout import Arrangement, Layout, LeadGroup, LeadOrder, Timing
from vizecg.render.pages.forms import FORMS, Form, Header, Letters, Margin
from vizecg.render.pages.lots import one, usually
from vizecg.render.pages.papers import printed_paper
from vizecg.render.pages.words import Setting, gain_note, header, setting
from vizecg.render.sheet import PrintedSheet, render_sheet, trace_mask
from vizecg.render.style import NamePlace, PrintStyle, Pulse, PulseRows, Shape, Text
from vizecg.render.text import Font
from vizecg.spec import SheetSpec, UsageError

_RECORD_S = 10.0
_OTHER_SCALE, _CHEST_APART, _CABRERA, _SIMULTANEOUS = 0.12, 0.08, 0.05, 0.12
_PRINTED_SETTING = 0.75
_OTHER_BLOCK = 0.1
_CUT_ROW = 0.08
_NAMES_ASTRAY = 0.08
_SPACINGS = ((4, (22.0, 40.0)), (7, (15.0, 27.0)), (9, (13.0, 20.0)), (16, (10.5, 16.0)))
"""For so many rows, how far apart they lie, mm."""
_SPELLINGS: tuple[tuple[tuple[str, str], ...], ...] = (
    *((),) * 6,
    (("aVR", "AVR"), ("aVL", "AVL"), ("aVF", "AVF"), ("-aVR", "-AVR")),
    (("aVR", "aVr"), ("aVL", "aVl"), ("aVF", "aVf"), ("-aVR", "-aVr")),
    (("aVR", "avR"), ("aVL", "avL"), ("aVF", "avF"), ("-aVR", "-avR")),
    (("I", "I "), ("aVR", "a V R"), ("aVL", "a V L"), ("aVF", "a V F"), ("II", "I I"), ("III", "I I I")),
)


@dataclass(frozen=True, kw_only=True)
class RandomPage:
    """A page that any record can be printed on.

    Attributes:
        form: its name in ``FORMS``.
        layouts: one, or two that lie one over the other.
        style, spec: of the whole sheet.
        edges: left, top, right and bottom of what is left of it, mm; None for all of it.
        setting: the note of its scale.
    """

    form: str
    layouts: tuple[Layout, ...]
    style: PrintStyle
    spec: SheetSpec
    edges: tuple[float, float, float, float] | None
    setting: Setting

    def draw(self, record: EcgRecord) -> tuple[PrintedSheet, SheetSpec]:
        """The page of a record of at least 10 s, with all that is on it, and the size of what is left of its sheet."""
        printed = render_sheet(record, spec=self.spec, style=self.style, layout=self.layouts)
        if self.edges is None:
            return printed, self.spec
        left, top, right, bottom = self.edges
        return cut_sheet(printed, self.spec, left_mm=left, top_mm=top, right_mm=right, bottom_mm=bottom)

    def mask(self, record: EcgRecord) -> np.ndarray:
        """How much of each pixel of the page its traces cover: float32 (H, W), 0 to 1."""
        mask = trace_mask(record, spec=self.spec, style=self.style, layout=self.layouts)
        left, top, right, bottom = (
            round(edge * self.spec.px_per_mm) for edge in self.edges or (0, 0, self.spec.width_mm, self.spec.height_mm)
        )
        return mask[top:bottom, left:right]


def random_page(
    rng: np.random.Generator,
    *,
    form: str | None = None,
    layout: Layout | None = None,
    names: NamePlace | None = None,
    pulse: Pulse | None = None,
    faces: Sequence[Path] = (),
    px_per_mm: float = 8.0,
) -> RandomPage:
    """Draw a page.

    Args:
        rng: decides everything that is not given.
        form: one of ``FORMS``; None for any.
        layout: what is printed, in the form's looks; None for one of the form's own.
        names, pulse: where they stand; None for the form's own place.
        faces: TrueType files to write in, see ``vizecg.render.faces``; OpenCV's letters where there are none.
        px_per_mm: of the sheet.

    Raises:
        UsageError: there is no form of this name.
    """
    name = one(rng, tuple(FORMS)) if form is None else form
    if name not in FORMS:
        raise UsageError(f"unknown form {name!r}: expected one of {', '.join(FORMS)}")
    chosen = FORMS[name]
    layouts = _layouts(chosen, rng) if layout is None else (layout.fitting(_RECORD_S),)
    lift = one(rng, chosen.lifts)
    layouts = tuple(
        block if block.offsets_mm else replace(block, offsets_mm=_offsets(block, lift, rng)) for block in layouts
    )
    look = _Look.drawn(chosen, rng)
    look = replace(look, names=names or look.names, pulse=pulse or look.pulse)
    placed, spec, top_mm = _placed(layouts, look, rng, px_per_mm=px_per_mm)
    note = setting(placed[0], rng, printed=_PRINTED_SETTING)
    style = _style(chosen, look, placed, spec, top_mm, note, faces, rng)
    return RandomPage(
        form=name, layouts=placed, style=style, spec=spec, edges=_edges(look, placed, spec, rng), setting=note
    )


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What is drawn of a form before the page's size is known."""

    margin: Margin
    header: Header
    names: NamePlace
    name_mm: float
    pulse: Pulse
    pulse_rows: PulseRows
    pulse_s: float
    pulse_gap_mm: float

    @classmethod
    def drawn(cls, form: Form, rng: np.random.Generator) -> _Look:
        return cls(
            margin=one(rng, form.margins),
            header=one(rng, form.headers),
            names=usually(rng, one(rng, form.names), tuple(NamePlace), share=0.06),
            name_mm=float(rng.uniform(*form.name_mm)),
            pulse=usually(rng, one(rng, form.pulses), (Pulse.NONE,), share=0.06),
            pulse_rows=one(rng, form.pulse_rows),
            pulse_s=one(rng, form.pulse_s),
            pulse_gap_mm=float(rng.uniform(*form.pulse_gaps)),
        )

    def beside_mm(self, speed_mm_s: float) -> tuple[float, float]:
        """What pulses and names need at the left of the traces and at their right."""
        pulse = self.pulse_s * speed_mm_s + 2 + self.pulse_gap_mm if self.pulse_rows is not PulseRows.BELOW else 0.0
        left = pulse * (self.pulse in (Pulse.LEFT, Pulse.BOTH)) + 4 * self.name_mm * (self.names is NamePlace.LEFT)
        return left, pulse * (self.pulse in (Pulse.RIGHT, Pulse.BOTH))


def _layouts(form: Form, rng: np.random.Generator) -> tuple[Layout, ...]:
    names = one(rng, form.layouts).split("/")
    speed = usually(rng, form.speeds[0], form.speeds[1:], share=_OTHER_SCALE)
    gain = usually(rng, form.gains[0], form.gains[1:], share=_OTHER_SCALE)
    order = usually(rng, LeadOrder.STANDARD, (LeadOrder.CABRERA,), share=_CABRERA)
    changes: dict[str, Any] = {
        "speed_mm_s": speed,
        "gain_mm_mv": gain,
        "order": order,
        "timing": usually(rng, Timing.SEQUENTIAL, (Timing.SIMULTANEOUS,), share=_SIMULTANEOUS),
        "chest_gain_mm_mv": usually(rng, None, (gain / 2,), share=_CHEST_APART if gain > 2.5 else 0.0),
        "gap_mm": one(rng, form.gaps),
        "strips_above": rng.random() < 0.04,
    }
    group = one(rng, (LeadGroup.LIMB, LeadGroup.CHEST))
    block = usually(rng, one(rng, form.blocks), (float(rng.uniform(205, 250)),), share=_OTHER_BLOCK)
    if speed == 12.5:  # as much as the record has
        block = _RECORD_S * speed
    layouts = []
    for place, name in enumerate(names):
        layout = Layout.named(name, **changes)
        strips = [leads for leads in form.strips if len(leads) == len(layout.rhythm)]
        if strips and layout.rhythm:
            layout = replace(layout, rhythm=one(rng, strips))
        if layout.arrangement is Arrangement.SIX_BY_ONE:
            layout = replace(layout, group=group if len(names) == 1 else (LeadGroup.LIMB, LeadGroup.CHEST)[place])
        width = None if block is None else block / layout.columns
        layouts.append(replace(layout, column_mm=width).fitting(_RECORD_S))
    return tuple(layouts)


def _offsets(layout: Layout, lift_mm: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Columns that lie higher or lower than their row, and pieces that differ from their column."""
    if not lift_mm:
        return ()
    columns = rng.uniform(-lift_mm, lift_mm / 2, layout.columns)
    columns[0] = 0.0
    rows = layout.rows - len(layout.rhythm)
    block = columns + rng.normal(0, 0.15 * lift_mm, (rows, layout.columns))
    strips = rng.uniform(0, lift_mm, len(layout.rhythm))
    parts = (strips, block.ravel()) if layout.strips_above else (block.ravel(), strips)
    return tuple(float(np.round(offset, 2)) for offset in np.concatenate(parts))


def _placed(
    layouts: tuple[Layout, ...], look: _Look, rng: np.random.Generator, *, px_per_mm: float
) -> tuple[tuple[Layout, ...], SheetSpec, float]:
    """The layouts on a sheet that has room for them and for what is around them, and where its grid begins."""
    rows = max(layout.rows for layout in layouts)
    low, high = next(room for most, room in _SPACINGS if rows <= most)
    spacing = float(rng.uniform(low, high)) * (1.25 if layouts[0].gain_mm_mv == 20 else 1.0)
    tight = look.margin in (Margin.TIGHT, Margin.SCREEN)
    left, right = look.beside_mm(layouts[0].speed_mm_s)
    room = (1.0, 4.0) if tight else (4.0, 22.0)
    left, right = (side + float(rng.uniform(*room)) for side in (left, right))
    heading = {Header.NONE: (0.0, 4.0), Header.TITLE: (8.0, 14.0)}.get(look.header, (16.0, 45.0))
    top = float(rng.uniform(*heading)) if look.margin is not Margin.STRIP else heading[0]
    above = spacing * float(rng.uniform(0.55, 0.9))
    below = spacing * float(rng.uniform(0.5, 0.8)) + float(rng.uniform(6, 12))
    if look.pulse_rows is PulseRows.BELOW and look.pulse is not Pulse.NONE:
        below = max(below, spacing + 8)
    between = spacing * float(rng.uniform(1.5, 2.2))
    heights = [spacing * (layout.rows - 1) for layout in layouts]
    height = top + above + sum(heights) + between * (len(layouts) - 1) + below
    widest = max(layout.block_mm for layout in layouts)
    spec = SheetSpec(
        width_mm=left + widest + right, height_mm=height, px_per_mm=px_per_mm, block_x_mm=left,
        block_y_mm=top + above + heights[0] / 2,
    )  # fmt: skip
    placed: list[Layout] = []
    middle = spec.block_y_mm
    for layout, own in zip(layouts, heights, strict=True):
        middle += 0 if not placed else own / 2
        placed.append(replace(layout, row_spacing_mm=spacing, shift_x_mm=0.0, shift_y_mm=middle - spec.block_y_mm))
        middle += own / 2 + between
    return tuple(placed), spec, top


def _style(
    form: Form,
    look: _Look,
    layouts: tuple[Layout, ...],
    spec: SheetSpec,
    top_mm: float,
    note: Setting,
    faces: Sequence[Path],
    rng: np.random.Generator,
) -> PrintStyle:
    separator = one(rng, form.separators)
    trace = float(rng.uniform(*form.trace_mm))
    names = look.names
    shift = (float(rng.uniform(-1.0, 1.5)), float(rng.uniform(-1.5, 1.5)))
    face, font = _face(one(rng, form.letters), faces, rng)
    edge = float(rng.uniform(1.5, 6.0))
    framed = (edge, max(top_mm, edge), spec.width_mm - edge, spec.height_mm - float(rng.uniform(5, 9)))
    paper = printed_paper(one(rng, form.papers), rng)
    box = framed if look.margin in (Margin.FRAMED, Margin.SCREEN) else None
    shapes, surround = [], None
    if look.margin is Margin.FRAMED and rng.random() < 0.7:
        left, top, right, bottom = framed
        ink = one(rng, (paper.grid_colours[1], paper.ink))
        shapes.append(Shape(left_mm=left, top_mm=top, right_mm=right, bottom_mm=bottom, ink=ink, line_mm=0.4))
    if look.header is Header.REPORT and top_mm > 12 and rng.random() < 0.4:
        y = float(rng.uniform(0.2, 0.5)) * top_mm
        shapes.append(Shape(left_mm=edge, top_mm=y, right_mm=spec.width_mm - edge, bottom_mm=y + 0.6, ink=paper.ink))
    texts = _texts(form, look, layouts, spec, top_mm, note, rng)
    if look.margin is Margin.SCREEN:
        surround = one(rng, ((15, 15, 18), (40, 42, 48), (235, 235, 238), paper.paper))
        box = (edge, 0.0, spec.width_mm - float(rng.uniform(0, 3)), spec.height_mm)
        texts += _window(spec, rng)
    return replace(
        paper,
        trace_mm=trace,
        pulse=look.pulse,
        pulse_rows=look.pulse_rows,
        pulse_s=look.pulse_s,
        pulse_gap_mm=look.pulse_gap_mm + (4 * look.name_mm if names is NamePlace.LEFT else 0.0),
        separator=separator,
        bar_mm=float(rng.uniform(*form.bars)),
        rule_mm=one(rng, (None, 0.2, 0.5)),
        joined=one(rng, form.joins),
        names=names,
        name_height_mm=look.name_mm,
        name_shift=(0.0, shift[1] / 3) if names is NamePlace.LEFT else shift,
        name_pitch_mm=_pitch(layouts[0], rng) if rng.random() < _NAMES_ASTRAY else None,
        name_box=one(rng, form.patches),
        subscripts=one(rng, form.subscripts),
        accent=one(rng, form.accents),
        pulse_ink=one(rng, form.accents) if rng.random() < 0.5 else None,
        spelling=one(rng, _SPELLINGS),
        face=face,
        font=font,
        footer="",
        grid_box=box,
        surround=surround,
        texts=tuple(texts),
        shapes=tuple(shapes),
    )


def _pitch(layout: Layout, rng: np.random.Generator) -> float:
    """Names that are set as a line of text are no column edges: the last may stand well behind or before its own."""
    return layout.block_mm / layout.columns * float(rng.uniform(0.96, 1.1))


def _texts(
    form: Form,
    look: _Look,
    layouts: tuple[Layout, ...],
    spec: SheetSpec,
    top_mm: float,
    note: Setting,
    rng: np.random.Generator,
) -> list[Text]:
    """Header, the note of the scale, and what else stands at the foot."""
    size = float(rng.uniform(1.8, 3.0))
    texts = header(look.header, spec.width_mm, top_mm, size, rng)
    foot = spec.height_mm - float(rng.uniform(1.5, 4.0))
    texts.append(Text(text=note.text, x_mm=spec.width_mm * float(rng.uniform(0.02, 0.5)), y_mm=foot, height_mm=size))
    if rng.random() < 0.3:
        last = one(rng, ("Page 1 of 1", "1/1", "Seite 1", "V2.10 12SL", "Unconfirmed", "SN 003117"))
        texts.append(Text(text=last, x_mm=spec.width_mm * 0.86, y_mm=foot, height_mm=size))
    if one(rng, form.notes):
        layout = layouts[0]
        y = spec.block_y_mm + layout.shift_y_mm - layout.spacing_mm(spec) * ((layout.rows - 1) / 2 + 0.3)
        for column in range(layout.columns):
            lead = "I" if column < layout.columns / 2 else "V1"
            x = spec.block_x_mm + layout.block_mm / layout.columns * (column + 0.25)
            texts.append(Text(text=gain_note(layout.gain_of(lead)), x_mm=x, y_mm=y))
    return texts


def _window(spec: SheetSpec, rng: np.random.Generator) -> list[Text]:
    """A viewer's button to close it, and its mark in pale grey."""
    grey = int(rng.integers(120, 215))
    marks = [Text(text="x", x_mm=spec.width_mm - 9, y_mm=6.0, height_mm=3.0, ink=(60, 60, 60))]
    if rng.random() < 0.6:
        at = (spec.width_mm * float(rng.uniform(0.7, 0.85)), spec.height_mm - 3.0)
        marks.append(Text(text="viewer", x_mm=at[0], y_mm=at[1], height_mm=5.0, ink=(grey, grey, grey)))
    return marks


def _face(letters: Letters, faces: Sequence[Path], rng: np.random.Generator) -> tuple[Path | None, Font]:
    """A face of a kind, or any where there is none of it; OpenCV's otherwise."""
    font = usually(rng, Font.REGULAR, (Font.BOLD,), share=0.3)
    if letters is Letters.PLOTTER or not faces:
        return None, font
    kinds = [(path, path.stem.lower()) for path in sorted(faces)]
    serif = [path for path, stem in kinds if "serif" in stem or "times" in stem or "roman" in stem]
    serif = [path for path in serif if "sans" not in path.stem.lower()]
    mono = [path for path, stem in kinds if "mono" in stem or "courier" in stem]
    sans = [path for path, _ in kinds if path not in serif and path not in mono]
    return one(rng, {Letters.SERIF: serif, Letters.MONO: mono}.get(letters, sans) or [path for path, _ in kinds]), font


def _edges(
    look: _Look, layouts: tuple[Layout, ...], spec: SheetSpec, rng: np.random.Generator
) -> tuple[float, float, float, float] | None:
    """Where the sheet is cut: close to its traces, through its first row, or not at all."""
    left, top, right, bottom = 0.0, 0.0, spec.width_mm, spec.height_mm
    first = spec.block_y_mm - layouts[0].spacing_mm(spec) * (layouts[0].rows - 1) / 2
    if look.margin is Margin.TIGHT:
        top = first - float(rng.uniform(0.25, 0.7)) * layouts[0].spacing_mm(spec)
    if rng.random() < _CUT_ROW:
        top = first - float(rng.uniform(2.0, 8.0))
    if look.margin in (Margin.TIGHT, Margin.SCREEN) and rng.random() < 0.3:
        left = spec.block_x_mm - float(rng.uniform(0.0, 2.0))
    if look.margin is Margin.TIGHT and rng.random() < 0.2:
        end = spec.block_x_mm + min(layout.block_mm for layout in layouts)
        right = min(right, end + float(rng.uniform(-6.0, 2.0)))
    edges = (max(0.0, left), max(0.0, top), right, bottom)
    return None if edges == (0.0, 0.0, spec.width_mm, spec.height_mm) else edges
