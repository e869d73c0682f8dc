"""What a reader says of a picture, in the picture's own pixels, whatever the pipeline calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vizecg_lab.leads.truth import PlacedLead

if TYPE_CHECKING:
    from vizecg_edge.leads.layout import PageLayout
    from vizecg_edge.leads.page import Page
    from vizecg_edge.leads.signals import Leads
    from vizecg_edge.pipeline import Result

SQUARE_MM = 5.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One picture as it was read.

    Attributes:
        answered: whether probabilities were given.
        reasons, message: of a refusal.
        warnings: codes of the doubts about an answer.
        layout: name of the layout that was seen, None where none was settled.
        timing: ``sequential``, ``simultaneous``, ``unknown``.
        placed: where which lead is; none where no layout was settled.
        square_px: pixels of a 5 mm square across and down in the middle of the block.
        speed_mm_s, gain_mm_mv, chest_gain_mm_mv: that it is read at, None where several were tried.
        speed_source, gain_source: what tells them.
        rate_bpm: measured.
        leads: as signals, None where they were not traced.
        probabilities, decisions: by label; None when refused.
        milliseconds: by stage, ``total`` among them.
    """

    answered: bool
    reasons: tuple[str, ...] = ()
    message: str = ""
    warnings: tuple[str, ...] = ()
    layout: str | None = None
    timing: str = "unknown"
    placed: tuple[PlacedLead, ...] = ()
    square_px: tuple[float, float] | None = None
    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None
    chest_gain_mm_mv: float | None = None
    speed_source: str | None = None
    gain_source: str | None = None
    rate_bpm: float | None = None
    leads: Leads | None = None
    probabilities: dict[str, float] | None = None
    decisions: dict[str, bool | None] | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


def reading_of(result: Result) -> Reading:
    """What the pipeline says of leads and scale, in pixels of the whole picture."""
    answer, found, read = result.answer, result.found, result.read
    placed: tuple[PlacedLead, ...] = ()
    square = None
    if found is not None and result.photo is not None:
        enlarged = (answer.input.width or result.photo.shape[1]) / result.photo.shape[1]
        placed, square = _placed(found.page, found.layout, enlarged), _square(found.page, found.layout, enlarged)
    geometry = answer.geometry
    scale = None if read is None else read.scales.best
    return Reading(
        answered=answer.answered,
        reasons=tuple(answer.reasons),
        message=" ".join(answer.messages),
        warnings=tuple(doubt.code for doubt in answer.doubts),
        layout=None if found is None else found.layout.name,
        timing="unknown" if found is None else found.layout.timing.value,
        placed=placed,
        square_px=square,
        speed_mm_s=None if scale is None else scale.speed_mm_s,
        gain_mm_mv=None if scale is None else scale.limb_mm_mv,
        chest_gain_mm_mv=None if scale is None else scale.chest_mm_mv,
        speed_source=geometry.speed_source,
        gain_source=geometry.gain_source,
        rate_bpm=None if read is None else read.measured.rate_bpm,
        leads=None if read is None else read.leads,
        probabilities=answer.probabilities,
        decisions=answer.decisions,
        milliseconds={key: value for key, value in vars(answer.timings_ms).items() if value is not None},
    )


def _placed(page: Page, layout: PageLayout, enlarged: float) -> tuple[PlacedLead, ...]:
    ends = [[[piece.left_mm, piece.baseline_mm], [piece.right_mm, piece.baseline_mm]] for piece in layout.pieces]
    points = np.reshape(np.array(ends, np.float64), (-1, 2))
    seen = ((page.to_photo(points) + 0.5) * enlarged - 0.5).reshape(-1, 2, 2)
    return tuple(
        PlacedLead(
            lead=piece.lead,
            start=_point(start),
            end=_point(end),
            row=piece.row,
            strip=piece.strip,
            inverted=piece.inverted,
        )
        for piece, (start, end) in zip(layout.pieces, seen, strict=True)
    )


def _square(page: Page, layout: PageLayout, enlarged: float) -> tuple[float, float]:
    block = layout.block
    middle = np.array([(block.left + block.right) / 2, (block.top + block.bottom) / 2])
    corners = page.to_photo(middle + SQUARE_MM * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    across, down = enlarged * np.linalg.norm(corners[1:] - corners[0], axis=1)
    return float(across), float(down)


def _point(point: np.ndarray) -> tuple[float, float]:
    return round(float(point[0]), 1), round(float(point[1]), 1)
