"""What a reader says of a picture, in the picture's own pixels, whatever the pipeline calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vizecg_lab.leads.truth import PlacedLead

if TYPE_CHECKING:
    from vizecg_edge.leads.layout import PageLayout
    from vizecg_edge.leads.page import Page
    from vizecg_edge.leads.scales import Scale
    from vizecg_edge.leads.signals import Leads
    from vizecg_edge.pipeline import Result

SQUARE_MM, SQUARES = 5.0, 5
"""A square of the paper, and how many of them its size is measured over."""


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
        tried: speed, limb and chest gain of every scale that the answer was held against.
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
    tried: tuple[tuple[float, float, float], ...] = ()
    rate_bpm: float | None = None
    leads: Leads | None = None
    probabilities: dict[str, float] | None = None
    decisions: dict[str, bool | None] | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


def reading_of(result: Result) -> Reading:
    """What the pipeline says of leads and scale, in pixels of the whole picture."""
    from vizecg_edge.leads.read import MOST_SCALES

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
        tried=() if read is None else tuple(_numbers(scale) for scale in read.scales.candidates[:MOST_SCALES]),
        rate_bpm=None if read is None else read.measured.rate_bpm,
        leads=None if read is None else read.leads,
        probabilities=answer.probabilities,
        decisions=answer.decisions,
        milliseconds={key: value for key, value in vars(answer.timings_ms).items() if value is not None},
    )


def _numbers(scale: Scale) -> tuple[float, float, float]:
    return scale.speed_mm_s, scale.limb_mm_mv, scale.chest_mm_mv


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
    # Over several squares: it is the ruler's, not that of a dent of the paper.
    ends = page.to_photo(middle + SQUARES / 2 * SQUARE_MM * np.array([[-1.0, 0], [1, 0], [0, -1], [0, 1]]))
    across, down = enlarged * np.linalg.norm(ends[1::2] - ends[::2], axis=1) / SQUARES
    return float(across), float(down)


def _point(point: np.ndarray) -> tuple[float, float]:
    return round(float(point[0]), 1), round(float(point[1]), 1)
