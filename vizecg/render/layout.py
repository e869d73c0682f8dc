"""Where each lead lies on the sheet, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.spec import PAPER_SPEED_MM_S, SheetSpec

RENDERER_VERSION = "1"
"""Written into manifests; raised when the same record is drawn differently."""

GRID_3X4 = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
COLUMN_S = 2.5
ROWS = 4


@dataclass(frozen=True, kw_only=True)
class LeadBox:
    """A stretch of one lead: seconds ``start_s`` to ``end_s`` drawn from ``x_mm`` on, around ``baseline_mm``."""

    lead: str
    start_s: float
    end_s: float
    x_mm: float
    baseline_mm: float

    @property
    def width_mm(self) -> float:
        return (self.end_s - self.start_s) * PAPER_SPEED_MM_S


def layout_3x4(
    spec: SheetSpec, *, row_spacing_mm: float = 35.0, shift_x_mm: float = 0.0, shift_y_mm: float = 0.0
) -> list[LeadBox]:
    """Three rows of four leads (2.5 s each, one after the other) and a 10 s rhythm strip of lead II below."""
    x = spec.block_x_mm + shift_x_mm
    top = spec.block_y_mm + shift_y_mm - row_spacing_mm * (ROWS - 1) / 2
    boxes = [
        LeadBox(
            lead=lead,
            start_s=column * COLUMN_S,
            end_s=(column + 1) * COLUMN_S,
            x_mm=x + column * COLUMN_S * PAPER_SPEED_MM_S,
            baseline_mm=top + row * row_spacing_mm,
        )
        for row, leads in enumerate(GRID_3X4)
        for column, lead in enumerate(leads)
    ]
    rhythm = LeadBox(
        lead="II",
        start_s=0.0,
        end_s=4 * COLUMN_S,
        x_mm=x,
        baseline_mm=top + (ROWS - 1) * row_spacing_mm,
    )
    return [*boxes, rhythm]
