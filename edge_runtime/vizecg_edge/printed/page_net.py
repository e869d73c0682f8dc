"""A look at a whole flattened page: which lead names are printed where, and which ink is trace, pulse or rule.

One small convolutional network reads all of it at once, 4 pixels a millimetre. It sees letters, not their meaning:
what a name belongs to is for whoever infers the layout. Its training: ``python -m vizecg_lab page-train``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from vizecg.spec.onnx_session import onnx_session
from vizecg_edge.printed.names import NAMES, PrintedName, names_of
from vizecg_edge.printed.outlines import Outline, pulses_of, rules_of
from vizecg_edge.printed.page_ink import page_ink

if TYPE_CHECKING:
    import onnxruntime

PX_PER_MM = 4.0
MASK_PX_PER_MM = 2.0
WEIGHTS = Path(__file__).parent / "page.onnx"
MULTIPLE = 8
"""Height and width of what the network takes are multiples of this."""
PX_PER_MM_RANGE = (1.0, 60.0)
MOST_MM = 1000.0
"""Longest side of a page: bounds time and memory."""
SAME_SCALE = 0.02
"""A picture whose scale is off by less is taken as it is."""
THREADS = 2
BAND, AROUND = 384, 48
"""Rows of a page that the network looks at at once, so that what it keeps meanwhile stays small, and those above and
below them that it must see for the same result; multiples of ``MULTIPLE``."""


@dataclass(frozen=True, kw_only=True)
class PageLook:
    """What is seen on a page. Millimetres are the picture's, from its left top corner.

    Attributes:
        names: lead names, the surest first.
        trace: uint8 (h, w), 255 times the share of the pixel that is ink of a trace.
        pulse, rule: likewise of calibration pulses, and of rules, bars and ticks between columns.
        px_per_mm: pixels a millimetre of these three.
    """

    names: tuple[PrintedName, ...]
    trace: np.ndarray
    pulse: np.ndarray
    rule: np.ndarray
    px_per_mm: float

    @cached_property
    def pulses(self) -> tuple[Outline, ...]:
        """What hangs together of pulses."""
        return pulses_of(self.pulse, px_per_mm=self.px_per_mm)

    @cached_property
    def rules(self) -> tuple[Outline, ...]:
        """What hangs together of rules, bars and ticks."""
        return rules_of(self.rule, px_per_mm=self.px_per_mm)


def look(picture: np.ndarray, *, px_per_mm: float) -> PageLook:
    """Look at a flattened page.

    Args:
        picture: uint8 RGB (h, w, 3); best at ``PX_PER_MM``, to which others are resized.
        px_per_mm: its scale, right to some 10 %.

    Raises:
        ValueError: the picture or the scale is none.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"expected a uint8 RGB (h, w, 3) picture, got {picture.dtype} {picture.shape}")
    if not PX_PER_MM_RANGE[0] <= px_per_mm <= PX_PER_MM_RANGE[1]:
        raise ValueError(f"expected {PX_PER_MM_RANGE[0]:g} to {PX_PER_MM_RANGE[1]:g} px/mm, got {px_per_mm:g}")
    if max(picture.shape) > MOST_MM * px_per_mm:
        raise ValueError(f"expected at most {MOST_MM:g} mm, got {max(picture.shape) / px_per_mm:.0f} mm")
    scaled = _at_scale(picture, px_per_mm)
    scale = scaled.shape[1] / picture.shape[1] * px_per_mm
    ink = page_ink(scaled, px_per_mm=PX_PER_MM, multiple=MULTIPLE)
    likely, heights_mm, masks = _seen(ink)
    height, width = scaled.shape[:2]
    trace, pulse, rule = masks[:, : -(-height // 2), : -(-width // 2)]
    # Where the picture was taken as it is, the network's millimetres are a little off.
    true_mm = PX_PER_MM / scale
    mask_scale = MASK_PX_PER_MM / true_mm
    return PageLook(
        names=names_of(likely[0], heights_mm[0], cell_mm=true_mm),
        trace=trace,
        pulse=pulse,
        rule=rule,
        px_per_mm=mask_scale,
    )


def _seen(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """uint8 (2, h, w) ink -> what the network makes of it, band by band of equal heights."""
    _, height, width = ink.shape
    likely = np.empty((1, 1 + len(NAMES), height // 4, width // 4), np.float32)
    heights_mm = np.empty((1, height // 4, width // 4), np.float32)
    masks = np.empty((3, height // 2, width // 2), np.uint8)
    count = -(-height // BAND)
    band = -(-height // count // MULTIPLE) * MULTIPLE
    for top in range(0, height, band):
        end, first = min(top + band, height), max(0, top - AROUND)
        outputs = _session().run(None, {"ink": ink[None, :, first : end + AROUND]})
        for whole, part, step in zip((likely, heights_mm, masks), outputs, (4, 4, 2), strict=True):
            whole[..., top // step : end // step, :] = part[..., (top - first) // step : (end - first) // step, :]
    return likely, heights_mm, masks


def _at_scale(picture: np.ndarray, px_per_mm: float) -> np.ndarray:
    grow = PX_PER_MM / px_per_mm
    if abs(grow - 1) < SAME_SCALE:
        return picture
    size = tuple(max(1, round(side * grow)) for side in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if grow < 1 else cv2.INTER_LINEAR)


_lock = threading.Lock()
_sessions: list[onnxruntime.InferenceSession] = []


def _session() -> onnxruntime.InferenceSession:
    """The process's only one, which may be run by several threads at once."""
    with _lock:
        if not _sessions:
            _sessions.append(onnx_session(WEIGHTS, threads=THREADS, spinning=False))
        return _sessions[0]
