"""Traces of many drafted sheets, from signals that lie on the device: the twin of
``vizecg.render.sheet.build_sheet``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic
from vizecg.render.sheet import SheetDraft
from vizecg.render.strokes import SUB
from vizecg.render.traces import STEP_MV


@dataclass(frozen=True, kw_only=True)
class Strokes(TensorBatch):
    """Strokes of B drafts. R is the largest number of rows of strokes, J that of strokes in a row.

    Attributes:
        record: int64 (B,), which of the signals each sheet shows.
        places: int32 (J, R, B, 4) lead, first sample, first sub-column, samples; a stroke that a row lacks has none.
        heights: float32 (J, R, B, 4) baseline, scale, top, bottom, see ``vizecg.render.sheet.Stroke``.
        pulse_places: int32 (R, B, 3) first sub-column, foot, flat; none where there is no pulse.
        pulse_heights: float32 (R, B, 2) baseline, height.
        columns: sub-columns of a sheet.
    """

    record: Tensor
    places: Tensor
    heights: Tensor
    pulse_places: Tensor
    pulse_heights: Tensor
    columns: int


def pack_strokes(drafts: Sequence[SheetDraft], *, records: Sequence[int], samples: Sequence[int]) -> Strokes:
    """Drafts as tensors in this process's memory.

    Args:
        drafts: at least one, of one sheet size.
        records: the signal of each.
        samples: how many each signal has: a stroke that is longer ends with it.
    """
    rows = max(draft.rows for draft in drafts)
    in_row = max(np.bincount([stroke.row for stroke in draft.strokes]).max() for draft in drafts)
    places = np.zeros((in_row, rows, len(drafts), 4), np.int32)
    heights = np.zeros((in_row, rows, len(drafts), 4), np.float32)
    pulse_places = np.zeros((rows, len(drafts), 3), np.int32)
    pulse_heights = np.zeros((rows, len(drafts), 2), np.float32)
    for sheet, (draft, length) in enumerate(zip(drafts, samples, strict=True)):
        inset = draft.inset
        taken = [0] * rows
        for stroke in draft.strokes:
            at = (taken[stroke.row], stroke.row, sheet)
            taken[stroke.row] += 1
            count = min(stroke.stop, length) - stroke.start - 2 * inset
            places[at] = (stroke.lead, stroke.start + inset, stroke.first, max(0, count))
            heights[at] = (stroke.baseline, stroke.scale, stroke.top, stroke.bottom)
        for pulse in draft.pulses:
            pulse_places[pulse.row, sheet] = (pulse.first, pulse.foot, pulse.flat)
            pulse_heights[pulse.row, sheet] = (pulse.baseline, pulse.height)
    return Strokes(
        record=torch.tensor(records, dtype=torch.int64),
        places=torch.from_numpy(places),
        heights=torch.from_numpy(heights),
        pulse_places=torch.from_numpy(pulse_places),
        pulse_heights=torch.from_numpy(pulse_heights),
        columns=drafts[0].spec.width_px * SUB,
    )


@plain_arithmetic
def spans_of(strokes: Strokes, signals: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pens travel: float32 (R, B, columns) each, as ``SheetBatch`` holds them.

    Args:
        strokes: on the device of the signals.
        signals: int16 (n, 12, samples) of ``vizecg.render.sheet.drawn_signal``, in steps of ``STEP_MV``.
    """
    _, rows, sheets, _ = strokes.places.shape
    column = torch.arange(strokes.columns, device=signals.device)
    low = torch.full((rows, sheets, strokes.columns), torch.inf, device=signals.device)
    high = -low
    flat, samples = signals.view(-1), signals.shape[2]
    for place, height in zip(strokes.places.long(), strokes.heights, strict=True):
        lead, start, first, count = (value[..., None] for value in place.unbind(-1))
        baseline, scale, top, bottom = (value[..., None] for value in height.unbind(-1))
        line = (strokes.record[None, :, None] * signals.shape[1] + lead) * samples
        step = column - first
        ends = []
        for edge in (step, step + 1):
            taken = flat[line + (start + edge).clamp(0, samples - 1)]
            y = baseline - scale * (taken.float() * STEP_MV)
            ends.append(y.maximum(top).minimum(bottom))
        _add(low, high, ends, (step >= 0) & (step < count - 1))
    first, foot, flat_top = (value[..., None].long() for value in strokes.pulse_places.unbind(-1))
    baseline, raised = (value[..., None] for value in strokes.pulse_heights.unbind(-1))
    step = column - first
    ends = [baseline - raised * ((edge >= foot) & (edge < foot + flat_top)).float() for edge in (step, step + 1)]
    _add(low, high, ends, (step >= 0) & (step < 2 * foot + flat_top - 1))
    return low, high


def _add(low: Tensor, high: Tensor, ends: list[Tensor], drawn: Tensor) -> None:
    """Lay the spans between two ends of every sub-column over those that there are, in place."""
    torch.minimum(low, ends[0].minimum(ends[1]).masked_fill(~drawn, torch.inf), out=low)
    torch.maximum(high, ends[0].maximum(ends[1]).masked_fill(~drawn, -torch.inf), out=high)
