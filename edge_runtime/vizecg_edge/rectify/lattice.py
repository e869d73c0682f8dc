"""Local grid lattices: which two steps bring the grid back onto itself, tile by tile, from autocorrelations."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

TILE = 128
STRIDE, SPARSE_STRIDE = 76, 128
LATTICE_SIDE = 1200
"""Longest side of the image in which lattices are sought, in pixels."""
SHORTEST, LONGEST = 6.0, 46.0
"""Range of a grid step, in pixels of that image."""
REACH = 63
LAGS = np.arange(-REACH, REACH + 1)
_LENGTHS = np.hypot(LAGS[:, None], LAGS[None, :]).ravel()
POSSIBLE = (_LENGTHS >= SHORTEST) & (_LENGTHS <= LONGEST)
"""The lags that may be grid steps, among those of an autocorrelation, row by row."""
FINE_BLUR = 1.6
"""Standard deviation, in pixels, of the blur that weakens 1 mm lines and leaves 5 mm lines."""
GRID_PERCENTILE = 35.0
"""Percentile of a tile's contrast at which it is clipped. Grid lines cover half of a tile, traces a twentieth."""
DARK_RATIO = 5.0
"""Ink this many times the median contrast is left out, unless it is half of the tile: traces, or a black grid."""
LEAST_PEAK = 0.12
"""Autocorrelation (1 at zero lag) below which a peak is taken for chance."""


@dataclass(frozen=True, kw_only=True)
class Lattices:
    """Lattices of n tiles, in pixels of the ink image given.

    ``centres``: (n, 2) float64 (x, y). ``steps``: (n, 2, 2) float64, columns are the step to the right and the step
    down. ``strengths``: (n,) float64, mean autocorrelation at the two steps, 0..1.
    """

    centres: np.ndarray
    steps: np.ndarray
    strengths: np.ndarray


def find_lattices(ink: np.ndarray, *, dense: bool = False) -> Lattices:
    """uint8 ink (h, w) -> the lattices of all tiles that have one (n may be 0); ``dense``: of tiles that overlap."""
    factor = min(1.0, LATTICE_SIDE / max(ink.shape))
    small = cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR) if factor < 1 else ink
    small = small.astype(np.float32)
    # Lines every millimetre would otherwise offer steps of 2, 3 or 4 mm, as strong as the 5 mm step sought.
    small = cv2.GaussianBlur(small, (0, 0), FINE_BLUR) - cv2.blur(small, (41, 41))
    hann = cv2.createHanningWindow((TILE, TILE), cv2.CV_32F)
    window_acf = np.maximum(_autocorrelation(hann), 1e-3)
    stride = STRIDE if dense else SPARSE_STRIDE
    centres, steps, strengths = [], [], []
    for top in _starts(small.shape[0], stride):
        for left in _starts(small.shape[1], stride):
            tile = small[top : top + TILE, left : left + TILE]
            if tile.shape != hann.shape:
                continue
            found = _tile_lattice(_flattened(tile) * hann, window_acf)
            if found is not None:
                centres.append((left + (TILE - 1) / 2, top + (TILE - 1) / 2))
                steps.append(found[0])
                strengths.append(found[1])
    centre_array = (np.array(centres, np.float64).reshape(-1, 2) + 0.5) / factor - 0.5
    return Lattices(
        centres=centre_array,
        steps=np.array(steps, np.float64).reshape(-1, 2, 2) / factor,
        strengths=np.array(strengths, np.float64),
    )


def _flattened(tile: np.ndarray) -> np.ndarray:
    """The tile without dark traces and clipped at the contrast of its grid: both would drown faint lines."""
    some = np.abs(tile[::2, ::2]).ravel()
    ranks = [round(GRID_PERCENTILE / 100 * (len(some) - 1)), len(some) // 2]
    limit, middle = (float(value) for value in np.partition(some, ranks)[ranks])
    dark = cv2.dilate((tile > DARK_RATIO * middle).astype(np.uint8), np.ones((5, 5), np.uint8))
    clipped = cv2.min(cv2.max(tile, -limit), limit)
    if cv2.countNonZero(dark) < dark.size // 2:
        clipped[dark > 0] = 0
    return np.asarray(clipped - cv2.mean(clipped)[0])


def _starts(size: int, stride: int) -> list[int]:
    last = max(0, size - TILE)
    count = max(1, round(last / stride) + 1)
    return [round(v) for v in np.linspace(0, last, count)]


def _autocorrelation(tile: np.ndarray) -> np.ndarray:
    """float32 (TILE, TILE) -> autocorrelation normalised to 1 at zero lag, for lags of up to ``REACH`` both ways.

    Lag (x, y) lies at row REACH + y, column REACH + x.
    """
    # Without padding lags wrap around, which the window makes harmless for lags below a third of the tile.
    spectrum = cv2.dft(tile)
    power = cv2.mulSpectrums(spectrum, spectrum, 0, conjB=True)
    acf = cv2.idft(power, flags=cv2.DFT_REAL_OUTPUT)
    acf = acf[LAGS[:, None], LAGS]
    return np.asarray(acf / max(float(acf[REACH, REACH]), 1e-6))


def _tile_lattice(tile: np.ndarray, window_acf: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The two shortest steps that bring the tile's pattern back, and how well they do; None without a pattern."""
    acf = _autocorrelation(tile) / window_acf
    peaks = ((acf == cv2.dilate(acf, np.ones((3, 3), np.uint8))) & (acf > LEAST_PEAK)).ravel()
    places = np.flatnonzero(peaks & POSSIBLE)
    lags = np.stack([places % len(LAGS) - REACH, places // len(LAGS) - REACH], axis=1).astype(np.float64)
    heights = acf.ravel()[places].astype(np.float64)
    rights = np.flatnonzero((lags[:, 0] > 0) & (np.abs(lags[:, 1]) <= lags[:, 0] * 1.05))
    downs = np.flatnonzero((lags[:, 1] > 0) & (np.abs(lags[:, 0]) <= lags[:, 1] * 1.05))
    # Strong peaks suffice: weak ones are chance or multiples of 1 mm.
    rights = rights[np.argsort(-heights[rights])][:12]
    downs = downs[np.argsort(-heights[downs])][:12]
    best = _best_pair(lags, heights, rights, downs, acf)
    if best is None:
        return None
    right, down, strength = best
    steps = np.stack([_refine(acf, lags[right]), _refine(acf, lags[down])], axis=1)
    return steps, strength


def _best_pair(
    lags: np.ndarray, heights: np.ndarray, rights: np.ndarray, downs: np.ndarray, acf: np.ndarray
) -> tuple[int, int, float] | None:
    """The smallest cell among the pairs of steps that explain the pattern about as well as the best pair."""
    if len(rights) == 0 or len(downs) == 0:
        return None
    right = lags[rights][:, None]
    down = lags[downs][None, :]
    area = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    length_right, length_down = np.hypot(right[..., 0], right[..., 1]), np.hypot(down[..., 0], down[..., 1])
    sine = area / (length_right * length_down)
    ratio = length_right / length_down
    possible = (sine > 0.8) & (ratio > 0.62) & (ratio < 1.6)
    if not possible.any():
        return None
    straight = (heights[rights][:, None] + heights[downs][None, :]) / 2
    score = straight + 0.5 * (_sample(acf, right + down) + _sample(acf, right - down))
    score[~possible] = -1
    good = score >= 0.8 * score.max()
    pick = np.where(good, area, np.inf)
    i, j = np.unravel_index(int(np.argmin(pick)), pick.shape)
    return int(rights[i]), int(downs[j]), float(straight[i, j])


def _sample(acf: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Autocorrelation at lags (..., 2); 0 outside."""
    column, row = lags[..., 0].astype(int), lags[..., 1].astype(int)
    inside = (np.abs(column) <= REACH) & (np.abs(row) <= REACH)
    return np.where(inside, acf[(row * inside) + REACH, (column * inside) + REACH], 0.0)


def _refine(acf: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Subpixel position of the peak at an integer lag: a parabola through three values in x and in y."""
    column, row = int(lag[0]) + REACH, int(lag[1]) + REACH
    across = acf[row, column - 1 : column + 2].tolist()
    along = acf[row - 1 : row + 2, column].tolist()
    return lag + np.array([_vertex(across), _vertex(along)])


def _vertex(values: list[float]) -> float:
    curve = values[0] - 2 * values[1] + values[2]
    return 0.0 if curve >= 0 else min(0.5, max(-0.5, 0.5 * (values[0] - values[2]) / curve))
