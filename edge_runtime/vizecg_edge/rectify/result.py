"""What rectification gives."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import SheetSpec

LAYOUT_UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Rectified:
    """A photograph warped onto the sheet, and how far it can be trusted.

    Attributes:
        sheet: uint8 RGB of ``SheetSpec.shape``; white where the photograph shows nothing.
        homography: (3, 3) float64, photograph pixel centres -> sheet pixel centres, the best plane.
        bend_mm: (rows, columns, 2) float32 on a regular lattice of sheet points, the first row and column on the
            sheet's upper and left edge and the last on the others: the content of sheet point p (mm) was taken from
            where the homography puts p + bend. Zero for flat paper.
        px_per_mm: photograph pixels per paper millimetre at the middle of the block.
        px_per_mm_sd: its standard uncertainty, from the spread of the local grid periods.
        grid_residual_mm: robust RMS distance of the grid lines from the homography's, in the worse of the two
            directions, before the bend is taken out.
        bend_residual_mm: the same with the bend taken out, measured again on the sheet.
        rotation_deg: direction of the sheet's x axis in the photograph, clockwise positive, -180 to 180.
        layout: ``"3x4+R"``, or ``"unknown"``.
        coverage: share of the block of traces (250 mm x rows) that the photograph shows, 0..1.
        grid_share: share of the block's 5 mm squares in which the grid could be read, 0..1.
        sharpness: width of the steepest edges on the sheet, see ``sharpness_of``: 1 sharp, under 0.35 visibly blurred.
        rows_mm: baselines of the rows on the sheet, from the top.
        pulses: number of calibration pulses found, 0 to 4.
        speed_mm_s, gain_mm_mv: as the calibration pulses show them; None where they show nothing.
        signals_mm: (rows, samples) float32, height of each row's ink above its baseline over the block, in mm, at
            3 samples per millimetre.
        timings_ms: ``detect`` and ``rectify``, milliseconds.
    """

    sheet: np.ndarray
    homography: np.ndarray
    bend_mm: np.ndarray
    px_per_mm: float
    px_per_mm_sd: float
    grid_residual_mm: float
    bend_residual_mm: float
    rotation_deg: float
    layout: str
    coverage: float
    grid_share: float
    sharpness: float
    rows_mm: tuple[float, ...]
    pulses: int
    speed_mm_s: float | None
    gain_mm_mv: float | None
    signals_mm: np.ndarray
    timings_ms: dict[str, float]

    def to_sheet_mm(self, points: np.ndarray, spec: SheetSpec) -> np.ndarray:
        """Photograph pixel centres (n, 2) -> the sheet millimetres (n, 2) at which they are shown, bend included."""
        flat = spec.px_to_mm(cv2.perspectiveTransform(np.asarray(points, np.float64)[None], self.homography))
        rows, columns = self.bend_mm.shape[:2]
        per_mm = np.array([(columns - 1) / spec.width_mm, (rows - 1) / spec.height_mm])
        shown = flat
        for _ in range(3):  # the bend is known where the paper is shown, and changes slowly
            nodes = (shown * per_mm).astype(np.float32)
            shown = flat - cv2.remap(self.bend_mm, nodes, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shown[0])
