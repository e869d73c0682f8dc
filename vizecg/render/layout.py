"""Which stretch of which lead is drawn where on the sheet, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from vizecg.render.strokes import SUB
from vizecg.spec import GAIN_MM_MV, LEADS, PAPER_SPEED_MM_S, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.sheet import BLOCK_MM

SPEEDS_MM_S = (25.0, 50.0)
GAINS_MM_MV = (5.0, 10.0, 20.0)
_REACH_ROWS, _REACH_MM = 1.5, 30.0  # a trace is cut off this far from its baseline, whichever is more
_CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *LEADS[6:])


class Arrangement(str, Enum):
    """Rows by columns; leads run down the columns, limb leads first."""

    THREE_BY_FOUR = "3x4"
    SIX_BY_TWO = "6x2"
    TWELVE_BY_ONE = "12x1"
    FOUR_BY_THREE = "4x3"


class LeadOrder(str, Enum):
    """``cabrera``: the limb leads by their angle, aVL I -aVR II aVF III, with aVR upside down."""

    STANDARD = "standard"
    CABRERA = "cabrera"


class Timing(str, Enum):
    """``sequential``: a column goes on where the one before it ended; ``simultaneous``: all begin together."""

    SEQUENTIAL = "sequential"
    SIMULTANEOUS = "simultaneous"


@dataclass(frozen=True, kw_only=True)
class LeadBox:
    """A stretch of one lead on the sheet. Lengths in millimetres.

    ``start_s`` to ``end_s`` are drawn from ``x_mm`` on, around ``baseline_mm``, between ``top_mm`` and ``bottom_mm``
    (of a layout: as far as a trace may reach; of a drawn sheet: as far as it does). ``inverted`` leads are drawn
    upside down (-aVR).
    """

    lead: str
    start_s: float
    end_s: float
    x_mm: float
    baseline_mm: float
    top_mm: float
    bottom_mm: float
    speed_mm_s: float = PAPER_SPEED_MM_S
    gain_mm_mv: float = GAIN_MM_MV
    inverted: bool = False

    @property
    def width_mm(self) -> float:
        return (self.end_s - self.start_s) * self.speed_mm_s

    @property
    def name(self) -> str:
        """What is printed beside it."""
        return f"-{self.lead}" if self.inverted else self.lead

    @property
    def corners_mm(self) -> np.ndarray:
        """float64 (4, 2): top left, top right, bottom right, bottom left."""
        left, right = self.x_mm, self.x_mm + self.width_mm
        return np.array(
            [[left, self.top_mm], [right, self.top_mm], [right, self.bottom_mm], [left, self.bottom_mm]], np.float64
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An arrangement of the twelve leads and up to three rhythm strips below it.

    ``row_spacing_mm`` None spreads the rows over the sheet, at most 35 mm apart.
    """

    arrangement: Arrangement = Arrangement.THREE_BY_FOUR
    rhythm: tuple[str, ...] = ("II",)
    order: LeadOrder = LeadOrder.STANDARD
    timing: Timing = Timing.SEQUENTIAL
    speed_mm_s: float = PAPER_SPEED_MM_S
    gain_mm_mv: float = GAIN_MM_MV
    row_spacing_mm: float | None = None
    shift_x_mm: float = 0.0
    shift_y_mm: float = 0.0

    @classmethod
    def named(cls, name: str, **changes: Any) -> Layout:
        """The layout that ``name`` gives, with rhythm strips II, V1, V5 in this order; ``changes`` to its fields.

        Raises:
            UsageError: there is no layout of this name.
        """
        known = {layout.name: layout for layout in LAYOUTS if layout.order is LeadOrder.STANDARD}
        if name not in known:
            raise UsageError(f"unknown layout {name!r}: expected one of {', '.join(known)}")
        return replace(known[name], **changes)

    def __post_init__(self) -> None:
        if len(self.rhythm) > 3 or any(lead not in LEADS for lead in self.rhythm):
            raise ValueError(f"rhythm strips must be at most three of {', '.join(LEADS)}, got {self.rhythm}")
        if self.speed_mm_s not in SPEEDS_MM_S or self.gain_mm_mv not in GAINS_MM_MV:
            raise ValueError(
                f"expected a speed of {SPEEDS_MM_S} mm/s and a gain of {GAINS_MM_MV} mm/mV, "
                f"got {self.speed_mm_s} and {self.gain_mm_mv}"
            )
        if self.row_spacing_mm is not None and not 5 <= self.row_spacing_mm <= 60:
            raise ValueError(f"row spacing {self.row_spacing_mm} mm is outside 5 to 60 mm")

    @property
    def columns(self) -> int:
        return int(self.arrangement.value.split("x")[1])

    @property
    def rows(self) -> int:
        """Rows of leads and rhythm strips together."""
        return len(LEADS) // self.columns + len(self.rhythm)

    @property
    def block_s(self) -> float:
        """Seconds that fit across the sheet."""
        return BLOCK_MM / self.speed_mm_s

    @property
    def name(self) -> str:
        """As in manifests: ``3x4``, ``3x4+R``, ``6x2+2R`` ..."""
        strips = len(self.rhythm)
        return self.arrangement.value + ("" if not strips else "+R" if strips == 1 else f"+{strips}R")

    @property
    def printed_settings(self) -> str:
        """The paper's own note of its scale."""
        return f"{self.speed_mm_s:.0f} mm/s   {self.gain_mm_mv:.0f} mm/mV"

    def fitting(self, duration_s: float) -> Layout:
        """This layout, with simultaneous columns where the recording is too short for sequential ones."""
        short = self.timing is Timing.SEQUENTIAL and duration_s < self.block_s - 1e-6 and self.columns > 1
        return replace(self, timing=Timing.SIMULTANEOUS) if short else self

    def spacing_mm(self, spec: SheetSpec) -> float:
        """Millimetres from one baseline to the next."""
        if self.row_spacing_mm is not None:
            return self.row_spacing_mm
        return min(35.0, (spec.height_mm - 10.0) / self.rows)

    def boxes(self, spec: SheetSpec, *, duration_s: float) -> list[LeadBox]:
        """Where each lead lies, row by row; a strip longer than the recording ends with it.

        Raises:
            InputRefusedError: the recording is too short for the columns.
        """
        column_s = self.block_s / self.columns
        needed = self.block_s if self.timing is Timing.SEQUENTIAL and self.columns > 1 else min(column_s, 2.5)
        if duration_s < needed - 1e-6:
            raise InputRefusedError(
                f"{duration_s:.1f} s are less than the {needed:g} s that {self.timing.value} {self.name} needs",
                reason="bad_record",
            )
        spacing = self.spacing_mm(spec)
        step = 1 / (spec.px_per_mm * SUB)
        left = spec.block_x_mm + self.shift_x_mm
        top = spec.block_y_mm + self.shift_y_mm - spacing * (self.rows - 1) / 2
        names = _CABRERA if self.order is LeadOrder.CABRERA else LEADS
        grid_rows = len(LEADS) // self.columns
        cells = [
            (row, column, names[column * grid_rows + row]) for row in range(grid_rows) for column in range(self.columns)
        ]
        cells += [(grid_rows + strip, -1, lead) for strip, lead in enumerate(self.rhythm)]
        boxes = []
        for row, column, name in cells:
            length = self.block_s if column < 0 else column_s
            start = column * column_s if column > 0 and self.timing is Timing.SEQUENTIAL else 0.0
            baseline = top + row * spacing
            reach = max(_REACH_ROWS * spacing, _REACH_MM)
            x = left + max(column, 0) * column_s * self.speed_mm_s
            boxes.append(
                LeadBox(
                    lead=name.lstrip("-"),
                    inverted=name.startswith("-"),
                    start_s=start,
                    end_s=min(start + length, duration_s),
                    x_mm=round(x / step) * step,  # the rasteriser's lattice: what is returned is what was drawn
                    baseline_mm=baseline,
                    top_mm=max(0.0, baseline - reach),
                    bottom_mm=min(spec.height_mm, baseline + reach),
                    speed_mm_s=self.speed_mm_s,
                    gain_mm_mv=self.gain_mm_mv,
                )
            )
        return boxes


def random_layout(rng: np.random.Generator, *, kinds: tuple[Layout, ...] = (Layout(),)) -> Layout:
    """One of ``kinds`` with the rows as far apart as printers set them."""
    layout = kinds[int(rng.integers(len(kinds)))]
    widest = min(40.0, 155.0 / layout.rows)
    return replace(layout, row_spacing_mm=float(rng.uniform(0.625 * widest, widest)))


def _every_layout() -> tuple[Layout, ...]:
    strips = {
        Arrangement.THREE_BY_FOUR: ((), ("II",), ("II", "V1"), ("II", "V1", "V5")),
        Arrangement.SIX_BY_TWO: ((), ("II",)),
        Arrangement.TWELVE_BY_ONE: ((),),
        Arrangement.FOUR_BY_THREE: ((), ("II",)),
    }
    return tuple(
        Layout(arrangement=arrangement, rhythm=rhythm, order=order)
        for arrangement, choices in strips.items()
        for rhythm in choices
        for order in LeadOrder
    )


LAYOUTS: tuple[Layout, ...] = _every_layout()
"""Every arrangement in both lead orders, at 25 mm/s and 10 mm/mV, sequential."""
