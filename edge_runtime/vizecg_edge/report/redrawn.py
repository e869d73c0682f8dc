"""What was read, drawn over what is printed, for checking."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.page import Page
from vizecg_edge.leads.trace import PX_PER_MM, PieceTrace, read_traces, traced_box
from vizecg_edge.pipeline import Result
from vizecg_edge.report.pen import AMBER, BLUE, BODY, RED, Pen

FADED = 0.55
SURE = 0.5


def redrawn_result(result: Result) -> np.ndarray:
    """The same of an answered picture, its pages below one another: uint8 RGB (h, w, 3)."""
    pages = [
        np.asarray(redrawn(found.page, found.layout, read.traces)) for found, read in result.pages_read
    ]  # fmt: skip
    width = max(page.shape[1] for page in pages)
    return np.concatenate(
        [np.pad(page, ((0, 0), (0, width - page.shape[1]), (0, 0)), constant_values=255) for page in pages]
    )


def redrawn(page: Page, layout: PageLayout, traces: tuple[PieceTrace, ...] | None = None) -> Image.Image:
    """The flat page in pale grey, over it the read traces (red; amber where they are guessed), each piece's name,
    beginning and end.

    Args:
        page: flat paper.
        layout: what is printed where.
        traces: as ``read_traces`` gave them; None reads them.
    """
    box = traced_box(layout)
    picture = page.picture(box, px_per_mm=PX_PER_MM)
    corner = np.array([box.left, box.top])
    if traces is None:
        traces = read_traces(picture, (box.left, box.top), PX_PER_MM, layout)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    pale = cv2.addWeighted(grey, 1 - FADED, np.full_like(grey, 255), FADED, 0)
    canvas = cv2.cvtColor(pale, cv2.COLOR_GRAY2RGB)
    for trace in traces:
        ends = np.array([[x, trace.piece.baseline_mm + y] for x in (trace.piece.left_mm, trace.piece.right_mm)
                         for y in (-3.0, 3.0)])  # fmt: skip
        for first, last in np.round((ends - corner) * PX_PER_MM).astype(int).reshape(2, 2, 2):
            cv2.line(canvas, first.tolist(), last.tolist(), BLUE, 1)
        points = (np.stack([trace.x_mm, trace.y_mm], axis=1) - corner) * PX_PER_MM - 0.5
        for sure, colour in ((False, AMBER), (True, RED)):
            for first, last in _stretches((trace.confidence > 0) & ((trace.confidence >= SURE) == sure)):
                line = np.round(points[max(0, first - 1) : last + 1] * 16)
                line = line[np.isfinite(line).all(axis=1)].astype(np.int32)
                cv2.polylines(canvas, [line], False, colour, 1, cv2.LINE_AA, 4)
    image = Image.fromarray(canvas)
    pen = Pen(image=image)
    for trace in traces:
        x, y = ((np.array([trace.piece.left_mm, trace.piece.baseline_mm]) - corner) * PX_PER_MM).tolist()
        pen.paragraph((round(x) + 4, round(y) + 24), trace.piece.name, 200, BODY, fill=BLUE)
    return image


def _stretches(mask: np.ndarray) -> list[tuple[int, int]]:
    changes = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(changes[::2], changes[1::2], strict=True)]
