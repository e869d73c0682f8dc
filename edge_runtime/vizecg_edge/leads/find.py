"""From a photograph to its leads: the grid, the flat page, what is printed where on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.leads.flat import FlatPicture
from vizecg_edge.leads.infer import find_layout
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.names import SeenName
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.leads.page_ink import PageInk, ink_of
from vizecg_edge.leads.stated import read_page, text_box
from vizecg_edge.leads.steady import steadied
from vizecg_edge.leads.ways import Look
from vizecg_edge.printed.grammar import Quantity
from vizecg_edge.printed.names import NAMES
from vizecg_edge.printed.page_net import PageLook, look
from vizecg_edge.rectify.find import FoundPaper, find_paper, measured_anew
from vizecg_edge.rectify.grid import Grid
from vizecg_edge.rectify.prepare import Work, prepare
from vizecg_edge.rectify.printed_scale import StatedScale
from vizecg_edge.rectify.ruler import Ruler, RulerKind
from vizecg_edge.rectify.straighten import straightened
from vizecg_edge.rectify.traces import PX_PER_MM, trace_view
from vizecg_edge.rectify.warp import Bend

LOOK_PX_PER_MM = 4.0
"""Scale at which the page is looked at."""
MAY_BE_TRACE = 60
"""Ink is left out where the page network gives less than this, of 255, near by."""
_AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True)
class FoundPage:
    """A page that was found in a photograph, upright.

    Attributes:
        page: the flat paper.
        layout: what is printed where on it.
        ink: its traces; ``every``: and all else that is no grid, wherever it lies.
        grid: of the photograph as it was reduced for the search; its cells are those of ``page``.
        ruler: what its millimetres were taken from.
        flat: the picture in which it was looked at; None where that was seen another way.
    """

    page: Page
    layout: PageLayout
    ink: PageInk
    every: PageInk
    grid: Grid
    ruler: Ruler
    flat: FlatPicture | None = None


def find_page(image: np.ndarray) -> FoundPage:
    """Find the leads in a photograph, whichever way up it lies.

    Args:
        image: uint8 RGB (H, W, 3), already turned as its EXIF tag says.

    Raises:
        InputRefusedError: nothing that could be read was found; ``reason`` is a value of ``Reason``.
    """
    work = prepare(image)
    paper = find_paper(work)
    found = _found_of(work, paper)
    if found.ruler.kind is RulerKind.GRID:
        return found
    stated = _stated(found)
    anew = None if stated is None else measured_anew(work, stated)
    if anew is None:
        return found
    return _found_on(work, anew)


def _found_of(work: Work, paper: FoundPaper) -> FoundPage:
    """What is printed on a page, which may be of another scale where nothing is read at the likeliest."""
    try:
        return _found_on(work, paper)
    except InputRefusedError as refused:
        error = refused.with_traceback(None)
    for other in paper.others:
        try:
            found = _found_on(work, other)
        except InputRefusedError:
            continue
        if found.layout.is_named:
            return found
    raise error


def _stated(found: FoundPage) -> StatedScale | None:
    """What a page prints of its own scale; None where it does not print speed and gain."""
    settings = read_page(found.page, found.flat)
    speeds, gains = (
        tuple(dict.fromkeys(one.value for one in settings if one.quantity is quantity))
        for quantity in (Quantity.SPEED, Quantity.GAIN)
    )
    return StatedScale(speed_mm_s=speeds[0], gains_mm_mv=gains) if len(speeds) == 1 and gains else None


def _found_on(work: Work, paper: FoundPaper) -> FoundPage:
    grid, bend = paper.grid, paper.bend
    ink = ink_of(trace_view(work.trace_ink, grid, bend))
    seen = [ink.mask]

    def sideways() -> PageInk:
        turned = ink_of(trace_view(work.trace_ink, grid, bend, sideways=True))
        seen.append(turned.mask)
        return turned

    looker = _Looker(work, grid, bend)
    found = find_layout(ink, sideways=sideways, look=looker)
    page = steadied(page_of(work, grid, bend, found.ink, middle_of=found.layout.block))
    if paper.lined:
        # Each way of looking takes out what runs along the lines as if it were one of them.
        page = replace(page, bend=straightened(work.grid_ink, grid, page.bend, np.maximum.reduce(seen)))
    return FoundPage(
        page=page,
        layout=found.layout,
        ink=found.ink,
        every=found.every,
        grid=grid,
        ruler=paper.ruler,
        flat=None if looker.flat is None else looker.flat.seen_as(page.page_to_cells),
    )


def page_of(work: Work, grid: Grid, bend: Bend, ink: PageInk, *, middle_of: Box | None = None) -> Page:
    """The page whose ink was seen this way up; its scale is that in the middle of a box, or of all of it."""
    photo_to_cells = grid.to_cells @ work.to_work
    left, top, right, bottom = middle_of or ink.box
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    page = Page(
        halves=work.halves,
        photo_to_cells=photo_to_cells,
        bend=bend,
        page_to_cells=ink.page_to_cells,
        box=Box(*ink.box),
        px_per_mm=1.0,
    )
    at, across, down = page.to_photo(middle + np.array([[0, 0], [1, 0], [0, 1]]))
    (a, b), (c, d) = across - at, down - at
    return Page(
        halves=page.halves,
        photo_to_cells=photo_to_cells,
        bend=bend,
        page_to_cells=ink.page_to_cells,
        box=page.box,
        px_per_mm=float(np.sqrt(abs(a * d - b * c))),
    )


class _Looker:
    """Looks at a page, whichever way up, in one picture, ``flat``: that which text is read in, too."""

    def __init__(self, work: Work, grid: Grid, bend: Bend) -> None:
        self._work, self._grid, self._bend = work, grid, bend
        self.flat: FlatPicture | None = None

    def __call__(self, ink: PageInk, box: Box) -> Look:
        # Whole pixels of the ink, so that the two masks lie on each other.
        left, top, right, bottom = (round(edge * PX_PER_MM) for edge in box)
        box = Box(*(edge / PX_PER_MM for edge in (left, top, right, bottom)))
        return _seen(look(self._picture(ink, box), px_per_mm=LOOK_PX_PER_MM), ink, box)

    def _picture(self, ink: PageInk, box: Box) -> np.ndarray:
        known = None if self.flat is None else self.flat.seen_as(ink.page_to_cells)
        picture = None if known is None else known.part(box)
        if picture is None:
            page = steadied(page_of(self._work, self._grid, self._bend, ink))
            self.flat = FlatPicture.of(page, text_box(page), box, px_per_mm=LOOK_PX_PER_MM)
            picture = self.flat.part(box)
        if picture is None:
            raise ValueError(f"the page's picture, {self.flat and self.flat.box}, does not hold {box}")
        return picture


def _seen(seen: PageLook, ink: PageInk, box: Box) -> Look:
    """What was seen of a box, in the millimetres of its page."""
    left, top, right, bottom = (round(edge * PX_PER_MM) for edge in box)
    traces = np.zeros(ink.mask.shape, np.uint8)
    size = right - left, bottom - top
    may_be = cv2.resize(cv2.dilate(seen.trace, _AROUND), size, interpolation=cv2.INTER_LINEAR) > MAY_BE_TRACE
    traces[top:bottom, left:right] = may_be
    return Look(
        names=tuple(
            SeenName(
                name=name.name,
                x_mm=box.left + name.x_mm,
                y_mm=box.top + name.y_mm,
                chances=dict(zip(NAMES, name.probabilities[1:], strict=True)),
            )
            for name in seen.names
        ),
        traces=traces,
        pulses=tuple(
            Box(box.left + pulse.left_mm, box.top + pulse.top_mm, box.left + pulse.right_mm, box.top + pulse.bottom_mm)
            for pulse in seen.pulses
        ),
    )
