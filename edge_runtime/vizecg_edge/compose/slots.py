"""The slots of the sheet, and which stretch of which printed lead fills each.

Convention: page and sheet lengths in millimetres, times in seconds from where the page's first column begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vizecg.spec import LEADS, PAPER_SPEED_MM_S, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.leads.layout import PageLayout, Piece

ROWS, COLUMNS = 3, 4
STRIP_LEAD = "II"
COLUMN_S = BLOCK_MM / COLUMNS / PAPER_SPEED_MM_S
STRIP_S = BLOCK_MM / PAPER_SPEED_MM_S
MOST_SPACING_MM = 35.0
"""As far apart as the renderer puts the rows of a sheet, where it has room."""
LEAST_STRIP_S = 1.6 * COLUMN_S
"""A lead that is printed for no longer says nothing as a strip that its own slot does not say."""
EXACT_S = 0.05
"""A piece that lacks no more of a slot's time fills it."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A stretch of the sheet: ``lead`` from ``left_mm`` on, around ``baseline_mm``, for at most ``duration_s``; on a
    sheet of sequential columns it begins at ``start_s``."""

    lead: str
    row: int
    column: int
    left_mm: float
    baseline_mm: float
    start_s: float
    duration_s: float
    strip: bool = False


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What fills a slot: ``piece``, at ``index`` of the layout's, from ``start_s`` to ``end_s``; on which ``page``."""

    slot: Slot
    piece: Piece
    index: int
    start_s: float
    end_s: float
    page: int = 0


def row_spacing_mm(spec: SheetSpec) -> float:
    """From one baseline of a composed sheet to the next."""
    return min(MOST_SPACING_MM, (spec.height_mm - 10.0) / (ROWS + 1))


def slots_of(spec: SheetSpec) -> tuple[Slot, ...]:
    """The thirteen slots of a sheet, row by row, as ``vizecg.render`` prints them."""
    spacing = row_spacing_mm(spec)
    baselines = [spec.block_y_mm + spacing * (row - ROWS / 2) for row in range(ROWS + 1)]
    width = BLOCK_MM / COLUMNS
    leads = [
        Slot(
            lead=LEADS[column * ROWS + row],
            row=row,
            column=column,
            left_mm=spec.block_x_mm + column * width,
            baseline_mm=baselines[row],
            start_s=column * COLUMN_S,
            duration_s=COLUMN_S,
        )
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]
    strip = Slot(
        lead=STRIP_LEAD,
        row=ROWS,
        column=0,
        left_mm=spec.block_x_mm,
        baseline_mm=baselines[-1],
        start_s=0.0,
        duration_s=STRIP_S,
        strip=True,
    )
    return (*leads, strip)


def fillings(pages: Sequence[tuple[PageLayout, float]], slots: Sequence[Slot]) -> Iterator[Filling]:
    """What fills the slots, of each page's layout and its speed (mm/s); none for those whose lead is not printed.

    Of pages that would fill a slot equally well, the first does. A slot shows the time that it would show of a page
    like the sheet, where the page prints its lead then; else as much as it has room for, as near to that time as there
    is.
    """
    for slot in slots:
        offered = [
            _filling(slot, piece, index, speed_mm_s, page)
            for page, (layout, speed_mm_s) in enumerate(pages)
            for index, piece in enumerate(layout.pieces)
            if piece.lead == slot.lead
        ]
        if slot.strip:
            offered = [one for one in offered if one.piece.strip or _seconds(one) >= LEAST_STRIP_S]
        if offered:
            yield max(offered, key=_merit)


def _filling(slot: Slot, piece: Piece, index: int, speed_mm_s: float, page: int) -> Filling:
    begins = piece.time_mm / speed_mm_s
    ends = begins + (piece.right_mm - piece.left_mm) / speed_mm_s
    start = min(max(slot.start_s, begins), max(begins, ends - slot.duration_s))
    if ends - begins < slot.duration_s - EXACT_S:
        start = begins
    end = min(ends, start + slot.duration_s)
    return Filling(slot=slot, piece=piece, index=index, start_s=start, end_s=end, page=page)


def _seconds(filling: Filling) -> float:
    return filling.end_s - filling.start_s


def _merit(filling: Filling) -> tuple[float, bool, float, bool]:
    """How much of a slot is filled, to a tenth of a second; by a piece of its own kind; how near to its own time."""
    slot = filling.slot
    return (
        round(_seconds(filling), 1),
        filling.piece.strip == slot.strip,
        -abs(filling.start_s - slot.start_s),
        not filling.piece.inverted,
    )
