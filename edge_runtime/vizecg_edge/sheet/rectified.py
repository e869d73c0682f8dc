"""What rectification gives."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import SheetSpec
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.scales import Scale

Outline = tuple[str, np.ndarray]
"""A lead's name, and the corners (n, 2) of what is framed."""


@dataclass(frozen=True, kw_only=True)
class Rectified:
    """A photographed page laid onto the sheet, and how far it can be trusted.

    Attributes:
        sheet: uint8 RGB of ``SheetSpec.shape``; white where the photograph shows nothing.
        layout: what is printed where, in page millimetres.
        scale: the speed and gains that it was laid on at.
        whole: whether the page is printed like the sheet and was laid on as it is; else it was lead by lead.
        homography: (3, 3) float64, photograph pixel centres -> sheet pixel centres, the best plane; None of a page that
            is not whole.
        bend_mm: (rows, columns, 2) float32 on a regular lattice of sheet points, the first row and column on the
            sheet's upper and left edge and the last on the others: the content of sheet point p (mm) was taken from
            where the homography puts p + bend. Zero for flat paper; None of a page that is not whole.
        px_per_mm: photograph pixels per paper millimetre in the middle of the block.
        px_per_mm_sd: its standard uncertainty, from the spread of the local grid periods.
        tried_sd: the part of it, relative to the scale, at whose both ends the page is answered, see ``Ruler``.
        grid_residual_mm: robust RMS distance of the grid lines from the homography's, in the worse of the two
            directions, before the bend is taken out.
        bend_residual_mm: the same with the bend taken out, measured again on the flat page.
        rotation_deg: direction of the page's x axis in the photograph, clockwise positive, -180 to 180.
        coverage: share of the block of traces that the photograph shows, 0..1.
        grid_share: share of the block's 5 mm squares in which the grid could be read, 0..1.
        sharpness: width of the steepest edges on the flat page, see ``sharpness_of``: 1 sharp, under 0.35 visibly
            blurred.
        exposure: brightness of the paper, see ``exposure_of``.
        glare: share of the block that light has washed out, 0..1.
        rows_mm: baselines of the rows on the sheet, from the top.
        on_photo: where each piece lies in the photograph, pixels.
        on_sheet: where each lead lies on the sheet: left, top, right, bottom in mm.
        timings_ms: ``detect`` and ``rectify``, milliseconds.
    """

    sheet: np.ndarray
    layout: PageLayout
    scale: Scale
    whole: bool
    homography: np.ndarray | None
    bend_mm: np.ndarray | None
    px_per_mm: float
    px_per_mm_sd: float
    tried_sd: float
    grid_residual_mm: float
    bend_residual_mm: float
    rotation_deg: float
    coverage: float
    grid_share: float
    sharpness: float
    exposure: float
    glare: float
    rows_mm: tuple[float, ...]
    on_photo: tuple[Outline, ...]
    on_sheet: tuple[tuple[str, tuple[float, float, float, float]], ...]
    timings_ms: dict[str, float]

    def to_sheet_mm(self, points: np.ndarray, spec: SheetSpec) -> np.ndarray:
        """Photograph pixel centres (n, 2) -> the sheet millimetres (n, 2) at which they are shown, bend included;
        infinitely far off of a page that is not whole."""
        if self.homography is None or self.bend_mm is None:
            return np.full(np.shape(points), np.inf)
        flat = spec.px_to_mm(cv2.perspectiveTransform(np.asarray(points, np.float64)[None], self.homography))
        rows, columns = self.bend_mm.shape[:2]
        per_mm = np.array([(columns - 1) / spec.width_mm, (rows - 1) / spec.height_mm])
        shown = flat
        for _ in range(3):  # the bend is known where the paper is shown, and changes slowly
            nodes = (shown * per_mm).astype(np.float32)
            shown = flat - cv2.remap(self.bend_mm, nodes, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shown[0])
