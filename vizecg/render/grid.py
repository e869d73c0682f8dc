"""Paper with its millimetre grid, composed of a few template rows."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from vizecg.render.style import MajorGrid, MinorGrid, PrintStyle
from vizecg.spec import SheetSpec


class Paper(NamedTuple):
    """``templates[pick]`` is the sheet: uint8 (k, W, 3) distinct rows, and int (H,) which of them each row is."""

    templates: np.ndarray
    pick: np.ndarray

    def image(self, out: np.ndarray | None = None) -> np.ndarray:
        """uint8 RGB (H, W, 3), in ``out`` where given."""
        return np.take(self.templates, self.pick, axis=0, out=out, mode="clip")


def paper(spec: SheetSpec, style: PrintStyle) -> Paper:
    """Blank paper of a style. Line centres lie at whole millimetres; a line's opacity is the share of the pixel that
    it covers, and where two lines cross the darker one counts."""
    minor, major, pick = _opacities(spec, style.minor_grid, style.major_grid, style.minor_mm, style.major_mm)
    sheet = np.array(style.paper, np.float32)
    light, dark = (sheet * np.array(colour, np.float32) / 255 for colour in style.grid_colours)
    rows = sheet + (light - sheet) * minor[..., None]
    rows += (dark - rows) * major[..., None]
    templates = (rows + 0.5).astype(np.uint8)
    return Paper(templates, pick) if style.grid_box is None else _framed(templates, pick, spec, style)


def _framed(templates: np.ndarray, pick: np.ndarray, spec: SheetSpec, style: PrintStyle) -> Paper:
    """The grid within its box, and nothing but a colour beside it."""
    left, top, right, bottom = (round(edge * spec.px_per_mm) for edge in style.grid_box or ())
    beside = np.array(style.surround or style.paper, np.uint8)
    templates = np.concatenate([templates, np.broadcast_to(beside, templates[:1].shape)])
    across, down = np.arange(templates.shape[1]), np.arange(len(pick))
    templates[:, (across < left) | (across >= right)] = beside
    return Paper(templates, np.where((down < top) | (down >= bottom), len(templates) - 1, pick))


@lru_cache(maxsize=256)
def _opacities(
    spec: SheetSpec, kind: MinorGrid, major_kind: MajorGrid, minor_mm: float, major_mm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Opacities of the minor and major lines, float32 (k, W) for k distinct rows, and int (H,) which row is which."""
    across, down = (
        [_comb(length, every * spec.px_per_mm, mm * spec.px_per_mm) for every, mm in ((1, minor_mm), (5, major_mm))]
        for length in (spec.width_px, spec.height_px)
    )
    dotted = major_kind in (MajorGrid.DOTS, MajorGrid.DENSE_DOTS)
    if dotted:  # as long as they are wide
        pitch = spec.px_per_mm * (1.0 if major_kind is MajorGrid.DOTS else 0.5)
        for axis, length in ((across, spec.width_px), (down, spec.height_px)):
            axis.append(_comb(length, pitch, major_mm * spec.px_per_mm))
    kinds, pick = np.unique(np.stack(down, axis=1), axis=0, return_inverse=True)
    minor = np.zeros_like(kinds[:, :1] * across[0])
    if kind is not MinorGrid.NONE:
        minor = (np.maximum if kind is MinorGrid.LINES else np.minimum)(kinds[:, :1], across[0])
    if major_kind is MajorGrid.LINES:
        major = np.maximum(kinds[:, 1:], across[1])
    elif dotted:
        major = np.maximum(np.minimum(kinds[:, 1:2], across[2]), np.minimum(kinds[:, 2:], across[1]))
    else:
        major = np.zeros_like(minor)
    return minor, major, pick.reshape(-1)


def _comb(length: int, period: float, width: float) -> np.ndarray:
    """Share of each pixel that lines of ``width`` at the multiples of ``period`` cover; all in pixels."""
    start = np.arange(length, dtype=np.float64)
    line = np.round((start + 0.5) / period) * period
    covered = np.minimum(start + 1, line + width / 2) - np.maximum(start, line - width / 2)
    # Lines narrower than a printer's dot are lighter, not thinner; wider ones never cover more than all.
    return np.clip(covered, 0, 1).astype(np.float32)
