"""From a photograph to the sheet: all steps in order."""

from __future__ import annotations

import time

import numpy as np

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S, SheetSpec
from vizecg_edge.compose.page import compose
from vizecg_edge.leads.find import FoundPage, find_page
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.scales import Scale
from vizecg_edge.leads.signals import Leads
from vizecg_edge.rectify.warp import bend_at
from vizecg_edge.sheet.figures import figures_of
from vizecg_edge.sheet.frames import boxes_on_sheet, outlines_on_photo
from vizecg_edge.sheet.rectified import Rectified

RECTIFIER_VERSION = "5"
"""Raised when the same photograph gives another sheet."""
USUAL = Scale(speed_mm_s=PAPER_SPEED_MM_S, limb_mm_mv=GAIN_MM_MV, chest_mm_mv=GAIN_MM_MV)
BESIDE_MM, ABOVE_MM = 19.0, 24.0
"""Around the block of a page that is not like the sheet, what its figures of merit are measured on."""


def rectify(image: np.ndarray, spec: SheetSpec, *, scale: Scale = USUAL) -> Rectified:
    """Find the ECG in a photograph and lay it onto ``spec``'s sheet.

    The 5 mm squares of the paper are the ruler, and what is printed where is inferred from the traces, their names and
    the calibration pulses. The page may be turned by up to 40 degrees, and by quarter turns beyond that.

    Args:
        image: uint8 RGB (H, W, 3), already turned as its EXIF tag says.
        spec: the sheet's size, scale and origin.
        scale: at which the page is printed.

    Raises:
        InputRefusedError: nothing that could be read was found; ``reason`` is a value of ``Reason``.
    """
    started = time.perf_counter()
    found = find_page(image)
    detected = time.perf_counter()
    rectified = lay(found, spec, scale=scale)
    rectified.timings_ms["detect"] = 1e3 * (detected - started)
    return rectified


def lay(found: FoundPage, spec: SheetSpec, *, scale: Scale, leads: Leads | None = None) -> Rectified:
    """Lay a page that was found onto the sheet.

    Args:
        found: the page.
        spec: the sheet.
        scale: at which the page is printed.
        leads: its traces as they were read; rows that reach into each other are told apart by them.
    """
    started = time.perf_counter()
    page, layout = found.page, found.layout
    composed = compose(
        page,
        layout,
        speed_mm_s=scale.speed_mm_s,
        limb_gain_mm_mv=scale.limb_mm_mv,
        chest_gain_mm_mv=scale.chest_mm_mv,
        spec=spec,
        leads=leads,
    )
    homography = bend_mm = None
    if composed.whole:
        px_per_mm = spec.px_per_mm
        (patch,) = composed.patches
        # Below it the sheet is empty: further strips are not laid on it.
        picture = composed.sheet[: round(patch.box.bottom * px_per_mm)]
        left, top = patch.to_page[0, 2], patch.to_page[1, 2]
        box = Box(left, top, left + spec.width_mm, top + patch.box.bottom)
        to_cells = page.page_to_cells @ patch.to_page @ np.linalg.inv(spec.mm_to_px_matrix)
        homography = np.linalg.inv(to_cells) @ page.photo_to_cells
        homography /= homography[2, 2]
        bend_mm = _bend_on_sheet(found, patch.to_page, spec)
    else:
        block = layout.block
        box = Box(block.left - BESIDE_MM, block.top - ABOVE_MM, block.right + BESIDE_MM, block.bottom + ABOVE_MM)
        px_per_mm = spec.px_per_mm
        picture = page.picture(box, px_per_mm=px_per_mm)
    figures = figures_of(found, picture, box, px_per_mm=px_per_mm)
    return Rectified(
        sheet=composed.sheet,
        layout=layout,
        scale=scale,
        whole=composed.whole,
        homography=homography,
        bend_mm=bend_mm,
        px_per_mm=page.px_per_mm,
        rows_mm=composed.rows_mm,
        on_photo=outlines_on_photo(page, layout),
        on_sheet=boxes_on_sheet(layout, composed, spec),
        timings_ms={"rectify": 1e3 * (time.perf_counter() - started)},
        **vars(figures),
    )


def _bend_on_sheet(found: FoundPage, sheet_to_page: np.ndarray, spec: SheetSpec) -> np.ndarray:
    """The bend on a lattice of about 10 mm over the sheet. (rows, columns, 2) float32, millimetres."""
    columns, rows = round(spec.width_mm / 10) + 1, round(spec.height_mm / 10) + 1
    x, y = np.meshgrid(np.linspace(0, spec.width_mm, columns), np.linspace(0, spec.height_mm, rows))
    to_cells = found.page.page_to_cells @ sheet_to_page
    points = np.stack([x, y, np.ones_like(x)], axis=-1) @ to_cells.T
    turn = np.linalg.inv(to_cells[:2, :2])
    return (bend_at(found.page.bend, points[..., :2]) @ turn.T).astype(np.float32)
