"""How large a grid's squares are: paper has lines every 5 mm, with others every millimetre between them or without, but
where only the latter or every second of the former is seen, the lattice that was found is another."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.rectify.grid import CLEAR_CELLS, Grid
from vizecg_edge.rectify.phase import Phases, view_of
from vizecg_edge.rectify.warp import Bend

VIEW_PX, HARMONICS = 30, 11
"""Pixels to a cell of the view in which lines are looked at, and how finely their profile is known."""
QUICK_LOOK, LONG_LOOK = (12, 8), (30, 20)
"""Most cells across and down that are looked at, in the middle of the grid: at first, and where that was not enough."""
BETWEEN = 0.3
"""Lines between the lattice's count from this share of its own lines' ink on."""
FINE_LINES, CLEAR_FINE_LINES = 0.06, 0.15
"""The same for lines every fifth of a square, which are faint on most papers; and for those of a grid that has too few
squares for a page."""
LARGEST_MM, USUAL_CELLS = 600.0, 36
"""No printout is longer (10 s at 50 mm/s are 500 mm), and few have fewer squares of 5 mm along their longer side."""
LEAST_STRENGTH = 1.0
"""Ink of the lattice's own lines below which nothing is said of others."""
MOST_RESIDUAL = 0.2
"""Lattices whose lines lie further off (cells) may be of something else; those of known photographs do not."""
HALF_CELLS = 47
"""Lattices with a line in the middle of their squares: at least so many squares are of 2 mm, fewer of 10 mm."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of a grid. ``profiles``: (2, VIEW_PX) float64, mean ink across a cell, line to line, of upright and
    of level lines. ``strengths``: (2,) their ink. ``continuity``: (2,) their median ink over their mean.
    ``longest``: cells along the longer side of the readable grid."""

    profiles: np.ndarray
    strengths: np.ndarray
    continuity: np.ndarray
    longest: int


@dataclass(frozen=True, kw_only=True)
class Squares:
    """``mm``: side of a cell; None where the lines leave it open. ``sure``: whether lines every fifth show that
    (``fine``), or the size of the page."""

    mm: float | None
    sure: bool
    fine: bool = False


def measure_squares(lines: Lines, grid: Grid) -> Squares:
    """How large a grid's cells are."""
    shares = {n: float(min(_between(profile, n).min() for profile in lines.profiles)) for n in (2, 3, 4)}
    shares[5] = float(min(_between(profile, 5).mean() for profile in lines.profiles))
    seen = float(lines.strengths.min()) >= LEAST_STRENGTH and grid.residual_cells <= MOST_RESIDUAL
    usual = lines.longest >= USUAL_CELLS
    fine = shares[5] >= (FINE_LINES if usual else CLEAR_FINE_LINES)
    if seen and fine and shares[5] > max(shares[n] for n in (2, 3, 4)):
        return Squares(mm=5.0, sure=True, fine=True)
    parts = max((2, 3, 4), key=lambda n: shares[n])
    if shares[parts] >= BETWEEN:
        if parts == 2:
            return Squares(mm=2.0 if lines.longest >= HALF_CELLS else 10.0, sure=False)
        return Squares(mm=float(parts), sure=False)
    if lines.longest * 5 > LARGEST_MM:
        return Squares(mm=None, sure=False)
    plain = usual and grid.residual_cells <= MOST_RESIDUAL
    return Squares(mm=5.0, sure=plain and int(grid.present.sum()) >= CLEAR_CELLS)


def look_at_lines(ink: np.ndarray, grid: Grid, *, most: tuple[int, int] = QUICK_LOOK) -> Lines:
    """The lines of a grid, in the middle of what is readable of it.

    Args:
        ink: uint8 (h, w).
        grid: its grid.
        most: cells across and down that are looked at.
    """
    rows, columns = _readable(grid)
    if not len(rows) or not len(columns):
        return Lines(profiles=np.zeros((2, VIEW_PX)), strengths=np.zeros(2), continuity=np.zeros(2), longest=0)
    (left, top, right, bottom), (wide, tall) = grid.box, most
    middle = ((columns[0] + columns[-1]) // 2, (rows[0] + rows[-1]) // 2)
    first = np.maximum(np.array(middle) - [wide // 2, tall // 2], 0)
    last = np.minimum(first + [wide, tall], [right - left, bottom - top])
    box = (left + int(first[0]), top + int(first[1]), left + int(last[0]), top + int(last[1]))
    part = np.s_[first[1] : last[1], first[0] : last[0]]
    view = view_of(ink, grid.to_cells, box, VIEW_PX)
    cells = view.reshape(last[1] - first[1], VIEW_PX, last[0] - first[0], VIEW_PX).transpose(0, 2, 1, 3)
    good = grid.present[part]
    if not good.any():
        good = np.ones_like(good)
    order = np.arange(1, HARMONICS + 1)
    waves = np.exp(-2j * np.pi * order * (np.arange(VIEW_PX)[:, None] + 0.5) / VIEW_PX) / VIEW_PX
    back = np.exp(2j * np.pi * order[:, None] * np.arange(VIEW_PX) / VIEW_PX)
    profiles, strengths, continuity = [], [], []
    for axis in range(2):
        some = cells[good][:, ::4] if axis == 0 else cells[good][:, :, ::4]
        turned = np.exp(2j * np.pi * order * grid.phases.offsets[part][good][:, axis, None])
        # The median along the lines: what crosses them, and traces, do not count.
        middles, means = (
            ((across @ waves * turned).mean(axis=0)[:, None] * back).real.sum(axis=0)
            for across in (np.median(some, axis=1 + axis), some.mean(axis=1 + axis))
        )
        profiles.append(middles)
        strengths.append(_height(means))
        continuity.append(_height(middles) / max(_height(means), 1e-3))
    longest = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    return Lines(
        profiles=np.array(profiles), strengths=np.array(strengths), continuity=np.array(continuity), longest=longest
    )


def middle_of(grid: Grid) -> np.ndarray:
    """(2,) the middle of what is readable of a grid, in cells; of all that was examined where nothing is."""
    left, top, right, bottom = grid.box
    rows, columns = _readable(grid)
    if not len(rows) or not len(columns):
        return np.array([(left + right) / 2, (top + bottom) / 2])
    return np.array([left + (columns[0] + columns[-1]) / 2, top + (rows[0] + rows[-1]) / 2])


def _readable(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the grid's box with at least three readable cells."""
    rows, columns = (np.flatnonzero(grid.present.sum(axis=axis) >= 3) for axis in (1, 0))
    return rows, columns


def _height(profile: np.ndarray) -> float:
    """Ink of the line at 0 above its surroundings."""
    beside = len(profile) // 10
    return float(profile[0] - (profile[beside] + profile[-beside]) / 2)


def _between(profile: np.ndarray, parts: int) -> np.ndarray:
    """(parts - 1,) ink of the lines that divide a square into ``parts``, as shares of that of its own line."""
    places = np.arange(parts) * len(profile) / parts
    beside = len(profile) / parts / 2

    def at(x: np.ndarray) -> np.ndarray:
        return np.interp(x % len(profile), np.arange(len(profile) + 1), np.append(profile, profile[0]))

    heights = at(places) - (at(places - beside) + at(places + beside)) / 2
    return heights[1:] / heights[0] if heights[0] > 0 else np.zeros(parts - 1)


def rescaled(grid: Grid, bend: Bend, factor: float) -> tuple[Grid, Bend]:
    """Grid and bend in cells that are ``1 / factor`` times as large."""
    left, top, right, bottom = (float(v) * factor for v in grid.box)
    box = (int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom)))
    x, y = np.meshgrid(np.arange(box[0], box[2]) + 0.5, np.arange(box[1], box[3]) + 0.5)
    centres = np.stack([x, y], axis=-1)
    maps = (centres / factor - np.array(grid.box[:2]) - 0.5).astype(np.float32)

    def resampled(values: np.ndarray) -> np.ndarray:
        return np.asarray(
            cv2.remap(values.astype(np.float32), maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )

    phases = Phases(
        centres=centres,
        offsets=factor * resampled(grid.phases.offsets).astype(np.float64),
        weights=resampled(grid.phases.weights).astype(np.float64),
    )
    to_cells = np.diag([factor, factor, 1.0]) @ grid.to_cells
    scaled = Grid(to_cells=to_cells, box=box, phases=phases, residual_cells=grid.residual_cells * factor)
    return scaled, Bend(left=box[0], top=box[1], cells=factor * resampled(bend.cells))
