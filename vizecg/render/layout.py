"""Which stretch of which lead is drawn where on the sheet, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from vizecg.render.strokes import SUB
from vizecg.spec import GAIN_MM_MV, LEADS, PAPER_SPEED_MM_S, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.sheet import BLOCK_MM

SPEEDS_MM_S = (12.5, 25.0, 50.0, 100.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0)
_SIDE_MM, _ABOVE_MM = 19.0, 5.0  # of paper beside the traces, and above and below their rows
_ROW_MM = 12.5  # the least that a row has on a sheet of its layout's own size
_PULSE_MM_S = 0.2 + 0.06  # of paper that a pulse and its feet take for every mm/s
_REACH_ROWS, _REACH_MM = 1.5, 30.0  # a trace is cut off this far from its baseline, whichever is more
_STRIPS = ("II", "V1", "V5")
_CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *LEADS[6:])


class Arrangement(str, Enum):
    """Rows by columns; leads run down the columns, limb leads first. 6x1 is one of two pages."""

    THREE_BY_FOUR = "3x4"
    SIX_BY_TWO = "6x2"
    TWELVE_BY_ONE = "12x1"
    FOUR_BY_THREE = "4x3"
    SIX_BY_ONE = "6x1"


class LeadGroup(str, Enum):
    """Which leads a page shows beside its strips."""

    ALL = "all"
    LIMB = "limb"
    CHEST = "chest"


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
    upside down (-aVR). ``row`` and ``column`` count from the top left of the page and begin with 0, a rhythm ``strip``
    is in column 0; ``block``: which of several layouts on one sheet.
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
    row: int = 0
    column: int = 0
    strip: bool = False
    block: int = 0

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
    """An arrangement of the twelve leads, or of six, and up to three rhythm strips.

    ``row_spacing_mm`` None spreads the rows over the sheet, at most 35 mm apart. ``column_mm`` None makes the columns
    together as wide as the sheet's block; strips are as long as the columns together. ``chest_gain_mm_mv`` is that of
    V1 to V6, None the same as of the limb leads. ``gap_mm`` of paper are left between the traces of two columns.
    ``offsets_mm`` says of each piece, in the order of ``boxes``, how far below its row it lies; empty for none.
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
    group: LeadGroup = LeadGroup.ALL
    strips_above: bool = False
    column_mm: float | None = None
    chest_gain_mm_mv: float | None = None
    gap_mm: float = 0.0
    offsets_mm: tuple[float, ...] = ()

    @classmethod
    def named(cls, name: str, **changes: Any) -> Layout:
        """The layout that ``name`` gives, as ``3x4``, ``6x2+R`` or ``12x1+2R``, with rhythm strips II, V1, V5 in this
        order, and 6x1 of the limb leads; ``changes`` to its fields.

        Raises:
            UsageError: there is no layout of this name.
        """
        arrangement, _, strips = name.partition("+")
        known = {kind.value: kind for kind in Arrangement}
        counts = {"": 0, "R": 1, "2R": 2, "3R": 3}
        if arrangement not in known or strips not in counts or name.endswith("+"):
            raise UsageError(
                f"unknown layout {name!r}: expected one of {', '.join(known)},"
                " each with +R, +2R or +3R for rhythm strips"
            )
        group = LeadGroup.LIMB if known[arrangement] is Arrangement.SIX_BY_ONE else LeadGroup.ALL
        fields = {"arrangement": known[arrangement], "rhythm": _STRIPS[: counts[strips]], "group": group}
        return cls(**{**fields, **changes})

    def __post_init__(self) -> None:
        if len(self.rhythm) > 3 or any(lead not in LEADS for lead in self.rhythm):
            raise ValueError(f"rhythm strips must be at most three of {', '.join(LEADS)}, got {self.rhythm}")
        if len(self._names) != self._grid_rows * self.columns:
            raise ValueError(
                f"{self.arrangement.value} holds {self._grid_rows * self.columns} leads,"
                f" got {self.group.value} ({len(self._names)})"
            )
        gains = (self.gain_mm_mv, self.gain_mm_mv if self.chest_gain_mm_mv is None else self.chest_gain_mm_mv)
        if self.speed_mm_s not in SPEEDS_MM_S or any(gain not in GAINS_MM_MV for gain in gains):
            raise ValueError(
                f"expected a speed of {SPEEDS_MM_S} mm/s and a gain of {GAINS_MM_MV} mm/mV, "
                f"got {self.speed_mm_s} and {gains[0]}" + ("" if gains[0] == gains[1] else f" ({gains[1]})")
            )
        if self.row_spacing_mm is not None and not 5 <= self.row_spacing_mm <= 60:
            raise ValueError(f"row spacing {self.row_spacing_mm} mm is outside 5 to 60 mm")
        if self.column_mm is not None and not 10 <= self.column_mm <= 900:
            raise ValueError(f"a column of {self.column_mm} mm is outside 10 to 900 mm")
        if not 0 <= self.gap_mm <= 5:
            raise ValueError(f"a gap of {self.gap_mm} mm between columns is outside 0 to 5 mm")
        if self.offsets_mm and len(self.offsets_mm) != len(self._names) + len(self.rhythm):
            raise ValueError(
                f"expected {len(self._names) + len(self.rhythm)} offsets, one of each piece, got {len(self.offsets_mm)}"
            )

    @property
    def _names(self) -> tuple[str, ...]:
        """The leads of the block, down its columns."""
        names = _CABRERA if self.order is LeadOrder.CABRERA else LEADS
        return {LeadGroup.ALL: names, LeadGroup.LIMB: names[:6], LeadGroup.CHEST: names[6:]}[self.group]

    @property
    def _grid_rows(self) -> int:
        return int(self.arrangement.value.split("x")[0])

    @property
    def columns(self) -> int:
        return int(self.arrangement.value.split("x")[1])

    @property
    def rows(self) -> int:
        """Rows of leads and rhythm strips together."""
        return self._grid_rows + len(self.rhythm)

    @property
    def block_mm(self) -> float:
        """Width of the traces."""
        return BLOCK_MM if self.column_mm is None else self.column_mm * self.columns

    @property
    def block_s(self) -> float:
        """Seconds that fit across the block."""
        return self.block_mm / self.speed_mm_s

    @property
    def name(self) -> str:
        """As in manifests: ``3x4``, ``3x4+R``, ``6x2+2R`` ..."""
        strips = len(self.rhythm)
        return self.arrangement.value + ("" if not strips else "+R" if strips == 1 else f"+{strips}R")

    @property
    def printed_settings(self) -> str:
        """The paper's own note of its scale."""
        speed, gain = f"{self.speed_mm_s:g} mm/s", f"{self.gain_mm_mv:g} mm/mV"
        if self.chest_gain_mm_mv in (None, self.gain_mm_mv):
            return f"{speed}   {gain}"
        return f"{speed}   Limb: {gain}   Chest: {self.chest_gain_mm_mv:g} mm/mV"

    def gain_of(self, lead: str) -> float:
        """mm/mV of one of ``LEADS``."""
        chest = self.chest_gain_mm_mv is not None and LEADS.index(lead) >= 6
        return self.chest_gain_mm_mv if chest and self.chest_gain_mm_mv is not None else self.gain_mm_mv

    def fitting(self, duration_s: float) -> Layout:
        """This layout, with simultaneous columns where the recording is too short for sequential ones."""
        short = self.timing is Timing.SEQUENTIAL and duration_s < self.block_s - 1e-6 and self.columns > 1
        return replace(self, timing=Timing.SIMULTANEOUS) if short else self

    def spacing_mm(self, spec: SheetSpec) -> float:
        """Millimetres from one baseline to the next."""
        if self.row_spacing_mm is not None:
            return self.row_spacing_mm
        return min(35.0, (spec.height_mm - 10.0) / self.rows)

    def sheet(self, *, px_per_mm: float = 4.0) -> SheetSpec:
        """A sheet that this layout has room on: the usual one, or one as much wider and higher as it needs."""
        plain = SheetSpec(px_per_mm=px_per_mm)
        side = max(_SIDE_MM, _PULSE_MM_S * self.speed_mm_s)
        wide = max(plain.width_mm, self.block_mm + 2 * side)
        high = max(plain.height_mm, self.rows * (self.row_spacing_mm or _ROW_MM) + 2 * _ABOVE_MM)
        return SheetSpec(
            px_per_mm=px_per_mm,
            width_mm=wide,
            height_mm=high,
            block_x_mm=(wide - self.block_mm) / 2,
            block_y_mm=high / 2,
        )

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
        # The rasteriser's lattice: what is returned is what was drawn.
        step = 1 / (spec.px_per_mm * SUB)
        left = spec.block_x_mm + self.shift_x_mm
        top = spec.block_y_mm + self.shift_y_mm - spacing * (self.rows - 1) / 2
        gap = round(self.gap_mm / 2 / step) * step
        cells = self._cells()
        boxes = []
        for (row, column, name), offset in zip(cells, self.offsets_mm or (0.0,) * len(cells), strict=True):
            strip = column < 0
            length = self.block_s if strip else column_s
            start = column * column_s if column > 0 and self.timing is Timing.SEQUENTIAL else 0.0
            before = gap if column > 0 else 0.0
            after = gap if not strip and column < self.columns - 1 else 0.0
            baseline = top + row * spacing + offset
            reach = max(_REACH_ROWS * spacing, _REACH_MM)
            x = left + max(column, 0) * column_s * self.speed_mm_s
            boxes.append(
                LeadBox(
                    lead=name.lstrip("-"),
                    inverted=name.startswith("-"),
                    start_s=start + before / self.speed_mm_s,
                    end_s=min(start + length - after / self.speed_mm_s, duration_s),
                    x_mm=round(x / step) * step + before,
                    baseline_mm=baseline,
                    top_mm=max(0.0, baseline - reach),
                    bottom_mm=min(spec.height_mm, baseline + reach),
                    speed_mm_s=self.speed_mm_s,
                    gain_mm_mv=self.gain_of(name.lstrip("-")),
                    row=row,
                    column=max(column, 0),
                    strip=strip,
                )
            )
        return boxes

    def _cells(self) -> list[tuple[int, int, str]]:
        """Row, column and name of each piece, row by row; column -1 is a strip's."""
        first = len(self.rhythm) if self.strips_above else 0
        strips = [
            (strip + (0 if self.strips_above else self._grid_rows), -1, lead) for strip, lead in enumerate(self.rhythm)
        ]
        block = [
            (first + row, column, self._names[column * self._grid_rows + row])
            for row in range(self._grid_rows)
            for column in range(self.columns)
        ]
        return [*strips, *block] if self.strips_above else [*block, *strips]


def stacked(layouts: tuple[Layout, ...], *, px_per_mm: float = 4.0) -> tuple[tuple[Layout, ...], SheetSpec]:
    """Layouts one over the other, and the sheet that has room for all of them."""
    sheets = [layout.sheet(px_per_mm=px_per_mm) for layout in layouts]
    high = sum(sheet.height_mm for sheet in sheets)
    widest = max(sheets, key=lambda sheet: sheet.width_mm)
    spec = replace(widest, height_mm=high, block_y_mm=high / 2)
    placed, top = [], 0.0
    for layout, sheet in zip(layouts, sheets, strict=True):
        shift = top + sheet.block_y_mm - spec.block_y_mm
        placed.append(replace(layout, row_spacing_mm=layout.spacing_mm(sheet), shift_y_mm=layout.shift_y_mm + shift))
        top += sheet.height_mm
    return tuple(placed), spec


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
"""Every arrangement of all twelve leads in both lead orders, at 25 mm/s and 10 mm/mV, sequential."""
