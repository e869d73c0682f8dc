"""How a sheet is printed: colours, widths, texts. One value object, and a seeded draw of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
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


class NamePlace(str, Enum):
    """Where a lead's name stands, at the beginning of its trace; ``none``: no names."""

    ABOVE = "above"
    CLOSE = "close"
    BELOW = "below"
    NONE = "none"


class Pulse(str, Enum):
    """Which end of each row has the 1 mV, 0.2 s calibration pulse."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


class Separator(str, Enum):
    """What stands between two leads of a row."""

    NONE = "none"
    BAR = "bar"
    TICKS = "ticks"


@dataclass(frozen=True, kw_only=True)
class PrintStyle:
    """Everything that changes how a printed sheet looks but not what it says. Lengths in millimetres.

    ``footer`` None prints the speed and gain of the layout.
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

    def __post_init__(self) -> None:
        if self.palette not in PALETTES:
            raise ValueError(f"unknown palette {self.palette!r}: expected one of {', '.join(PALETTES)}")
        for name, low, high in (("trace_mm", 0.1, 2), ("minor_mm", 0.02, 0.5), ("major_mm", 0.02, 1)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} {getattr(self, name)} is outside {low} to {high} mm")
        if not 1 <= self.name_height_mm <= 10:
            raise ValueError(f"name_height_mm {self.name_height_mm} is outside 1 to 10 mm")


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
