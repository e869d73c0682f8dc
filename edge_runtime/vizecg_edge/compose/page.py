"""A page of any layout, speed and gain on the one sheet that networks see, from the photograph's own pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg.spec import GAIN_MM_MV, LEADS, PAPER_SPEED_MM_S, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.compose.limits import Printed
from vizecg_edge.compose.paper import levelled, paper_colour, paper_levels
from vizecg_edge.compose.result import Composed, Patch
from vizecg_edge.compose.slots import COLUMNS, ROWS, STRIP_LEAD, Filling, fillings, row_spacing_mm, slots_of
from vizecg_edge.leads.layout import LeadOrder, PageLayout
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.leads.signals import Leads

SAME = 0.01
"""Relative: columns, speeds and gains that differ by no more are the sheet's own."""
MOST_REACH_MM = 30.0
"""Of the sheet: a trace is followed no further from its baseline."""
LEFT_MM = 1.5
"""And columns that begin no further than this from where even ones do are even."""
EDGE_PX = 2.0
"""The outermost pixels of a photograph are mixed with what is beyond it."""
LIMB = LEADS[:6]
_WHITE = 255


@dataclass(frozen=True, kw_only=True)
class PlacedPage:
    """A page to be laid on the sheet lead by lead, see ``compose``.

    Raises:
        ValueError: a speed or gain that is not positive, or traces that are not the layout's.
    """

    page: Page
    layout: PageLayout
    speed_mm_s: float
    limb_gain_mm_mv: float
    chest_gain_mm_mv: float
    leads: Leads | None = None

    def __post_init__(self) -> None:
        if min(self.speed_mm_s, self.limb_gain_mm_mv, self.chest_gain_mm_mv) <= 0:
            raise ValueError(
                f"speed and gains must be positive, got {self.speed_mm_s} mm/s, {self.limb_gain_mm_mv} and"
                f" {self.chest_gain_mm_mv} mm/mV"
            )
        expected = [piece.lead for piece in self.layout.pieces]
        if self.leads is not None and [trace.lead for trace in self.leads.traces] != expected:
            raise ValueError("expected a trace for every piece of the layout, in its order")

    def printed(self) -> Printed:
        """Its pieces and how far each reaches."""
        return Printed(
            layout=self.layout,
            speed_mm_s=self.speed_mm_s,
            gain_of=lambda lead: self.limb_gain_mm_mv if lead in LIMB else self.chest_gain_mm_mv,
            traces=None if self.leads is None else self.leads.traces,
        )


def compose(
    page: Page,
    layout: PageLayout,
    *,
    speed_mm_s: float,
    limb_gain_mm_mv: float,
    chest_gain_mm_mv: float,
    spec: SheetSpec,
    leads: Leads | None = None,
) -> Composed:
    """Lay a page onto the sheet.

    A page that is printed as the sheet is, 3x4 in the standard order with a strip of II below, at its speed and gain,
    is taken as a whole, by one warp. Any other is taken lead by lead: each is stretched to the sheet's speed and gain,
    and -aVR turned over. What is not printed stays empty.

    Args:
        page: the photograph and where its paper lies.
        layout: what is printed where.
        speed_mm_s: of the page.
        limb_gain_mm_mv, chest_gain_mm_mv: of its leads.
        spec: the sheet.
        leads: the traces as they were read, one for every piece of the layout and in its order: rows that reach into
            each other are told apart by them. Without them each row is cut off half way to the next.

    Raises:
        ValueError: a speed or gain that is not positive, or traces that are not the layout's.
    """
    placed = PlacedPage(
        page=page,
        layout=layout,
        speed_mm_s=speed_mm_s,
        limb_gain_mm_mv=limb_gain_mm_mv,
        chest_gain_mm_mv=chest_gain_mm_mv,
        leads=leads,
    )
    same_scale = all(
        abs(found / own - 1) <= SAME
        for found, own in (
            (speed_mm_s, PAPER_SPEED_MM_S),
            (limb_gain_mm_mv, GAIN_MM_MV),
            (chest_gain_mm_mv, GAIN_MM_MV),
        )
    )
    if same_scale and _is_like_the_sheet(layout):
        return _whole(page, layout, spec)
    return compose_pages((placed,), spec=spec)


def _is_like_the_sheet(layout: PageLayout) -> bool:
    """3x4 in the standard order, with columns as wide as the sheet's and a strip of II right below."""
    if layout.arrangement != f"{ROWS}x{COLUMNS}" or layout.order is not LeadOrder.STANDARD:
        return False
    block = {(piece.row, piece.column): piece for piece in layout.pieces if not piece.strip}
    strips = sorted(layout.strips, key=lambda strip: strip.row)
    if len(block) != len(LEADS) or not strips or (strips[0].row, strips[0].lead) != (ROWS, STRIP_LEAD):
        return False
    named = all(
        0 <= row < ROWS and piece.lead == LEADS[column * ROWS + row] and not piece.inverted
        for (row, column), piece in block.items()
    )
    if not named:
        return False
    lefts = [float(np.median([block[row, column].left_mm for row in range(ROWS)])) for column in range(COLUMNS)]
    width = (lefts[-1] - lefts[0]) / (COLUMNS - 1)
    even = all(abs(left - lefts[0] - column * width) <= LEFT_MM for column, left in enumerate(lefts))
    return even and abs(width / (BLOCK_MM / COLUMNS) - 1) <= SAME


def _whole(page: Page, layout: PageLayout, spec: SheetSpec) -> Composed:
    """By one warp, the block in its place on the sheet and the rows where they were printed."""
    strips = sorted(layout.strips, key=lambda strip: strip.row)
    rows = [_baseline(layout, row) for row in range(ROWS)] + [strips[0].baseline_mm]
    middle = (rows[0] + rows[-1]) / 2
    to_page = np.array(
        [[1, 0, layout.block.left - spec.block_x_mm], [0, 1, middle - spec.block_y_mm], [0, 0, 1]], np.float64
    )
    sheet = _warped(page, to_page, spec, Box(0, 0, spec.width_mm, spec.height_mm), stretch=1.0)
    bottom = spec.height_mm
    if len(strips) > 1:
        bottom = spec.block_y_mm + (strips[0].baseline_mm + strips[1].baseline_mm) / 2 - middle
        bottom = min(bottom, spec.height_mm)
        levels = paper_levels(sheet, px_per_mm=spec.px_per_mm)
        sheet[round(bottom * spec.px_per_mm) :] = np.round(paper_colour([sheet], float(np.median(levels))))
    patch = Patch(
        slot=None,
        box=Box(0, 0, spec.width_mm, bottom),
        baseline_mm=spec.block_y_mm,
        to_page=to_page,
        index=None,
        start_s=0.0,
        end_s=BLOCK_MM / PAPER_SPEED_MM_S,
    )
    rows_mm = tuple(spec.block_y_mm + row - middle for row in rows)
    return Composed(sheet=sheet, patches=(patch,), rows_mm=rows_mm, whole=True, empty=())


def _baseline(layout: PageLayout, row: int) -> float:
    return float(np.median([piece.baseline_mm for piece in layout.pieces if piece.row == row]))


def compose_pages(pages: Sequence[PlacedPage], *, spec: SheetSpec) -> Composed:
    """Lay pages of one record onto one sheet, lead by lead; a lead that several show is taken from the first of those
    that fill its place equally well."""
    slots = slots_of(spec)
    filled = list(fillings([(one.layout, one.speed_mm_s) for one in pages], slots))
    printed = [one.printed() for one in pages]
    laid = [_laid(pages[filling.page].page, filling, printed[filling.page], spec) for filling in filled]
    levels = [paper_levels(pixels, px_per_mm=spec.px_per_mm) for _, pixels, _ in laid]
    level = float(np.median(np.concatenate([one.ravel() for one in levels]))) if levels else float(_WHITE)
    even = [levelled(pixels, own, level) for (_, pixels, _), own in zip(laid, levels, strict=True)]
    # Where two rows reach into each other, the darker is ink; where none reaches, white stands until the end.
    sheet, bare = np.full(spec.shape, _WHITE, np.uint8), np.full(spec.shape[:2], _WHITE, np.uint8)
    for (patch, _, own), pixels in zip(laid, even, strict=True):
        place = _pixels_of(patch.box, spec)
        part, open_part = sheet[place], bare[place]
        cv2.copyTo(cv2.min(part, pixels), own, part)
        cv2.subtract(open_part, own, open_part)
    colour = paper_colour(even, level) if even else np.full(3, _WHITE)
    cv2.copyTo(np.full(spec.shape, np.round(colour), np.uint8), bare, sheet)
    taken = {filling.slot for filling in filled}
    return Composed(
        sheet=sheet,
        patches=tuple(patch for patch, _, _ in laid),
        rows_mm=tuple(sorted({slot.baseline_mm for slot in slots})),
        whole=False,
        empty=tuple("strip" if slot.strip else slot.lead for slot in slots if slot not in taken),
    )


def _laid(page: Page, filling: Filling, printed: Printed, spec: SheetSpec) -> tuple[Patch, np.ndarray, np.ndarray]:
    """A slot's patch, its pixels uint8 RGB (h, w, 3), and which of them are its own, uint8 (h, w), 255 where so."""
    slot, piece = filling.slot, filling.piece
    across = printed.speed_mm_s / PAPER_SPEED_MM_S
    down = printed.gain_of(piece.lead) / GAIN_MM_MV
    begins = piece.left_mm + filling.start_s * printed.speed_mm_s - piece.time_mm
    sign = -1 if piece.inverted else 1
    to_page = np.array(
        [
            [across, 0, begins - slot.left_mm * across],
            [0, sign * down, piece.baseline_mm - sign * slot.baseline_mm * down],
            [0, 0, 1],
        ],
        np.float64,
    )
    width = round((filling.end_s - filling.start_s) * PAPER_SPEED_MM_S * spec.px_per_mm)
    x = begins + (np.arange(max(1, width)) + 0.5) / spec.px_per_mm * across
    half = row_spacing_mm(spec) / 2
    edges = np.array(printed.limits(piece, x, most=half * down))
    # Height above and below the baseline, on the sheet.
    heights = np.sort(sign * (edges - piece.baseline_mm) / down, axis=0)
    up, low = (min(float(np.abs(side).max()), MOST_REACH_MM) for side in heights)
    box = _on_pixels(
        Box(slot.left_mm, slot.baseline_mm - up, slot.left_mm + len(x) / spec.px_per_mm, slot.baseline_mm + low), spec
    )
    pixels = _warped(page, to_page, spec, box, stretch=max(1 / across, 1 / down))
    y = box.top + (np.arange(pixels.shape[0]) + 0.5) / spec.px_per_mm - slot.baseline_mm
    own = ((y[:, None] >= heights[0]) & (y[:, None] <= heights[1])).astype(np.uint8) * np.uint8(_WHITE)
    outside = _outside(page, to_page, box, pixels.shape[:2])
    if outside is not None:
        own[outside] = 0
        # The brightness of the paper is that of the rest.
        pixels[outside] = 0 if outside.all() else np.median(pixels[~outside], axis=0)
    patch = Patch(
        slot=slot,
        box=box,
        baseline_mm=slot.baseline_mm,
        to_page=to_page,
        index=filling.index,
        start_s=filling.start_s,
        end_s=filling.end_s,
        page=filling.page,
    )
    return patch, pixels, own


def _outside(page: Page, to_page: np.ndarray, box: Box, shape: tuple[int, ...]) -> np.ndarray | None:
    """bool of a patch's ``shape``: its pixels that the photograph does not show; None where it shows all."""
    if (_inside_px(page, to_page, box, (9, 17)) >= EDGE_PX).all():
        return None
    nodes = -(-shape[0] // 4), -(-shape[1] // 4)
    inside = cv2.resize(_inside_px(page, to_page, box, nodes), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(inside < EDGE_PX)


def _inside_px(page: Page, to_page: np.ndarray, box: Box, nodes: tuple[int, int]) -> np.ndarray:
    """How many pixels inside the photograph the middles of ``nodes`` (rows, columns) parts of a box are: float32."""
    left, top, right, bottom = box
    y, x = ((np.arange(n) + 0.5) / n for n in nodes)
    points = np.stack(np.meshgrid(left + x * (right - left), top + y * (bottom - top)), axis=-1).reshape(1, -1, 2)
    found = page.to_photo(cv2.perspectiveTransform(points, to_page)[0])
    height, width = page.halves[0].shape[:2]
    beyond = np.array([width - 1, height - 1]) - found
    return np.asarray(np.minimum(found, beyond).min(axis=1).reshape(nodes).astype(np.float32))


def _on_pixels(box: Box, spec: SheetSpec) -> Box:
    """The box with its edges on edges of the sheet's pixels, and on the sheet."""
    left, top, right, bottom = (round(edge * spec.px_per_mm) / spec.px_per_mm for edge in box)
    return Box(max(left, 0.0), max(top, 0.0), min(right, spec.width_mm), min(bottom, spec.height_mm))


def _pixels_of(box: Box, spec: SheetSpec) -> tuple[slice, slice]:
    left, top, right, bottom = (round(edge * spec.px_per_mm) for edge in box)
    return slice(top, bottom), slice(left, right)


def _warped(page: Page, to_page: np.ndarray, spec: SheetSpec, box: Box, *, stretch: float) -> np.ndarray:
    """The photograph on a box of the sheet, uint8 RGB; ``stretch`` sheet millimetres to a page millimetre at most."""
    rows, columns = _pixels_of(box, spec)
    to_sheet = np.linalg.inv(spec.mm_to_px_matrix) @ np.array([[1, 0, columns.start], [0, 1, rows.start], [0, 0, 1]])
    size = columns.stop - columns.start, rows.stop - rows.start
    middle = cv2.perspectiveTransform(np.array([[[(box.left + box.right) / 2, (box.top + box.bottom) / 2]]]), to_page)
    near = replace(page, px_per_mm=_scale(page, middle[0, 0]))
    return near.warped(page.page_to_cells @ to_page @ to_sheet, size, finest=spec.px_per_mm * stretch)


def _scale(page: Page, at: np.ndarray) -> float:
    """Photograph pixels to a page millimetre of the best plane."""
    cells = cv2.perspectiveTransform((at + np.array([[0, 0], [1, 0], [0, 1]]))[None], page.page_to_cells)
    (x, y), *ends = cv2.perspectiveTransform(cells, np.linalg.inv(page.photo_to_cells))[0]
    (a, b), (c, d) = (end - (x, y) for end in ends)
    return float(np.sqrt(abs(a * d - b * c)))
