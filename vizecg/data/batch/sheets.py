"""Printed sheets of many plans, drawn together: the twin of ``vizecg.render.sheet.draw_sheet``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.strokes import blend, inked_pixels, widen
from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic
from vizecg.render.sheet import SheetDraft, SheetPlan
from vizecg.render.strokes import pen_taps

SHEETS_AT_ONCE = 64
"""Default batch of ``draw_sheets``: about 5 MB of device memory per sheet while it is drawn."""


@dataclass(frozen=True, kw_only=True)
class SheetBatch(TensorBatch):
    """Plans of B sheets of one size, as tensors. R is the largest number of rows of strokes, K counts templates.

    Attributes:
        templates: uint8 (3, K, W), the distinct rows of paper of all sheets.
        pick: int32 (B, H), which of them each row of each sheet is.
        low, high: float32 (R, B, W * SUB) spans of the pen's centre; rows that a sheet lacks are empty.
        taps: float32 (B, reach + 1), see ``strokes.widen``.
        ink: float32 (B, 3), RGB.
        place, opacity: int32 and float32 (n,), letters and bars; no place occurs twice.
    """

    templates: Tensor
    pick: Tensor
    low: Tensor
    high: Tensor
    taps: Tensor
    ink: Tensor
    place: Tensor
    opacity: Tensor


def pack_sheets(plans: Sequence[SheetPlan]) -> SheetBatch:
    """Plans as tensors in this process's memory; cheap enough for the workers of a data loader.

    Raises:
        ValueError: no plans, or sheets of different sizes.
    """
    _check_one_size(plans)
    rows = max(len(plan.spans.low) for plan in plans)
    low = np.full((rows, len(plans), plans[0].spans.low.shape[1]), np.inf, np.float32)
    high = -low
    for index, plan in enumerate(plans):
        low[: len(plan.spans.low), index] = plan.spans.low
        high[: len(plan.spans.high), index] = plan.spans.high
    return _pack(plans, torch.from_numpy(low), torch.from_numpy(high))


def pack_undrawn(drafts: Sequence[SheetDraft]) -> SheetBatch:
    """The same of drafts, without the spans: ``vizecg.data.batch.traces`` finds them on the device."""
    _check_one_size(drafts)
    return _pack(drafts, torch.zeros(0), torch.zeros(0))


def _check_one_size(prints: Sequence[SheetPlan | SheetDraft]) -> None:
    shapes = {one.spec.shape for one in prints}
    if len(shapes) != 1:
        raise ValueError(f"expected plans of one sheet size, got {sorted(shapes) or 'no plans'}")
    if any(one.beneath or one.above for one in prints):
        raise ValueError(
            "expected sheets of one ink: coloured names, frames and patches are drawn by render_sheet alone"
        )
    if any(isinstance(one, SheetDraft) and one.joined for one in prints):
        raise ValueError("expected pens that lift between columns: joined traces are planned by plan_sheet alone")


def _pack(prints: Sequence[SheetPlan | SheetDraft], low: Tensor, high: Tensor) -> SheetBatch:
    height, width, _ = prints[0].spec.shape
    first = np.cumsum([0, *(len(one.paper.templates) for one in prints)])
    taps = np.full((len(prints), max(len(pen_taps(one.radius_px)) for one in prints)), -np.inf, np.float32)
    places, opacities = [], []
    for row, one in zip(taps, prints, strict=True):
        halves = [half for _, half in pen_taps(one.radius_px)]
        row[: len(halves)] = halves
        place, opacity = _last_of_each(one.marks.place, one.marks.opacity)
        places.append(place)
        opacities.append(opacity)
    return SheetBatch(
        templates=torch.from_numpy(
            np.ascontiguousarray(np.concatenate([one.paper.templates for one in prints]).transpose(2, 0, 1))
        ),
        pick=torch.from_numpy(
            np.stack([one.paper.pick + start for one, start in zip(prints, first[:-1], strict=True)]).astype(np.int32)
        ),
        low=low,
        high=high,
        taps=torch.from_numpy(taps),
        ink=torch.tensor([one.ink for one in prints], dtype=torch.float32),
        place=joined(places, range(len(prints)), height * width),
        opacity=torch.from_numpy(np.concatenate(opacities)),
    )


def joined(places: Sequence[np.ndarray], sheets: Iterable[int], pixels: int) -> Tensor:
    """Places on each of some sheets of so many pixels -> int32 (n,) places in the whole batch."""
    every = np.concatenate([place + index * pixels for place, index in zip(places, sheets, strict=True)])
    if len(every) and int(every.max()) > np.iinfo(np.int32).max:
        raise ValueError(f"too many sheets of {pixels} pixels for one batch: pack fewer at once")
    return torch.from_numpy(every.astype(np.int32))


def _last_of_each(place: np.ndarray, opacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where marks overlap, numpy's assignment keeps the last one; a GPU's keeps any."""
    unique, at = np.unique(place[::-1], return_index=True)
    return unique, opacity[::-1][at]


@plain_arithmetic
def draw_packed(batch: SheetBatch) -> Tensor:
    """The sheets of a packed batch, on its device: uint8 RGB (B, 3, H, W)."""
    sheets, height = batch.pick.shape
    _, templates, width = batch.templates.shape
    planes = torch.arange(3, device=batch.pick.device)[None, :, None] * templates
    image = batch.templates.view(-1, width)[(batch.pick[:, None] + planes).view(-1)].view(sheets, 3, height, width)
    # "Over" and its rounding depend on the order: rows of strokes follow each other, as on the CPU.
    place, opacity, per_row = inked_pixels(*widen(batch.low, batch.high, batch.taps), height)
    for row_place, row_opacity in zip(place.split(per_row), opacity.split(per_row), strict=True):
        blend(image, row_place, row_opacity, batch.ink)
    blend(image, batch.place, batch.opacity, batch.ink)
    return image


def draw_sheets(
    plans: Sequence[SheetPlan], *, device: torch.device | str = "cpu", chunk: int = SHEETS_AT_ONCE
) -> Tensor:
    """Draw plans of one sheet size.

    Args:
        plans: of ``vizecg.render.sheet.plan_sheet``.
        device: where to draw.
        chunk: sheets that are drawn at once; smaller needs less memory.

    Returns:
        uint8 RGB (B, 3, H, W) on ``device``, equal to what ``draw_sheet`` draws.
    """
    parts = [plans[start : start + chunk] for start in range(0, max(1, len(plans)), chunk)]
    return torch.cat([draw_packed(pack_sheets(part).to(device)) for part in parts])
