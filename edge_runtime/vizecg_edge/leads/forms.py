"""The forms that twelve leads are printed in: which lead stands in which row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from vizecg.spec import LEADS
from vizecg_edge.leads.ends import Ends
from vizecg_edge.leads.layout import LeadOrder, Piece
from vizecg_edge.leads.rows import TraceRow

CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *LEADS[6:])
MOST_STRIPS = 3


@dataclass(frozen=True, kw_only=True)
class Form:
    """Rows by columns of leads, with whole rows of rhythm strips below or above them.

    ``names``: (rows)(columns), as printed. ``likely``: logits of how common it is.
    """

    names: tuple[tuple[str, ...], ...]
    order: LeadOrder
    strips: int = 0
    strips_above: bool = False
    likely: float = 0.0

    @property
    def rows(self) -> int:
        """Of the block and its strips together."""
        return len(self.names) + self.strips

    @property
    def columns(self) -> int:
        return len(self.names[0])

    @property
    def arrangement(self) -> str:
        return f"{len(self.names)}x{self.columns}"

    @property
    def words(self) -> str:
        """``3x4 with 1 strip``, ``6x2 in Cabrera's order`` ..."""
        strips = f" with {self.strips} strip{'s' if self.strips > 1 else ''}" if self.strips else ""
        return f"{self.arrangement}{strips}" + (" in Cabrera's order" if self.order is LeadOrder.CABRERA else "")

    @property
    def first_row(self) -> int:
        """Row of the block's first leads."""
        return self.strips if self.strips_above else 0

    @property
    def strip_rows(self) -> tuple[int, ...]:
        return tuple(range(self.strips)) if self.strips_above else tuple(range(len(self.names), self.rows))


@lru_cache(maxsize=1)
def every_form() -> tuple[Form, ...]:
    """All that can be read."""
    forms = []
    for order in LeadOrder:
        leads = CABRERA if order is LeadOrder.CABRERA else LEADS
        rare = -2.0 if order is LeadOrder.CABRERA else 0.0
        shapes = [(leads, 3, rare, 3), (leads, 6, rare - 0.5, 3), (leads, 4, rare - 2.0, 2), (leads, 12, rare - 0.5, 1)]
        # Any three chest leads that follow each other resemble three of Cabrera's limb leads.
        shapes.append((leads[:6], 6, 3 * rare - 1.0, 1))
        if order is LeadOrder.STANDARD:
            shapes.append((leads[6:], 6, rare - 1.0, 1))
        for some, rows, likely, most in shapes:
            names = tuple(tuple(some[row::rows]) for row in range(rows))
            for strips in range(most + 1):
                forms.append(Form(names=names, order=order, strips=strips, likely=likely))
                if strips:
                    above = likely - 2.0
                    forms.append(Form(names=names, order=order, strips=strips, strips_above=True, likely=above))
    return tuple(forms)


def pieces_of(form: Form, rows: Sequence[TraceRow], ends: Ends) -> tuple[Piece, ...]:
    """The stretches of a form that is printed in these rows between these ends, row by row; strips are called II."""
    width = ends.width_mm / form.columns
    pieces = []
    for row, trace in enumerate(rows):
        if row in form.strip_rows:
            pieces.append(
                Piece(
                    lead="II",
                    row=row,
                    column=0,
                    left_mm=ends.left_mm,
                    right_mm=ends.right_mm,
                    baseline_mm=trace.y_mm,
                    strip=True,
                )
            )
            continue
        for column, name in enumerate(form.names[row - form.first_row]):
            left = ends.left_mm + column * width
            pieces.append(
                Piece(
                    lead=name.lstrip("-"),
                    inverted=name.startswith("-"),
                    row=row,
                    column=column,
                    left_mm=left,
                    right_mm=left + width,
                    baseline_mm=trace.y_mm,
                    time_mm=column * width,
                )
            )
    return tuple(pieces)
