"""Several pages of one record -> one answer: each is read on its own, and all of their leads fill one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from vizecg.spec import InputRefusedError, UsageError
from vizecg_edge.answer import REFUSED, Doubt, Geometry, Input
from vizecg_edge.capture import Shot
from vizecg_edge.clock import Clock
from vizecg_edge.compose.page import LIMB, PlacedPage, compose_pages
from vizecg_edge.compose.result import Composed
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.joined import joined, joined_layout
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.measure import measure
from vizecg_edge.leads.read import ReadLeads
from vizecg_edge.leads.scales import Scale, ScaleSource
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.placed import pieces_of
from vizecg_edge.rectify.reasons import Reason, advice_of, refusal
from vizecg_edge.sheet.frames import boxes_on_sheet
from vizecg_edge.sheet.rectified import Outline

LEAST_PAGES, MOST_PAGES = 2, 4
MOST_RATE_APART = 0.15
"""Pages of one record are printed one after the other; a rate that differs by more is another record's."""
SIDE_PX, GAP_PX = 900, 12
"""The photographs beside one another, for pictures, are no larger than one alone is kept."""
ONE_FOR_ALL = ("uncalibrated",)
"""Doubts that are no page's own."""


def read_pages(pipeline: Pipeline, shots: Sequence[Shot]) -> Result:
    """One answer of the pages of one record; refusals are answers too.

    Args:
        pipeline: that reads and decides.
        shots: the pages, in any order, from 2 to 4.

    Raises:
        UsageError: fewer, or more.
    """
    if not LEAST_PAGES <= len(shots) <= MOST_PAGES:
        raise UsageError(f"pages of one record: expected {LEAST_PAGES} to {MOST_PAGES}, got {len(shots)}")
    clock = Clock()
    pages = tuple(pipeline.read_shot(shot) for shot in shots)
    for page in pages:
        clock.add_timings(page.answer.timings_ms)
    # Each page has been judged by its own figures; what may be said of all is the worst one's.
    worst = min(pages, key=lambda page: (page.answer.answered, page.answer.quality.score or 0.0))
    photo, outlines = _side_by_side(pages)
    answer = replace(worst.answer, input=_input([page.answer.input for page in pages]), measured=None, leads=None)
    result = replace(worst, answer=answer, photo=photo, sheet=None, rectified=None, read=None, found=None, pages=pages)
    refused = [page.answer for page in pages if not page.answer.answered]
    if refused:
        told = replace(
            answer,
            reasons=tuple(reason for one in refused for reason in one.reasons),
            messages=tuple(message for one in refused for message in one.messages),
            advice=tuple(advice for one in refused for advice in one.advice),
            geometry=Geometry(),
            timings_ms=clock.timings(),
        )
        return replace(result, answer=told)
    read = [one for page in pages for one in page.pages_read]
    try:
        _check_leads([leads.layout for _, leads in read])
        compared = _check_rates([leads.measured.rate_bpm for _, leads in read])
    except InputRefusedError as error:
        told = replace(
            answer,
            status=REFUSED,
            reasons=(error.reason,),
            messages=(f"{answer.input.name}: {error}",),
            advice=(advice_of(error.reason),),
            doubts=(),
            geometry=Geometry(),
            timings_ms=clock.timings(),
        )
        return replace(result, answer=told)
    leads, layout = joined([one.leads for _, one in read]), joined_layout([one.layout for _, one in read])
    answer = replace(
        answer, measured=measure(leads), leads=leads, geometry=_geometry(pages, read), doubts=_doubts(pages, compared)
    )
    clock.lap("leads")
    spec = pipeline.bundle.manifest.sheet
    every = [_composed(read, scales, pipeline) for scales in _scales([one for _, one in read])]
    assert worst.rectified is not None
    rectified = replace(
        worst.rectified,
        sheet=every[0].sheet,
        layout=layout,
        whole=False,
        homography=None,
        bend_mm=None,
        rows_mm=every[0].rows_mm,
        on_photo=outlines,
        on_sheet=boxes_on_sheet(layout, every[0], spec),
    )
    clock.lap("rectify")
    result = replace(result, answer=answer, sheet=rectified.sheet, rectified=rectified)
    return pipeline.classified(result, [one.sheet for one in every], layout=layout, clock=clock)


def _input(pages: Sequence[Input]) -> Input:
    return Input(path=pages[0].path, sha256=pages[0].sha256, pages=tuple(pages))


def _check_leads(layouts: Sequence[PageLayout]) -> None:
    """Whether every lead is on one page alone; strips may repeat one."""
    shown = [{piece.lead for piece in layout.pieces if not piece.strip} for layout in layouts]
    twice = [lead for number, leads in enumerate(shown) for lead in leads if any(lead in one for one in shown[:number])]
    if twice:
        raise refusal(Reason.PAGES_DIFFER, f"on more than one page: {', '.join(sorted(set(twice)))}")


def _check_rates(rates: Sequence[float | None]) -> bool:
    """Whether the heart rate is seen on every page; refused where the rates are not one record's."""
    seen = [rate for rate in rates if rate is not None]
    if seen and max(seen) / min(seen) > 1 + MOST_RATE_APART:
        told = " and ".join(f"{rate:.0f}" for rate in seen)
        raise refusal(Reason.PAGES_DIFFER, f"{told} beats a minute")
    return len(seen) == len(rates)


def _doubts(pages: Sequence[Result], compared: bool) -> tuple[Doubt, ...]:
    """Every page's own doubts; those that all pages share are told once."""
    doubts: list[Doubt] = []
    if not compared:
        told = "whether the pages are of one record is not certain: the heart rate is not seen on each"
        doubts.append(Doubt(code="pages_not_compared", message=told))
    every = [page.answer.doubts for page in pages]
    for number, own in enumerate(every, 1):
        for doubt in own:
            shared = doubt.code in ONE_FOR_ALL or all(doubt in other for other in every)
            one = doubt if shared else replace(doubt, message=f"page {number}: {doubt.message}")
            if one not in doubts:
                doubts.append(one)
    return tuple(doubts)


def _scales(pages: Sequence[ReadLeads]) -> list[tuple[Scale, ...]]:
    """The scales at which the pages are tried, one each, the likeliest first: every other scale of a page beside the
    likeliest ones of the rest, and every scale that all pages may have, together."""
    best = tuple(page.scales.best for page in pages)
    tried = {_key(pages, best): best}
    for number, page in enumerate(pages):
        for scale in page.tried[1:]:
            changed = (*best[:number], scale, *best[number + 1 :])
            tried.setdefault(_key(pages, changed), changed)
            alike = [next((one for one in other.tried if _same(one, scale)), None) for other in pages]
            together = tuple(one for one in alike if one is not None)
            if len(together) == len(pages):
                tried.setdefault(_key(pages, together), together)
    return list(tried.values())


def _same(one: Scale, other: Scale) -> bool:
    return replace(one, likelihood=1.0) == replace(other, likelihood=1.0)


def _key(pages: Sequence[ReadLeads], scales: Sequence[Scale]) -> tuple[tuple[float, ...], ...]:
    """Scales that differ only in the gain of leads that a page does not show are one."""
    return tuple(
        (scale.speed_mm_s, *sorted({_gain(scale, lead) for lead in _leads(page)}))
        for page, scale in zip(pages, scales, strict=True)
    )


def _leads(page: ReadLeads) -> list[str]:
    return [piece.lead for piece in page.layout.pieces]


def _gain(scale: Scale, lead: str) -> float:
    return scale.limb_mm_mv if lead in LIMB else scale.chest_mm_mv


def _composed(read: Sequence[tuple[FoundPage, ReadLeads]], scales: Sequence[Scale], pipeline: Pipeline) -> Composed:
    placed = [
        PlacedPage(
            page=found.page,
            layout=leads.layout,
            speed_mm_s=scale.speed_mm_s,
            limb_gain_mm_mv=scale.limb_mm_mv,
            chest_gain_mm_mv=scale.chest_mm_mv,
            leads=leads.at(scale),
        )
        for (found, leads), scale in zip(read, scales, strict=True)
    ]
    return compose_pages(placed, spec=pipeline.bundle.manifest.sheet)


def _geometry(pages: Sequence[Result], read: Sequence[tuple[FoundPage, ReadLeads]]) -> Geometry:
    """How all pages are printed; a speed or gain that they do not share is null."""
    leads = [one for _, one in read]
    limb = [one.scales for one in leads if any(lead in LIMB for lead in _leads(one))]
    chest = [one.scales for one in leads if any(lead not in LIMB for lead in _leads(one))]
    gains = [one.limb_source for one in limb] + [one.chest_source for one in chest]
    return Geometry(
        layout=" and ".join(one.layout.name for one in leads),
        speed_mm_s=_common([one.scales.best.speed_mm_s for one in leads]),
        gain_mm_mv=_common([one.best.limb_mm_mv for one in limb]),
        chest_gain_mm_mv=_common([one.best.chest_mm_mv for one in chest]),
        speed_source=_least_sure([one.scales.speed_source for one in leads]),
        gain_source=_least_sure(gains),
        scales_tried=tuple("; ".join(scale.words for scale in scales) for scales in _scales(leads)),
        pieces=tuple(
            piece
            for number, page in enumerate(pages, 1)
            if page.rectified is not None
            for piece in pieces_of(page.rectified, page=number)
        ),
    )


def _common(values: Sequence[float]) -> float | None:
    return values[0] if len(set(values)) == 1 else None


def _least_sure(sources: Sequence[ScaleSource]) -> str:
    order = list(ScaleSource)
    return max(sources, key=order.index).value


def _side_by_side(pages: Sequence[Result]) -> tuple[np.ndarray | None, tuple[Outline, ...]]:
    """The photographs beside one another, at most ``SIDE_PX`` wide and high, uint8 RGB, and in its pixels where the
    pieces lie; None where no page was decoded."""
    shown = [(page, page.photo) for page in pages if page.photo is not None]
    if not shown:
        return None, ()
    wide = sum(photo.shape[1] / photo.shape[0] for _, photo in shown)
    height = max(1, round(min(SIDE_PX, (SIDE_PX - GAP_PX * (len(shown) - 1)) / wide)))
    outlines: list[Outline] = []
    parts: list[np.ndarray] = []
    left = 0
    for page, photo in shown:
        width = max(1, round(height * photo.shape[1] / photo.shape[0]))
        if parts:
            parts.append(np.full((height, GAP_PX, 3), 255, np.uint8))
            left += GAP_PX
        parts.append(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA))
        if page.rectified is not None:
            # Outlines are in pixels of the whole picture, of which `photo` may be a reduced reading.
            scale = width / (page.answer.input.width or photo.shape[1])
            outlines += [(name, outline * scale + (left, 0)) for name, outline in page.rectified.on_photo]
        left += width
    return np.concatenate(parts, axis=1), tuple(outlines)
