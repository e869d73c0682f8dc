"""How a sheet is printed: colours, widths, texts. One value object, and a seeded draw of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

import numpy as np

from vizecg.render.text import Font

Colour = tuple[int, int, int]

PALETTES: dict[str, tuple[Colour, Colour]] = {
    # name: (1 mm lines, 5 mm lines)
    "red": ((255, 205, 205), (240, 130, 130)),
    "pink": ((250, 222, 228), (238, 178, 190)),
    "brown": ((236, 220, 205), (205, 165, 135)),
    "blue": ((215, 225, 246), (150, 175, 225)),
    "green": ((214, 236, 216), (145, 200, 150)),
    "grey": ((226, 226, 226), (165, 165, 165)),
    "black": ((215, 215, 215), (70, 70, 70)),
    "none": ((255, 255, 255), (255, 255, 255)),
}


class MinorGrid(str, Enum):
    """The millimetre grid between the 5 mm lines."""

    LINES = "lines"
    DOTS = "dots"
    NONE = "none"


class MajorGrid(str, Enum):
    """The lines every 5 mm; ``dots``: a dot at every millimetre along them, ``dense_dots`` two."""

    LINES = "lines"
    DOTS = "dots"
    DENSE_DOTS = "dense_dots"
    NONE = "none"


class NamePlace(str, Enum):
    """Where a lead's name stands, at the beginning of its trace; ``none``: no names.

    ``left``: before the first column, and close to the trace in the others. ``on``: over the trace.
    """

    ABOVE = "above"
    CLOSE = "close"
    BELOW = "below"
    NONE = "none"
    LEFT = "left"
    ON = "on"


class Pulse(str, Enum):
    """Which end of a row has the 1 mV calibration pulse."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class PulseRows(str, Enum):
    """Which rows have a pulse. ``strip``: the first strip, or the last row where there is none; ``below``: under the
    beginning of the last row; ``margin``: half way down the page, between two rows."""

    EVERY = "every"
    FIRST = "first"
    STRIP = "strip"
    BELOW = "below"
    MARGIN = "margin"


class Separator(str, Enum):
    """What stands between two leads of a row. ``rule``, ``dashed`` and ``dotted`` run down all rows of the block."""

    NONE = "none"
    BAR = "bar"
    TICKS = "ticks"
    TICKS_BOTH = "ticks_both"
    RULE = "rule"
    DASHED = "dashed"
    DOTTED = "dotted"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of print whose baseline begins at ``x_mm``, ``y_mm``. What is None is as the style's names are."""

    text: str
    x_mm: float
    y_mm: float
    height_mm: float | None = None
    font: Font | Path | None = None
    ink: Colour | None = None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """An upright rectangle under the traces, filled, or a frame of lines ``line_mm`` wide. Millimetres."""

    left_mm: float
    top_mm: float
    right_mm: float
    bottom_mm: float
    ink: Colour
    line_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class PrintStyle:
    """Everything that changes how a printed sheet looks but not what it says. Lengths in millimetres.

    Attributes:
        footer: None prints the speed and gain of the layout.
        grid: colours of the 1 mm and 5 mm lines, in place of the palette's.
        grid_box: left, top, right, bottom of the grid; None for all of the sheet.
        surround: colour beside the grid; None for that of the paper.
        pulse_s: how long the calibration pulse is.
        pulse_ink, accent: colours of the pulses, and of names and separators; None for that of the traces.
        rule_mm: width of separators; None for that of the traces.
        bar_mm: how far a ``bar`` reaches above its baseline and below it.
        joined: whether the pen goes on from column to column, without lifting.
        name_shift: by how much names stand off their place, to the right and downwards.
        name_pitch_mm: from the names of one column to those of the next; None for the columns' own distance.
        name_box: whether names stand on a patch of blank paper that covers the trace.
        subscripts: whether the figures of V1 to V6 are small and low.
        spelling: names as they are printed, where they are not as in ``LEADS``.
        face: a TrueType file that everything is written in, in place of ``font``.
    """

    palette: str = "red"
    minor_grid: MinorGrid = MinorGrid.LINES
    minor_mm: float = 0.2
    major_mm: float = 0.3
    ink: Colour = (20, 20, 20)
    paper: Colour = (255, 255, 255)
    trace_mm: float = 0.35
    pulse: Pulse = Pulse.LEFT
    pulse_gap_mm: float = 1.5
    separator: Separator = Separator.NONE
    names: NamePlace = NamePlace.ABOVE
    name_height_mm: float = 2.5
    font: Font = Font.REGULAR
    header: tuple[str, ...] = ()
    footer: str | None = None
    grid: tuple[Colour, Colour] | None = None
    major_grid: MajorGrid = MajorGrid.LINES
    grid_box: tuple[float, float, float, float] | None = None
    surround: Colour | None = None
    pulse_rows: PulseRows = PulseRows.EVERY
    pulse_s: float = 0.2
    pulse_ink: Colour | None = None
    accent: Colour | None = None
    rule_mm: float | None = None
    bar_mm: float = 3.0
    joined: bool = False
    name_shift: tuple[float, float] = (0.0, 0.0)
    name_pitch_mm: float | None = None
    name_box: bool = False
    subscripts: bool = False
    spelling: tuple[tuple[str, str], ...] = ()
    face: Path | None = None
    texts: tuple[Text, ...] = ()
    shapes: tuple[Shape, ...] = ()

    def __post_init__(self) -> None:
        if self.palette not in PALETTES:
            raise ValueError(f"unknown palette {self.palette!r}: expected one of {', '.join(PALETTES)}")
        for name, low, high in (("trace_mm", 0.1, 2), ("minor_mm", 0.02, 0.5), ("major_mm", 0.02, 1)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} {getattr(self, name)} is outside {low} to {high} mm")
        if not 1 <= self.name_height_mm <= 10:
            raise ValueError(f"name_height_mm {self.name_height_mm} is outside 1 to 10 mm")
        if not 0.02 <= self.pulse_s <= 1:
            raise ValueError(f"pulse_s {self.pulse_s} is outside 0.02 to 1 s")

    @property
    def type(self) -> Font | Path:
        """What everything is written in."""
        return self.face or self.font

    @property
    def grid_colours(self) -> tuple[Colour, Colour]:
        """Of the 1 mm and the 5 mm lines."""
        return self.grid or PALETTES[self.palette]


def random_style(rng: np.random.Generator) -> PrintStyle:
    """A style as printers and hospitals vary it; about half of the sheets have a black or grey grid."""
    palette = str(rng.choice(list(PALETTES), p=[0.18, 0.1, 0.08, 0.06, 0.06, 0.12, 0.37, 0.03]))
    shade = int(rng.integers(0, 70))
    tint = rng.random()
    ink: Colour = (shade, shade, shade) if tint < 0.85 else (shade // 2, shade // 2, 120 + shade)
    if tint > 0.95:
        ink = (90 + shade // 2, 30, 30)
    warmth = int(rng.integers(0, 14))
    return PrintStyle(
        palette=palette,
        minor_grid=_pick(rng, MinorGrid, [0.5, 0.12, 0.38]),
        minor_mm=float(rng.integers(2, 6)) / 20,  # few widths: their grids are kept
        major_mm=float(rng.integers(3, 9)) / 20,
        ink=ink,
        paper=(255, 255 - warmth // 3, 255 - warmth),
        trace_mm=float(rng.uniform(0.25, 0.6)),
        pulse=_pick(rng, Pulse, [0.15, 0.78, 0.07]),
        pulse_gap_mm=float(rng.uniform(0, 3)),
        separator=_pick(rng, Separator, [0.5, 0.35, 0.15]),
        names=_pick(rng, NamePlace, [0.45, 0.15, 0.39, 0.01]),
        name_height_mm=float(rng.uniform(1.8, 3.5)),
        font=_pick(rng, Font, [0.65, 0.25, 0.1]),
        header=_random_header(rng) if rng.random() < 0.5 else (),
        footer=None if rng.random() < 0.7 else "",
    )


Choice = TypeVar("Choice", bound=Enum)


def _pick(rng: np.random.Generator, choices: type[Choice], weights: list[float]) -> Choice:
    return list(choices)[int(rng.choice(len(weights), p=weights))]


_HEADERS = (
    "ID: {id:05d}   Name:   Date: {day}",
    "Age: {age} yrs   Sex:   {rate} bpm",
    "Vent. rate {rate}   PR {pr} ms   QRS {qrs} ms   QT/QTc {qt}/{qtc} ms",
    "Unconfirmed report   Room {room}   {day}",
)


def _random_header(rng: np.random.Generator) -> tuple[str, ...]:
    # The numbers say nothing about the record under them: a network must not learn to read the machine's own report.
    facts = {
        "id": int(rng.integers(1, 99999)),
        "day": f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1985, 2026)}",
        "age": int(rng.integers(18, 95)),
        "rate": int(rng.integers(40, 160)),
        "pr": int(rng.integers(110, 260)),
        "qrs": int(rng.integers(70, 170)),
        "qt": int(rng.integers(320, 480)),
        "qtc": int(rng.integers(360, 500)),
        "room": int(rng.integers(1, 400)),
    }
    lines = rng.choice(len(_HEADERS), size=int(rng.integers(1, 3)), replace=False)
    return tuple(_HEADERS[line].format(**facts) for line in sorted(lines))
