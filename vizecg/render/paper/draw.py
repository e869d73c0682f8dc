"""The ``paper`` style: a page that looks like ``plot()`` of ecg_plot 0.2.8, the renderer of the VizECGNet paper.

Six rows by two columns of whole recordings at 25.4 mm/s and 10.16 mm/mV, 100 dpi. Drawn with numpy and OpenCV; the
parity test compares it with pictures that 0.2.8 made itself (``tests/golden/README.md``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vizecg.records import EcgRecord, bad_record
from vizecg.render.paper.page import DPI, LINE_PX, PX_PER_MV, PX_PER_S, black_marks, grid_paper
from vizecg.render.paper.pen import draw_leads
from vizecg.render.strokes import SUB, Spans, blend_pixels, inked_pixels
from vizecg.render.style import Colour
from vizecg.spec import LEADS, UsageError

MM_PER_PX = 25.4 / DPI
MAX_WIDTH_PX = 32_767
"""Longer recordings are refused: no image library draws wider pictures."""

_SEPARATOR_PX = 0.3 * PX_PER_MV  # to either side of its middle


@dataclass(frozen=True, kw_only=True)
class PaperStyle:
    """Colours (RGB) and what is shown. ``title`` "" leaves it out; ``row_height`` in half-millivolts, as there."""

    ink: Colour = (0, 0, 179)
    major: Colour = (255, 0, 0)
    minor: Colour = (255, 179, 179)
    title: str = "ECG 12"
    row_height: int = 6
    grid: bool = True
    lead_names: bool = True
    separators: bool = True
    frame: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.row_height <= 40:
            raise ValueError(f"row_height must be 1 to 40 half-millivolts, got {self.row_height}")


BLACK_AND_WHITE = PaperStyle(ink=(0, 0, 0), major=(102, 102, 102), minor=(191, 191, 191))
"""What 0.2.8 calls style ``bw``."""


@dataclass(frozen=True, kw_only=True)
class PaperBox:
    """Where one lead lies on the page, in pixels; ``MM_PER_PX`` makes them millimetres.

    ``t`` seconds and ``v`` millivolts are drawn at ``x_px + t * PX_PER_S`` and ``baseline_px - v * PX_PER_MV``.
    ``top_px`` to ``bottom_px`` is the lead's share of the page: traces may leave it.
    """

    lead: str
    start_s: float
    end_s: float
    x_px: float
    width_px: float
    top_px: float
    baseline_px: float
    bottom_px: float


@dataclass(frozen=True, kw_only=True)
class PaperPage:
    """``image`` is uint8 RGB (H, W, 3); ``boxes`` in the order in which the leads were drawn."""

    image: np.ndarray
    boxes: tuple[PaperBox, ...]


def render_paper(
    record: EcgRecord,
    *,
    columns: int = 2,
    leads: tuple[str, ...] = LEADS,
    sampling_rate: float | None = None,
    style: PaperStyle | None = None,
    out: np.ndarray | None = None,
) -> PaperPage:
    """Draw a whole record, its samples joined by straight lines, as 0.2.8 does.

    Args:
        record: any length; the page grows with it, ``columns`` inches for each second.
        columns: the leads run down the first column, then down the next.
        leads: what is drawn, in this order.
        sampling_rate: to draw with, in Hz; None is the record's own. 0.2.8 takes 500 unless told otherwise, so that
            400 Hz recordings come out a quarter too fast: 500 here draws those pictures again.
        style: colours and what is shown.
        out: uint8 (H, W, 3) to draw into: memory that is used again spares the system its page faults.

    Raises:
        UsageError: a lead, the number of columns, the rate or ``out`` makes no sense.
        InputRefusedError: the page would be wider than ``MAX_WIDTH_PX``.
    """
    style = style or PaperStyle()
    rate = record.sampling_rate if sampling_rate is None else float(sampling_rate)
    _check(columns, tuple(leads), rate)
    samples = record.signal.shape[1]
    boxes, width, height = _page(samples, rate, columns, tuple(leads), style.row_height)
    if width > MAX_WIDTH_PX:
        raise bad_record(
            record.record_id,
            f"{samples / rate:.0f} s in {columns} columns are {width} pixels wide, more than {MAX_WIDTH_PX}",
        )
    if out is not None and (out.shape != (height, width, 3) or out.dtype != np.uint8 or not out.flags.c_contiguous):
        raise UsageError(f"out must be contiguous uint8 ({height}, {width}, 3), got {out.dtype} {out.shape}")
    image = grid_paper(width, height, style.major if style.grid else None, style.minor).image(out)
    signal = record.signal[[LEADS.index(box.lead) for box in boxes]]
    _draw_traces(image, signal, boxes, rate, style)
    names = tuple((box.lead, box.x_px, box.baseline_px) for box in boxes) if style.lead_names else ()
    marks = black_marks(width, height, names, style.title, style.frame)
    blend_pixels(image, marks.place, marks.opacity, (0, 0, 0))
    return PaperPage(image=image, boxes=boxes)


def _check(columns: int, leads: tuple[str, ...], rate: float) -> None:
    if not 1 <= columns <= len(LEADS):
        raise UsageError(f"columns must be 1 to {len(LEADS)}, got {columns}")
    unknown = [lead for lead in leads if lead not in LEADS]
    if unknown or not leads:
        raise UsageError(f"leads must be some of {', '.join(LEADS)}, got {', '.join(unknown) or 'none'}")
    if not 50 <= rate <= 5000:
        raise UsageError(f"sampling rate {rate:g} Hz is outside 50 to 5000 Hz")


@lru_cache(maxsize=64)
def _page(
    samples: int, rate: float, columns: int, leads: tuple[str, ...], row_height: int
) -> tuple[tuple[PaperBox, ...], int, int]:
    """Boxes, and width and height in pixels: half a row of ``row_height`` lies above and below each baseline."""
    seconds = samples / rate
    rows = math.ceil(len(leads) / columns)
    pitch = row_height / 2 * PX_PER_MV
    boxes = []
    for number, lead in enumerate(leads):
        column, row = divmod(number, rows)
        boxes.append(
            PaperBox(
                lead=lead,
                start_s=0.0,
                end_s=seconds,
                x_px=column * seconds * PX_PER_S,
                width_px=seconds * PX_PER_S,
                top_px=row * pitch,
                baseline_px=(row + 0.5) * pitch,
                bottom_px=(row + 1) * pitch,
            )
        )
    # Rounded down, as figures of so many inches are; a sum of floats may lie just below a whole number.
    return tuple(boxes), int(columns * seconds * PX_PER_S + 1e-6), round(rows * pitch)


def _draw_traces(
    image: np.ndarray, signal: np.ndarray, boxes: tuple[PaperBox, ...], rate: float, style: PaperStyle
) -> None:
    height, width = image.shape[:2]
    baselines = np.array([box.baseline_px for box in boxes], np.float32)
    y = baselines[:, None] - np.float32(PX_PER_MV) * signal
    # Far outside the picture is far enough; it keeps the numbers small.
    np.clip(y, -height, 2 * height, out=y)
    rows = len({box.baseline_px for box in boxes})
    spans = Spans.empty(rows=rows, width=width)
    for first in range(0, len(boxes), rows):
        column, box = y[first : first + rows], boxes[first]
        # Its own sub-columns only: ends that share one with the next column's beginning would be joined by a bar.
        left, right = round(box.x_px * SUB), round((box.x_px + box.width_px) * SUB)
        own = Spans(low=spans.low[: len(column), left:right], high=spans.high[: len(column), left:right])
        draw_leads(own, column, x=box.x_px - left / SUB, px_per_sample=PX_PER_S / rate, radius=LINE_PX / 2)
    for low, high in zip(spans.low, spans.high, strict=True):
        blend_pixels(image, *inked_pixels(low, high, height), style.ink)
    if style.separators:
        for box, before in zip(boxes[1:], signal[:-1], strict=True):
            if box.x_px > 0:
                # 0.2.8 takes the level of the lead it drew before, not of the one that begins here.
                _draw_separator(image, box, float(before[0]), style)


def _draw_separator(image: np.ndarray, box: PaperBox, level_mv: float, style: PaperStyle) -> None:
    """An upright line on whole pixels; its square ends reach half its width further."""
    height, width = image.shape[:2]
    x = math.floor(box.x_px + 0.5)
    middle = box.baseline_px - level_mv * PX_PER_MV
    top, bottom = (math.floor(middle + side * _SEPARATOR_PX + 0.5) + 0.5 + side * LINE_PX / 2 for side in (-1, 1))
    y = np.arange(max(0, math.floor(top)), min(height, math.ceil(bottom)))
    if x < width and len(y):
        covered = np.minimum(y + 1, bottom) - np.maximum(y, top)
        blend_pixels(image, y * width + x, (covered * LINE_PX).astype(np.float32), style.ink)
