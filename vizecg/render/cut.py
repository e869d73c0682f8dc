"""A part of a printed sheet: pages whose first row is cut off, viewers without margins, one column of a page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vizecg.render.furniture import PrintedText
from vizecg.render.layout import LeadBox
from vizecg.render.sheet import PrintedSheet
from vizecg.spec import SheetSpec

_SLIVER_MM = 2.0  # a piece of less than this is none


def cut_sheet(
    printed: PrintedSheet,
    spec: SheetSpec,
    *,
    left_mm: float = 0.0,
    top_mm: float = 0.0,
    right_mm: float | None = None,
    bottom_mm: float | None = None,
) -> tuple[PrintedSheet, SheetSpec]:
    """What is left of a sheet between four edges, to the nearest pixel, and its size.

    Pieces end where the sheet does; a baseline may lie beyond it. What is not on it any more is not told.

    Args:
        printed: the sheet.
        spec: its size.
        left_mm, top_mm, right_mm, bottom_mm: the edges, in its millimetres; None for the sheet's own.

    Raises:
        ValueError: the edges leave less than 20 mm.
    """
    edges = (left_mm, top_mm, right_mm or spec.width_mm, bottom_mm or spec.height_mm)
    left, top, right, bottom = (
        int(np.clip(round(edge * spec.px_per_mm), 0, size))
        for edge, size in zip(edges, (spec.width_px, spec.height_px) * 2, strict=True)
    )
    off = left / spec.px_per_mm, top / spec.px_per_mm
    width, height = ((high - low) / spec.px_per_mm for low, high in ((left, right), (top, bottom)))
    smaller = SheetSpec(
        width_mm=width,
        height_mm=height,
        px_per_mm=spec.px_per_mm,
        block_x_mm=float(np.clip(spec.block_x_mm - off[0], 0, width - 1)),
        block_y_mm=float(np.clip(spec.block_y_mm - off[1], 0, height - 1)),
    )
    pieces = [(old, _trimmed(box, off, smaller)) for old, box in enumerate(printed.boxes)]
    kept = [(old, box) for old, box in pieces if box is not None]
    places = {old: new for new, (old, _) in enumerate(kept)}
    texts = [_moved(text, off, places) for text in printed.texts]
    pulses = [replace(one, left_mm=one.left_mm - off[0], foot_mm=one.foot_mm - off[1]) for one in printed.pulses]
    image = np.ascontiguousarray(printed.image[top:bottom, left:right])
    return replace(
        printed,
        image=image,
        boxes=tuple(box for _, box in kept),
        texts=tuple(
            text for text in texts
            if text.right_mm > 0 and text.left_mm < width and text.bottom_mm > 0 and text.top_mm < height
        ),
        pulses=tuple(
            one for one in pulses
            if one.left_mm > 0 and one.left_mm + one.width_mm < width
            and one.foot_mm - one.height_mm > 0 and one.foot_mm < height
        ),
    ), smaller  # fmt: skip


def _trimmed(box: LeadBox, off: tuple[float, float], spec: SheetSpec) -> LeadBox | None:
    """A piece on the smaller sheet; None where none of it is left."""
    x = box.x_mm - off[0]
    before, after = max(0.0, -x), max(0.0, x + box.width_mm - spec.width_mm)
    top, bottom = max(0.0, box.top_mm - off[1]), min(spec.height_mm, box.bottom_mm - off[1])
    if box.width_mm - before - after < _SLIVER_MM or bottom <= top:
        return None
    return replace(
        box,
        x_mm=x + before,
        start_s=box.start_s + before / box.speed_mm_s,
        end_s=box.end_s - after / box.speed_mm_s,
        baseline_mm=box.baseline_mm - off[1],
        top_mm=top,
        bottom_mm=bottom,
    )


def _moved(text: PrintedText, off: tuple[float, float], places: dict[int, int]) -> PrintedText:
    return replace(
        text,
        left_mm=text.left_mm - off[0],
        right_mm=text.right_mm - off[0],
        top_mm=text.top_mm - off[1],
        bottom_mm=text.bottom_mm - off[1],
        piece=None if text.piece is None else places.get(text.piece),
    )
