"""Pen strokes of many sheets at once: the twin of ``vizecg.render.strokes``, operation for operation in float32, so
that both give the same grey levels.

Convention: as there, y and x in pixel-edge coordinates; strokes are (rows, sheets, width * SUB).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vizecg.render.strokes import SUB


def widen(low: Tensor, high: Tensor, taps: Tensor) -> tuple[Tensor, Tensor]:
    """Spans of the ink of round pens, one pen per sheet.

    Args:
        low: float32 (R, B, width * SUB), +inf where there is no ink.
        high: likewise, -inf where there is none.
        taps: float32 (B, reach + 1), half-height of each pen at each sub-column offset; -inf beyond its radius, which
            leaves every span as it is.
    """
    # Upwards and downwards alike, as one: what is greatest below is least above.
    spans = torch.stack([low, -high])
    wide = spans - taps[:, :1]
    for offset in range(1, taps.shape[1]):
        moved = spans - taps[:, offset, None]
        for into, taken in ((wide[..., offset:], moved[..., :-offset]), (wide[..., :-offset], moved[..., offset:])):
            torch.minimum(into, taken, out=into)
    return wide[0], -wide[1]


def inked_pixels(low: Tensor, high: Tensor, height: int) -> tuple[Tensor, Tensor, list[int]]:
    """The pixels that widened strokes touch, as a list: a trace covers some ten pixels per column, and full pictures of
    opacities would be a hundred times as large.

    Args:
        low: float32 (R, B, width * SUB) upper edges, +inf where empty.
        high: lower edges.
        height: of the pictures in pixels.

    Returns:
        int64 (n,) places ``(b * height + y) * width + x``, each once per row of strokes; float32 (n,) opacities 0..1;
        how many pixels belong to each of the R rows, which follow each other.
    """
    rows, sheets, columns = low.shape
    width = columns // SUB
    low, high = low.view(-1, SUB), high.view(-1, SUB)
    top = low.amin(1).floor().clamp(0, height)
    counts = (torch.minimum(high.amax(1).ceil(), torch.full_like(top, height)) - top).clamp(min=0).long()
    # The one wait for the device: nobody else knows how many pixels there are.
    per_row = counts.view(rows, -1).sum(1).tolist()
    total = sum(per_row)
    column = torch.repeat_interleave(torch.arange(len(counts), device=low.device), counts, output_size=total)
    before = counts.cumsum(0) - counts
    y = torch.arange(total, device=low.device) + (top.long() - before)[column]
    start = y.float()
    opacity = torch.zeros(total, device=low.device)
    for sub in range(SUB):
        covered = (high[:, sub][column] - start).clamp(max=1)
        covered -= (low[:, sub][column] - start).clamp(min=0)
        opacity += covered.clamp_(min=0)
    opacity *= 1 / SUB
    sheet, x = column // width % sheets, column % width
    return (sheet * height + y) * width + x, opacity, per_row


def blend(image: Tensor, place: Tensor, opacity: Tensor, ink: Tensor) -> None:
    """Lay ink over some pixels in place, rounded as ``vizecg.render.strokes.blend_pixels`` rounds.

    Args:
        image: uint8 (B, 3, H, W), contiguous.
        place: int32 or int64 (n,) ``(b * H + y) * W + x``, each once.
        opacity: float32 (n,).
        ink: float32 (B, 3), RGB.
    """
    pixels = image.shape[2] * image.shape[3]
    values = image.view(-1)
    place = place.long()
    sheet = place // pixels
    # Of three planes per sheet: (3, n).
    where = place + sheet * (2 * pixels) + torch.arange(3, device=place.device)[:, None] * pixels
    old = values[where].float()
    values[where] = (old + (ink.T[:, sheet] - old) * opacity + 0.5).to(torch.uint8)
