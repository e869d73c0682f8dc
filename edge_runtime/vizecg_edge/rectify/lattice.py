"""Local grid lattices: which two steps bring the grid back onto itself, tile by tile, from autocorrelations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import cv2
import numpy as np

QUICK_SIDE, FINE_SIDE, LARGE_SIDE = 900, 1200, 1800
"""Longest side of the image in which lattices are sought, in pixels: at first, where that was not enough, and at last
for squares that are small in comparison, of long paper or beneath twelve rows."""
TILE_PX = {QUICK_SIDE: 96, FINE_SIDE: 128, LARGE_SIDE: 128}
"""Side of the square tiles by that of the image; Fourier transforms like these."""
STRIDE, SPARSE_STRIDE = 0.594, 1.0
"""Distance of neighbouring tiles, in tiles."""
SHORTEST, LONGEST = 0.047, 0.36
"""Range of a grid step, in tiles."""
FINE_BLUR, WIDE_BLUR = 0.0125, 0.32
"""Standard deviation of the blur that weakens 1 mm lines and leaves 5 mm lines, and side of the square whose mean is
the ground, in tiles."""
GRID_PERCENTILE = 35.0
"""Percentile of a tile's contrast at which it is clipped. Grid lines cover half of a tile, traces a twentieth."""
DARK_RATIO = 5.0
"""Ink this many times the median contrast is left out, unless it is half of the tile: traces, or a black grid."""
LEAST_PEAK = 0.12
"""Autocorrelation (1 at zero lag) below which a peak is taken for chance."""
MOST_PEAKS = 12
_SQUARE_3, _SQUARE_5 = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)


class Coverage(Enum):
    """Which tiles are looked at: every other one of those that lie side by side, as on a chessboard; all of them; or
    so many that they overlap."""

    HALF = "half"
    ALL = "all"
    DENSE = "dense"


@dataclass(frozen=True, kw_only=True)
class Lattices:
    """Lattices of n tiles, in pixels of the ink image given.

    ``centres``: (n, 2) float64 (x, y). ``steps``: (n, 2, 2) float64, columns are the step to the right and the step
    down. ``strengths``: (n,) float64, mean autocorrelation at the two steps, 0..1.
    """

    centres: np.ndarray
    steps: np.ndarray
    strengths: np.ndarray


class TileLattices:
    """The lattices of an ink image's tiles, each looked at once.

    Args:
        ink: uint8 (h, w).
        side: longest side in pixels of the reduced image that is worked on, one of ``TILE_PX``.
    """

    def __init__(self, ink: np.ndarray, *, side: int) -> None:
        self._factor = min(1.0, side / max(ink.shape))
        self._size = TILE_PX[side]
        small = ink
        if self._factor < 1:
            small = cv2.resize(ink, None, fx=self._factor, fy=self._factor, interpolation=cv2.INTER_LINEAR)
        small = small.astype(np.float32)
        # Lines every millimetre would otherwise offer steps of 2, 3 or 4 mm, as strong as the 5 mm step sought.
        wide = round(WIDE_BLUR * self._size) | 1
        self._small = cv2.GaussianBlur(small, (0, 0), FINE_BLUR * self._size) - cv2.blur(small, (wide, wide))
        self._known: dict[tuple[int, int], tuple[np.ndarray, float] | None] = {}

    def find(self, coverage: Coverage) -> Lattices:
        """The lattices of all tiles that have one (n may be 0)."""
        places = self._places(coverage)
        new = [place for place in places if place not in self._known]
        self._known.update(zip(new, self._look(new), strict=True))
        known = [(place, lattice) for place in places if (lattice := self._known[place]) is not None]
        corners = np.array([place for place, _ in known], np.float64).reshape(-1, 2)[:, ::-1]
        return Lattices(
            centres=(corners + self._size / 2) / self._factor - 0.5,
            steps=np.array([steps for _, (steps, _) in known], np.float64).reshape(-1, 2, 2) / self._factor,
            strengths=np.array([strength for _, (_, strength) in known], np.float64),
        )

    def _places(self, coverage: Coverage) -> list[tuple[int, int]]:
        """(top, left) of the tiles."""
        if min(self._small.shape) < self._size:
            return []
        stride = self._size * (STRIDE if coverage is Coverage.DENSE else SPARSE_STRIDE)
        tops, lefts = (_starts(length - self._size, stride) for length in self._small.shape)
        every = 2 if coverage is Coverage.HALF else 1
        return [(top, left) for i, top in enumerate(tops) for j, left in enumerate(lefts) if (i + j) % every == 0]

    def _look(self, places: list[tuple[int, int]]) -> list[tuple[np.ndarray, float] | None]:
        tiles = [self._small[top : top + self._size, left : left + self._size] for top, left in places]
        if not tiles:
            return []
        tools = _tools(self._size)
        some = np.abs(np.stack([tile[::2, ::2] for tile in tiles])).reshape(len(tiles), -1)
        ranks = [round(GRID_PERCENTILE / 100 * (some.shape[1] - 1)), some.shape[1] // 2]
        limits = np.partition(some, ranks, axis=1)[:, ranks].tolist()
        return [
            _tile_lattice(_flattened(tile, limit, middle, tools), tools)
            for tile, (limit, middle) in zip(tiles, limits, strict=True)
        ]


def _flattened(tile: np.ndarray, limit: float, middle: float, tools: _Tools) -> np.ndarray:
    """The tile without dark traces, clipped at the contrast of its grid, and windowed: both would drown faint lines.

    Args:
        tile: float32 (size, size).
        limit, middle: its contrast at ``GRID_PERCENTILE`` and in the median.
        tools: for its size.
    """
    clipped = cv2.min(cv2.max(tile, -limit), limit)
    dark = cv2.compare(tile, DARK_RATIO * middle, cv2.CMP_GT)
    if cv2.countNonZero(dark):
        dark = cv2.dilate(dark, _SQUARE_5)
        if cv2.countNonZero(dark) < dark.size // 2:
            clipped = cv2.copyTo(clipped, cv2.bitwise_not(dark))
    clipped -= cv2.mean(clipped)[0]
    clipped *= tools.window
    return np.asarray(clipped)


def _starts(last: int, stride: float) -> list[int]:
    return [round(v) for v in np.linspace(0, last, max(1, round(last / stride) + 1))]


def _autocorrelation(tile: np.ndarray) -> np.ndarray:
    """float32 (2 n, 2 n) -> autocorrelation normalised to 1 at zero lag. float32 (n + 1, 2 n - 1).

    Lag (x, y) lies at row y + 1, column x + n - 1. What lies above is the same as below, but for one row that peaks on
    the first one are compared with.
    """
    # Without padding lags wrap around, which the window makes harmless for lags below a third of the tile.
    spectrum = cv2.dft(tile)
    power = cv2.mulSpectrums(spectrum, spectrum, 0, conjB=True)
    acf = cv2.idft(power, flags=cv2.DFT_REAL_OUTPUT)
    half = len(tile) // 2
    lower = np.empty((half + 1, 2 * half - 1), np.float32)
    lower[1:, half - 1 :] = acf[:half, :half]
    lower[1:, : half - 1] = acf[:half, 1 - half :]
    lower[0] = lower[2, ::-1]
    lower *= 1 / max(float(acf[0, 0]), 1e-6)
    return lower


@dataclass(frozen=True, kw_only=True)
class _Tools:
    """What tiles of one size need: the ``window`` (size, size), what undoes it in an autocorrelation, and which of
    the autocorrelation's lags may be grid steps, row by row: of opposite ones the lower."""

    window: np.ndarray
    undo: np.ndarray
    possible: np.ndarray


@lru_cache(maxsize=4)
def _tools(size: int) -> _Tools:
    window = cv2.createHanningWindow((size, size), cv2.CV_32F)
    rows, columns = np.arange(-1, size // 2)[:, None], np.arange(1 - size // 2, size // 2)[None, :]
    lengths = np.hypot(rows, columns)
    possible = (lengths >= SHORTEST * size) & (lengths <= LONGEST * size) & ((rows > 0) | ((rows == 0) & (columns > 0)))
    undo = 1 / np.maximum(_autocorrelation(window), 1e-3)
    return _Tools(window=window, undo=undo, possible=possible.ravel())


def _tile_lattice(tile: np.ndarray, tools: _Tools) -> tuple[np.ndarray, float] | None:
    """The two shortest steps that bring the tile's pattern back, and how well they do; None without a pattern."""
    acf = _autocorrelation(tile)
    acf *= tools.undo
    reach = len(tile) // 2 - 1
    peaks = ((acf >= cv2.dilate(acf, _SQUARE_3)) & (acf > LEAST_PEAK)).ravel()
    places = np.flatnonzero(peaks & tools.possible)
    # Strong peaks suffice: weak ones are chance or multiples of 1 mm.
    heights = acf.ravel()[places]
    order = np.argsort(-heights)
    heights, places = heights[order], places[order]
    columns, rows = places % (2 * reach + 1) - reach, places // (2 * reach + 1) - 1
    rights = np.flatnonzero(rows <= np.abs(columns) * 1.05)[:MOST_PEAKS]
    downs = np.flatnonzero(np.abs(columns) <= rows * 1.05)[:MOST_PEAKS]
    if len(rights) == 0 or len(downs) == 0:
        return None
    lags = np.stack([columns, rows], axis=1)
    towards = lags[rights]
    towards[towards[:, 0] < 0] *= -1
    best = _best_pair(towards, lags[downs], heights[rights], heights[downs], acf)
    if best is None:
        return None
    right, down, strength = best
    return np.array([_refine(acf, towards[right]), _refine(acf, lags[downs[down]])]).T, strength


def _best_pair(
    rights: np.ndarray, downs: np.ndarray, right_heights: np.ndarray, down_heights: np.ndarray, acf: np.ndarray
) -> tuple[int, int, float] | None:
    """The smallest cell among the pairs of steps (n, 2), (m, 2) that explain the pattern about as well as the best."""
    right, down = rights[:, None], downs[None, :]
    area = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    length_right, length_down = np.hypot(right[..., 0], right[..., 1]), np.hypot(down[..., 0], down[..., 1])
    sine = area / (length_right * length_down)
    ratio = length_right / length_down
    possible = (sine > 0.8) & (ratio > 0.62) & (ratio < 1.6)
    if not possible.any():
        return None
    straight = (right_heights[:, None] + down_heights[None, :]) / 2
    score = straight + 0.5 * (_sample(acf, right + down) + _sample(acf, right - down))
    score[~possible] = -1
    if score.max() <= 0:
        return None
    good = score >= 0.8 * score.max()
    pick = np.where(good, area, np.inf)
    i, j = np.unravel_index(int(np.argmin(pick)), pick.shape)
    return int(i), int(j), float(straight[i, j])


def _sample(acf: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Autocorrelation at lags (..., 2); 0 outside."""
    above = np.where(lags[..., 1] < 0, -1, 1)
    column, row = lags[..., 0] * above, lags[..., 1] * above
    reach = len(acf) - 2
    inside = (np.abs(column) <= reach) & (row <= reach)
    return np.where(inside, acf[row * inside + 1, column * inside + reach], 0.0)


def _refine(acf: np.ndarray, lag: np.ndarray) -> tuple[float, float]:
    """Subpixel position of the peak at an integer lag: a parabola through three values in x and in y."""
    x, y = lag.tolist()
    above = -1 if y < 0 else 1
    column, row = above * x + len(acf) - 2, above * y + 1
    across, along = acf[row, column - 1 : column + 2].tolist(), acf[row - 1 : row + 2, column].tolist()
    return x + above * _vertex(across), y + above * _vertex(along)


def _vertex(values: list[float]) -> float:
    curve = values[0] - 2 * values[1] + values[2]
    return 0.0 if curve >= 0 else min(0.5, max(-0.5, 0.5 * (values[0] - values[2]) / curve))
