"""The table of forms: how recorders, viewers and books print a page, in choices to draw from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

from vizecg.render.style import NamePlace, Pulse, PulseRows, Separator


class Margin(str, Enum):
    """``paper``: a sheet with room around the traces. ``framed``: the grid ends in a frame on blank paper. ``strip``:
    the grid fills all that there is. ``tight``: cut off close to the traces. ``screen``: a viewer's window."""

    PAPER = "paper"
    FRAMED = "framed"
    STRIP = "strip"
    TIGHT = "tight"
    SCREEN = "screen"


class Header(str, Enum):
    """What stands above the traces; ``table``: measurements in two columns; ``report``: the same and statements."""

    NONE = "none"
    TITLE = "title"
    TABLE = "table"
    REPORT = "report"


class Letters(str, Enum):
    """Kinds of faces. ``plotter`` is OpenCV's."""

    PLOTTER = "plotter"
    SANS = "sans"
    SERIF = "serif"
    MONO = "mono"


@dataclass(frozen=True, kw_only=True)
class Form:
    """Choices, each as likely as the others; what is met with often stands twice. Lengths in millimetres.

    Attributes:
        layouts: names, see ``Layout.named``; two joined by ``/`` lie one over the other.
        strips: leads of the rhythm strips, for layouts with as many; II, V1, V5 where none are given.
        blocks: widths of all columns together, None for 250 mm.
        speeds, gains: the usual one first.
        joins: whether the pen goes on from column to column.
        lifts: by how much the pieces of a row may lie apart.
        notes: whether each column has its gain printed beside it.
    """

    layouts: tuple[str, ...] = ("3x4+R",)
    strips: tuple[tuple[str, ...], ...] = ()
    blocks: tuple[float | None, ...] = (None,)
    speeds: tuple[float, ...] = (25.0, 50.0)
    gains: tuple[float, ...] = (10.0, 5.0, 20.0)
    papers: tuple[str, ...] = ("red", "pink", "orange")
    margins: tuple[Margin, ...] = (Margin.PAPER,)
    pulses: tuple[Pulse, ...] = (Pulse.LEFT,)
    pulse_rows: tuple[PulseRows, ...] = (PulseRows.EVERY,)
    pulse_s: tuple[float, ...] = (0.2,)
    pulse_gaps: tuple[float, float] = (0.0, 3.0)
    separators: tuple[Separator, ...] = (Separator.NONE,)
    bars: tuple[float, float] = (2.5, 4.0)
    gaps: tuple[float, ...] = (0.0,)
    joins: tuple[bool, ...] = (False,)
    lifts: tuple[float, ...] = (0.0, 0.0, 1.5)
    names: tuple[NamePlace, ...] = (NamePlace.ABOVE,)
    name_mm: tuple[float, float] = (2.0, 3.2)
    patches: tuple[bool, ...] = (False,)
    subscripts: tuple[bool, ...] = (False,)
    accents: tuple[tuple[int, int, int] | None, ...] = (None,)
    letters: tuple[Letters, ...] = (Letters.SANS, Letters.PLOTTER)
    headers: tuple[Header, ...] = (Header.TABLE,)
    notes: tuple[bool, ...] = (False,)
    trace_mm: tuple[float, float] = (0.2, 0.45)


_BLUE = (40, 40, 210)

FORMS: dict[str, Form] = {
    # Three rows of four and strips; short bars at the columns; pulses at the left that run into the traces.
    "hospital_archive": Form(
        layouts=("3x4+3R", "3x4+3R", "3x4+R", "3x4+2R", "3x4"),
        strips=(
            ("V1",), ("II",), ("V1", "II"), ("II", "V1"), ("V1", "II", "V5"), ("V1", "II", "V6"), ("II", "V2", "V5"),
        ),
        papers=("red", "pink", "own_grey", "grey"), margins=(Margin.PAPER, Margin.FRAMED, Margin.STRIP, Margin.TIGHT),
        pulse_gaps=(0.0, 0.5), separators=(Separator.TICKS_BOTH, Separator.TICKS, Separator.BAR),
        names=(NamePlace.BELOW, NamePlace.BELOW, NamePlace.ABOVE), joins=(True, False),
        letters=(Letters.SERIF, Letters.SANS), headers=(Header.REPORT, Header.NONE),
    ),
    # A desk recorder on wide pale paper: one pulse, at the strip; no separators.
    "desk_one_pulse": Form(
        papers=("faint", "grey", "thermal", "red"), pulse_rows=(PulseRows.STRIP,), pulse_gaps=(2.0, 5.0),
        names=(NamePlace.ABOVE, NamePlace.CLOSE), headers=(Header.REPORT,), letters=(Letters.SANS,),
        gaps=(0.0, 0.5), trace_mm=(0.15, 0.3),
    ),
    # Limb leads on one page, chest leads on the next; one coloured pulse in the margin, names before the traces.
    "two_pages": Form(
        layouts=("6x1", "6x1", "6x1+R"), papers=("red", "pink", "orange"), margins=(Margin.FRAMED, Margin.STRIP),
        pulse_rows=(PulseRows.MARGIN, PulseRows.MARGIN, PulseRows.EVERY), pulse_gaps=(3.0, 8.0),
        names=(NamePlace.ABOVE, NamePlace.LEFT), name_mm=(2.2, 3.2), accents=(None, _BLUE),
        headers=(Header.REPORT,), trace_mm=(0.2, 0.4),
    ),
    # The same at 50 mm/s from a resting-ECG program: pulse in a box in the margin, names below the traces.
    "two_pages_fast": Form(
        layouts=("6x1", "6x1", "6x2"), speeds=(50.0, 25.0), papers=("faint", "grey", "dotted"),
        margins=(Margin.FRAMED,), pulse_rows=(PulseRows.STRIP,), pulse_gaps=(1.0, 4.0),
        names=(NamePlace.BELOW, NamePlace.ON), letters=(Letters.SERIF, Letters.SANS),
        headers=(Header.REPORT, Header.TABLE), trace_mm=(0.12, 0.3),
    ),
    # Columns of 59.5 mm with rules from top to bottom, on dots; narrow pulses; names on the traces.
    "ruled_dots": Form(
        strips=(("II",), ("III",)), blocks=(238.0, 247.0), papers=("dotted",), margins=(Margin.FRAMED,),
        pulse_s=(0.08, 0.1, 0.2), pulse_gaps=(2.0, 5.0),
        separators=(Separator.RULE,), names=(NamePlace.ON, NamePlace.CLOSE), name_mm=(1.8, 2.6),
        letters=(Letters.SERIF, Letters.MONO), headers=(Header.REPORT,), trace_mm=(0.35, 0.6),
    ),
    # Portable recorders: six rows of two, with or without a strip, a dotted rule half way.
    "portable_two_columns": Form(
        layouts=("6x2", "6x2+R", "6x2+R", "6x2+2R"), strips=(("II",), ("V1",), ("II", "V1")),
        blocks=(None, 240.0, 236.0, 220.0, 200.0),
        papers=("dotted", "thermal", "grey", "pink"), margins=(Margin.STRIP, Margin.PAPER, Margin.TIGHT),
        separators=(Separator.DOTTED, Separator.DASHED, Separator.RULE, Separator.NONE), pulse_s=(0.2, 0.08),
        names=(NamePlace.ABOVE, NamePlace.CLOSE, NamePlace.ON), letters=(Letters.MONO, Letters.SERIF, Letters.SANS),
        headers=(Header.TABLE, Header.REPORT, Header.NONE), gains=(10.0, 5.0, 20.0, 2.5),
    ),
    # A defibrillator's printer: three rows, no strip; a bar and the name over each piece; bold narrow letters.
    "defibrillator": Form(
        layouts=("3x4",), papers=("pink", "thermal", "red"), margins=(Margin.STRIP, Margin.TIGHT),
        separators=(Separator.TICKS, Separator.BAR), pulse_rows=(PulseRows.EVERY,), pulse_gaps=(0.0, 1.0),
        joins=(True, False), names=(NamePlace.ABOVE,), name_mm=(2.6, 4.0), headers=(Header.TABLE,),
        trace_mm=(0.3, 0.5),
    ),
    # Carts with ticks on both sides of the trace, a gap there, and pulses at the right.
    "cart_right_pulses": Form(
        layouts=("3x4+R", "3x4+R", "3x4+3R"), pulses=(Pulse.RIGHT, Pulse.RIGHT, Pulse.BOTH),
        separators=(Separator.TICKS_BOTH,), gaps=(0.0, 1.0, 2.0), papers=("red", "orange"),
        margins=(Margin.STRIP, Margin.PAPER), names=(NamePlace.ABOVE,), letters=(Letters.MONO, Letters.PLOTTER),
        headers=(Header.TABLE, Header.NONE), accents=(None, None, _BLUE),
    ),
    # Carts whose pen is lifted between columns: chest columns lie at other heights, gains stand beside each.
    "cart_lifted": Form(
        layouts=("3x4+2R", "3x4+R", "3x4"), strips=(("II", "V1"), ("II",), ("V1",)), papers=("pink", "red"),
        margins=(Margin.STRIP, Margin.TIGHT), separators=(Separator.DASHED, Separator.RULE), lifts=(4.0, 7.0, 10.0),
        names=(NamePlace.BELOW, NamePlace.ON), subscripts=(True, False), notes=(True, True, False),
        letters=(Letters.SERIF,), headers=(Header.NONE, Header.TABLE),
    ),
    # Programs that plot files: coloured rules at each piece, a frame, figures below.
    "file_plot": Form(
        layouts=("3x4", "3x4+R", "6x2", "12x1", "4x3", "6x2+R"), papers=("plot", "red", "faint", "screen"),
        margins=(Margin.FRAMED, Margin.STRIP), pulses=(Pulse.LEFT, Pulse.NONE, Pulse.RIGHT),
        separators=(Separator.BAR, Separator.NONE),
        bars=(5.0, 14.0), accents=(_BLUE, None, (60, 60, 60)), names=(NamePlace.ABOVE, NamePlace.CLOSE),
        letters=(Letters.SANS,), headers=(Header.TITLE, Header.TABLE, Header.NONE), trace_mm=(0.12, 0.35),
    ),
    # A viewer's window: no margin, dark surround, a button; the only pulse, if any, below.
    "viewer": Form(
        layouts=("3x4+R", "3x4+R", "3x4", "12x1", "6x2"), papers=("screen", "faint", "grey"), margins=(Margin.SCREEN,),
        pulses=(Pulse.LEFT, Pulse.NONE), pulse_rows=(PulseRows.BELOW, PulseRows.BELOW, PulseRows.EVERY),
        names=(NamePlace.BELOW, NamePlace.ABOVE), name_mm=(1.8, 3.0), letters=(Letters.MONO, Letters.SANS),
        headers=(Header.NONE,), separators=(Separator.NONE, Separator.TICKS_BOTH),
    ),
    # Figures of books: tall bars at the columns, large names with low figures, cut close.
    "textbook": Form(
        layouts=("3x4", "3x4", "3x4+R"), strips=(("II",), ("V1",)), papers=("red", "pink", "orange"),
        margins=(Margin.TIGHT, Margin.STRIP), separators=(Separator.BAR,), bars=(5.0, 9.0),
        pulse_rows=(PulseRows.EVERY, PulseRows.FIRST), pulses=(Pulse.LEFT, Pulse.NONE), names=(NamePlace.ABOVE,),
        name_mm=(3.0, 5.0), subscripts=(True,), patches=(False, True), joins=(True, False),
        headers=(Header.TITLE, Header.NONE),
        letters=(Letters.SANS,), trace_mm=(0.4, 0.7),
    ),
    # One lead a row, or three columns of four, as long-page printers and European carts do.
    "long_page": Form(
        layouts=("12x1", "12x1", "12x1+R", "4x3", "4x3+R"), papers=("red", "grey", "thermal", "dotted", "green"),
        margins=(Margin.PAPER, Margin.FRAMED, Margin.STRIP), names=(NamePlace.LEFT, NamePlace.ABOVE, NamePlace.CLOSE),
        pulse_gaps=(1.0, 9.0), pulse_rows=(PulseRows.EVERY, PulseRows.FIRST), speeds=(25.0, 12.5, 50.0, 100.0),
        gains=(10.0, 5.0, 20.0, 2.5), headers=(Header.TABLE, Header.REPORT, Header.NONE),
    ),
    # Limb leads above, chest leads below, on one portrait sheet; or two whole blocks.
    "two_blocks": Form(
        layouts=("6x1/6x1", "6x1/6x1", "3x4+R/3x4+R", "3x4/3x4"), papers=("red", "pink", "grey", "faint"),
        margins=(Margin.PAPER, Margin.FRAMED), names=(NamePlace.ABOVE, NamePlace.LEFT), pulse_gaps=(1.0, 6.0),
        headers=(Header.REPORT, Header.TABLE),
    ),
    # Paper without a grid, as laser printers and copies leave it.
    "gridless": Form(
        layouts=("3x4+R", "3x4", "3x4+3R", "6x2", "12x1"), papers=("blank",),
        separators=(Separator.TICKS_BOTH, Separator.NONE, Separator.BAR),
        names=(NamePlace.ABOVE, NamePlace.BELOW, NamePlace.CLOSE), headers=(Header.TABLE, Header.REPORT),
    ),
}  # fmt: skip
"""By name."""


def _mixed() -> Form:
    """Everything that any form has, freely combined."""
    pooled = {}
    for field in fields(Form):
        values = [getattr(form, field.name) for form in FORMS.values()]
        if field.name in ("pulse_gaps", "bars", "name_mm", "trace_mm"):
            pooled[field.name] = (min(low for low, _ in values), max(high for _, high in values))
        else:
            pooled[field.name] = tuple(choice for value in values for choice in value)
    return Form(**{**pooled, "speeds": (25.0, 12.5, 50.0, 100.0), "gains": (10.0, 2.5, 5.0, 20.0)})


FORMS["mixed"] = _mixed()
