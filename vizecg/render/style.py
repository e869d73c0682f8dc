"""How a sheet is printed: colours, widths, texts. One value object, and a seeded draw of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True, kw_only=True)
class PrintStyle:
    """Everything that changes how a printed sheet looks but not what it says. Lengths in millimetres."""

    palette: str = "red"
    minor_grid: bool = True
    ink: Colour = (20, 20, 20)
    paper: Colour = (255, 255, 255)
    trace_mm: float = 0.35
    row_spacing_mm: float = 35.0
    shift_x_mm: float = 0.0
    shift_y_mm: float = 0.0
    pulse: bool = True
    pulse_gap_mm: float = 1.5
    separators: bool = False
    names_above: bool = True
    name_height_mm: float = 2.5
    header: tuple[str, ...] = ()
    footer: str = "25 mm/s   10 mm/mV"

    def __post_init__(self) -> None:
        if self.palette not in PALETTES:
            raise ValueError(f"unknown palette {self.palette!r}: expected one of {', '.join(PALETTES)}")
        if not 0.1 <= self.trace_mm <= 2 or not 10 <= self.row_spacing_mm <= 60:
            raise ValueError(f"trace width {self.trace_mm} mm or row spacing {self.row_spacing_mm} mm out of range")


def random_style(rng: np.random.Generator) -> PrintStyle:
    """A style as printers and hospitals vary it; about half of the sheets have a black or grey grid."""
    palette = str(rng.choice(list(PALETTES), p=[0.18, 0.1, 0.08, 0.06, 0.06, 0.12, 0.37, 0.03]))
    shade = int(rng.integers(0, 70))
    ink: Colour = (shade, shade, shade) if rng.random() < 0.9 else (shade // 2, shade // 2, 120 + shade)
    warmth = int(rng.integers(0, 14))
    return PrintStyle(
        palette=palette,
        minor_grid=bool(rng.random() < 0.6),
        ink=ink,
        paper=(255, 255 - warmth // 3, 255 - warmth),
        trace_mm=float(rng.uniform(0.25, 0.6)),
        row_spacing_mm=float(rng.uniform(25, 40)),
        pulse=bool(rng.random() < 0.85),
        pulse_gap_mm=float(rng.uniform(0, 3)),
        separators=bool(rng.random() < 0.5),
        names_above=bool(rng.random() < 0.5),
        name_height_mm=float(rng.uniform(1.8, 3.5)),
        header=_random_header(rng) if rng.random() < 0.5 else (),
        footer="25 mm/s   10 mm/mV" if rng.random() < 0.7 else "",
    )


def _random_header(rng: np.random.Generator) -> tuple[str, ...]:
    day = f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1985, 2026)}"
    return (f"ID: {rng.integers(1, 99999):05d}   Name:   Date: {day}", f"Age: {rng.integers(18, 95)} yrs   Sex:")
