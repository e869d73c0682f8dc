"""What composing gives: the sheet, and which of its pixels came from where."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.compose.slots import Slot
from vizecg_edge.leads.page import Box, Page


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A part of the sheet that was taken from the page as one.

    Attributes:
        slot: what it fills; None of a page that is taken as a whole, whose slots are where it printed them.
        box: of the sheet, mm.
        baseline_mm: of the slot; the middle of a whole page.
        to_page: (3, 3) float64, sheet millimetres -> page millimetres; mirrored where a lead was turned over.
        index: of the layout's pieces; None of a whole page.
        start_s, end_s: what time of the page it shows.
        page: of several pages on one sheet, which, from 0.
    """

    slot: Slot | None
    box: Box
    baseline_mm: float
    to_page: np.ndarray
    index: int | None
    start_s: float
    end_s: float
    page: int = 0

    @property
    def page_box(self) -> Box:
        """What it shows of the page, mm."""
        corners = np.array([[self.box.left, self.box.top], [self.box.right, self.box.bottom]])
        (left, y), (right, other) = cv2.perspectiveTransform(corners[None], self.to_page)[0]
        return Box(float(left), float(min(y, other)), float(right), float(max(y, other)))


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A page on the sheet.

    Attributes:
        sheet: uint8 RGB of ``SheetSpec.shape``; of the paper's own colour where nothing was printed, white where the
            photograph shows nothing.
        patches: where its pixels came from.
        rows_mm: baselines of its rows, from the top; the last is the strip's.
        whole: whether the page is laid on as it is, by one warp.
        empty: the slots that nothing fills, by lead; ``"strip"`` is the strip.
    """

    sheet: np.ndarray
    patches: tuple[Patch, ...]
    rows_mm: tuple[float, ...]
    whole: bool
    empty: tuple[str, ...]

    def to_page(self, points: np.ndarray) -> np.ndarray:
        """Sheet millimetres (n, 2) -> millimetres (n, 2) of the page that lies there; NaN where nothing was laid on.

        A point in the reach of two rows belongs to the nearer one.
        """
        points = np.asarray(points, np.float64).reshape(-1, 2)
        found, distance = np.full(points.shape, np.nan), np.full(len(points), np.inf)
        for patch in self.patches:
            left, top, right, bottom = patch.box
            inside = np.all((points >= (left, top)) & (points <= (right, bottom)), axis=1)
            near = np.abs(points[:, 1] - patch.baseline_mm)
            inside &= near < distance
            if inside.any():
                found[inside] = cv2.perspectiveTransform(points[inside][None], patch.to_page)[0]
                distance[inside] = near[inside]
        return found

    def to_photo(self, points: np.ndarray, page: Page) -> np.ndarray:
        """Sheet millimetres (n, 2) -> pixel centres (n, 2) of the photograph, bend included; NaN as ``to_page``."""
        on_page = self.to_page(points)
        shown = np.isfinite(on_page[:, 0])
        if shown.any():
            on_page[shown] = page.to_photo(on_page[shown])
        return on_page
