"""A page's plane and millimetres: from its grid, or where none is seen from what is printed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.rectify.closer import closer
from vizecg_edge.rectify.dots import FLAT_RESIDUAL, blurred_ink, calm_bend, may_be_dotted
from vizecg_edge.rectify.every_line import is_drawn
from vizecg_edge.rectify.grid import Grid, cell_sides_px, find_grid
from vizecg_edge.rectify.gridless import CELL_MM, find_printed
from vizecg_edge.rectify.prepare import Work
from vizecg_edge.rectify.printed_scale import StatedScale
from vizecg_edge.rectify.reasons import Reason
from vizecg_edge.rectify.ruler import Ruler, RulerKind
from vizecg_edge.rectify.squares import LONG_LOOK, MOST_RESIDUAL, look_at_lines, measure_squares, rescaled
from vizecg_edge.rectify.warp import Bend, first_bend, refine_bend

SIDES_MM = (1.0, 2.0, 5.0, 10.0)
"""What the side of a square may be, if its lines do not tell."""
AGREE = {RulerKind.PULSES: 0.13, RulerKind.COLUMNS: 0.25}
"""Largest relative difference between what is printed and the squares that it confirms."""
AGREE_POOR = 0.045
"""The same where the lines lie unevenly or say something else, so that it may be another lattice."""
CLEARER = 1.15
"""A grid of dots is the better one with so many times the readable squares, if it fits about as well."""
MOST_STRETCH = 1.35
"""Pictures are hardly ever stretched by more than this, perspective included."""
UNEVEN, WEAK = 1.16, 0.3
"""Cells that differ so much across and down, whose lines one way have less than this share of the ink of those the
other way, may be fitted to rows of traces. Of 98 real pictures none has such, of drawn pages one of 450."""
LEAST_CELL_PX = 15.0
"""In pictures so coarse lines every millimetre give a moire that looks like larger squares."""


@dataclass(frozen=True, kw_only=True)
class FoundPaper:
    """A page as it lies in a photograph.

    ``grid``: its squares of 5 mm; where there are none, where they would lie. ``bend``: of the paper, none without a
    grid. ``ruler``: what its millimetres were taken from. ``lined``: whether the grid has lines at 5 mm, no dots, and
    was seen in the photograph's grid ink. ``others``: the same page at other scales that are possible, where only what
    is printed tells.
    """

    grid: Grid
    bend: Bend
    ruler: Ruler
    lined: bool = False
    others: tuple[FoundPaper, ...] = ()


def find_paper(work: Work) -> FoundPaper:
    """Find the page in a reduced photograph, whatever is printed on it.

    Raises:
        InputRefusedError: no_grid, where there is neither a grid nor a page of traces; scale_uncertain, where the page
            has no grid and what is printed contradicts itself.
    """
    ink, dotted = work.grid_ink, False
    try:
        grid = find_grid(ink)
    except InputRefusedError as refused:
        if refused.reason != Reason.NO_GRID.value:
            raise
        # A traceback would keep the picture in memory.
        ink, dotted = blurred_ink(work), True
        found = _grid_or_none(ink)
        if found is None:
            return _printed(work, refused.with_traceback(None))
        grid = found
    lines = look_at_lines(ink, grid)
    if not dotted and may_be_dotted(grid, lines.strengths, lines.continuity):
        blurred, dotted = blurred_ink(work), True
        found = _grid_or_none(blurred)
        if found is not None and _is_clearer(found, grid):
            ink, grid, lines = blurred, found, look_at_lines(blurred, found)
    bend = calm_bend(ink, grid) if dotted else refine_bend(ink, grid, first_bend(grid))
    squares = measure_squares(lines, grid)
    across, down = cell_sides_px(grid)
    stretch, ink_ratio = max(across / down, down / across), lines.strengths.min() / max(lines.strengths.max(), 1e-6)
    uneven = bool(stretch > UNEVEN and ink_ratio < WEAK)
    plain = stretch < MOST_STRETCH and not uneven
    coarse = min(across, down) < LEAST_CELL_PX
    if (coarse or not squares.sure) and not dotted and (near := closer(work, grid)) is not None:
        squares = measure_squares(look_at_lines(*near, most=LONG_LOOK), grid)
        coarse = min(cell_sides_px(near[1])) < LEAST_CELL_PX
    elif not squares.sure:
        squares = measure_squares(look_at_lines(ink, grid, most=LONG_LOOK), grid)
    plain = plain and not coarse
    if squares.sure and (plain or squares.fine):
        if not is_drawn(ink, grid, bend):
            return _without_lines(work, grid, bend)
        return FoundPaper(grid=grid, bend=bend, ruler=Ruler(), lined=not dotted)
    paper = _confirmed(work, ink, grid, bend, squares.mm)
    if uneven and paper.ruler.kind is RulerKind.GRID and not paper.ruler.doubt:
        told = f"the squares seem {stretch:.2f} times as long one way as the other, and have hardly any lines that way"
        return replace(paper, ruler=replace(paper.ruler, doubt=told))
    return paper


def _grid_or_none(ink: np.ndarray) -> Grid | None:
    try:
        return find_grid(ink)
    except InputRefusedError as refused:
        # It stands in a variable of the search, whose frame would keep the picture in memory.
        refused.__traceback__ = None
        return None


def _is_clearer(grid: Grid, other: Grid) -> bool:
    fits = grid.residual_cells <= CLEARER * other.residual_cells + FLAT_RESIDUAL / 2
    return bool(fits and grid.present.sum() > CLEARER * other.present.sum())


def _printed(work: Work, no_grid: InputRefusedError) -> FoundPaper:
    try:
        ways = find_printed(work, unsure=True)
    except InputRefusedError as refused:
        raise (no_grid if refused.reason == Reason.NO_GRID.value else refused.with_traceback(None)) from None
    first, *others = (FoundPaper(grid=grid, bend=_flat(grid), ruler=ruler) for grid, ruler in ways)
    return replace(first, others=tuple(others))


def measured_anew(work: Work, stated: StatedScale) -> FoundPaper | None:
    """A page without a grid whose print says how large its pulses are; None where that measures nothing."""
    try:
        (grid, ruler), *_ = find_printed(work, stated)
    except InputRefusedError:
        return None
    return FoundPaper(grid=grid, bend=_flat(grid), ruler=ruler) if ruler.kind is RulerKind.PULSES else None


def _without_lines(work: Work, grid: Grid, bend: Bend) -> FoundPaper:
    """What is printed, where it contradicts a lattice that may be of beats and rows of traces."""
    try:
        printed, ruler = find_printed(work)[0]
    except InputRefusedError:
        return FoundPaper(grid=grid, bend=bend, ruler=Ruler(doubt="most lines of its grid are not seen"))
    if _apart(CELL_MM, CELL_MM * _cell(grid, printed)) < AGREE[ruler.kind]:
        return FoundPaper(grid=grid, bend=bend, ruler=Ruler())
    return FoundPaper(grid=printed, bend=_flat(printed), ruler=ruler)


def _confirmed(work: Work, ink: np.ndarray, grid: Grid, bend: Bend, mm: float | None) -> FoundPaper:
    """The grid in squares of 5 mm, where what is printed says how large its squares are; else with a doubt."""
    try:
        ways = find_printed(work)
    except InputRefusedError:
        if mm is None:
            raise
        ruler = Ruler(doubt=f"the squares of the grid were taken for {mm:g} mm, which nothing else confirms")
    else:
        # Rows may be longer than most are: what the squares look like chooses among the scales that are possible.
        agreeing = [way for way in ways if mm is not None and _apart(mm, _sides(grid, way[0])) < AGREE[way[1].kind]]
        printed, ruler = (agreeing or ways)[0]
        usual = ruler is ways[0][1]
        sides = _sides(grid, printed)
        side = float(np.sqrt(sides[0] * sides[1]))
        near = min((*SIDES_MM, mm or CELL_MM), key=lambda one: abs(float(np.log(one / side))))
        if mm is not None and _apart(mm, sides) < AGREE[ruler.kind]:
            near = mm
        # Bent paper departs from a plane, but its lines are all there along the bend.
        clear = mm == near and (grid.residual_cells <= MOST_RESIDUAL or is_drawn(ink, grid, bend))
        if _apart(near, sides) > (AGREE[ruler.kind] if clear or ruler.kind is RulerKind.COLUMNS else AGREE_POOR):
            doubt = f"a lattice of {side:.2g} mm was found" if ruler.kind is RulerKind.COLUMNS else ruler.doubt
            return FoundPaper(grid=printed, bend=_flat(printed), ruler=replace(ruler, doubt=doubt))
        sure = not ruler.doubt and usual and (mm == near or ruler.kind is RulerKind.PULSES)
        doubt = "" if sure else f"the squares look like {mm or near:g} mm, what is printed like {side:.2g} mm"
        mm, ruler = near, Ruler(doubt=doubt)
    if mm != CELL_MM:
        grid, bend = rescaled(grid, bend, mm / CELL_MM)
    return FoundPaper(grid=grid, bend=bend, ruler=ruler)


def _cell(grid: Grid, printed: Grid) -> np.ndarray:
    """(2,) sides of the grid's cells, across and down the page, in those of ``printed``, over the traces."""
    left, top, right, bottom = printed.box
    x, y = (
        np.array([0.75 * left + 0.25 * right, 0.25 * left + 0.75 * right]),
        np.array([0.75 * top + 0.25 * bottom] * 2),
    )
    down = np.stack([np.array([x.mean()] * 2), [0.75 * top + 0.25 * bottom, 0.25 * top + 0.75 * bottom]], axis=1)
    ends = np.concatenate([np.stack([x, y], axis=1), down])
    seen = cv2.perspectiveTransform(
        cv2.perspectiveTransform(ends[None], np.linalg.inv(printed.to_cells)), grid.to_cells
    )
    here, there = (
        np.linalg.norm(pairs[:, 1] - pairs[:, 0], axis=1) for pairs in (ends.reshape(2, 2, 2), seen.reshape(2, 2, 2))
    )
    return np.asarray(here / np.maximum(there, 1e-6))


def _sides(grid: Grid, printed: Grid) -> np.ndarray:
    """(2,) sides of the grid's cells, mm, if ``printed`` is one of 5 mm."""
    return np.asarray(CELL_MM * _cell(grid, printed))


def _apart(side: float, sides: np.ndarray) -> float:
    """Largest relative difference of the sides of cells from ``side``."""
    return float(np.abs(np.log(sides / side)).max())


def _flat(grid: Grid) -> Bend:
    left, top, right, bottom = grid.box
    return Bend(left=left, top=top, cells=np.zeros((bottom - top, right - left, 2), np.float32))
