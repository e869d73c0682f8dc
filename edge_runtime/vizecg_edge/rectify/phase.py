"""Where the grid lines lie, to a fraction of a millimetre: phases of the lines against a lattice, cell by cell.

Convention: *cells* are grid squares (5 mm); a grid line lies at every whole cell coordinate. Views are images of
the grid in cells, ``CELL_PX`` pixels per cell, in which pixel centre column i lies at (i + 0.5) / CELL_PX + x0.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

CELL_PX = 16
COARSE_PX = 10
"""Pixels per cell of the first, rough looks."""
COHERENT = 0.5
"""Least coherence (0..1) of the phases around a cell for it to count."""
LINE_PERCENTILE, LINE_CAP = 92.0, 1.3
"""Ink of the grid lines: they cover about a tenth of the paper, traces a fiftieth. Darker ink is cut to it."""
DARK_CAP, MOST_DARK = 1.8, 0.12
"""Ink still darker is traces and text, unless there is too much of it: the mean of its surroundings replaces it."""
BROAD_SHARE, RIM_CELLS = 0.85, 1
"""Cells that are dark to this share are none of the paper, and nothing is read so near to them."""
SMOOTH_CELLS = 1.3
MOST_CELLS = 110


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Offsets of the grid lines from the lattice, per cell of a view.

    ``centres``: (rows, columns, 2) float64, cell coordinates of the cells' centres. ``offsets``: (rows, columns, 2)
    float64, how far the true lines lie to the right and below of the lattice's, in cells. ``weights``:
    (rows, columns, 2) float64, 0 where there is no grid.
    """

    centres: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray


def view_of(ink: np.ndarray, to_cells: np.ndarray, box: tuple[int, int, int, int], cell_px: int) -> np.ndarray:
    """The part ``box`` (left, top, right, bottom, in cells) of an ink image, ``cell_px`` pixels per cell."""
    left, top, right, bottom = box
    scale = np.array([[cell_px, 0, -left * cell_px - 0.5], [0, cell_px, -top * cell_px - 0.5], [0, 0, 1]], np.float64)
    size = ((right - left) * cell_px, (bottom - top) * cell_px)
    return cv2.warpPerspective(ink, scale @ to_cells, size, flags=cv2.INTER_LINEAR, borderValue=0)


def measure_phases(
    ink: np.ndarray, to_cells: np.ndarray, box: tuple[int, int, int, int], *, cell_px: int = CELL_PX
) -> Phases:
    """uint8 ink (h, w) and a homography pixels -> cells -> wrapped offsets (-0.5..0.5) of all cells in ``box``."""
    return phases_of_view(view_of(ink, to_cells, box, cell_px), box, cell_px=cell_px)


def phases_of_view(view: np.ndarray, box: tuple[int, int, int, int], *, cell_px: int = CELL_PX) -> Phases:
    """uint8 view of ``box``, ``cell_px`` pixels per cell -> wrapped offsets of its cells."""
    # Traces and text are much darker than grid lines and must not outweigh them.
    cap = max(6.0, LINE_CAP * line_ink(view, cell_px))
    _, dark = cv2.threshold(view, DARK_CAP / LINE_CAP * cap, 1, cv2.THRESH_BINARY)
    rows, columns = view.shape[0] // cell_px, view.shape[1] // cell_px
    # Dark surroundings are no traces, and say nothing about how much of the paper these take.
    broad = (_shares(dark, (columns, rows)) > BROAD_SHARE).astype(np.uint8)
    dark = cv2.dilate(dark, np.ones((3, 3), np.uint8))
    _, view = cv2.threshold(view, round(cap), 255, cv2.THRESH_TRUNC)
    if _shares(dark, (columns, rows))[broad == 0].sum() < MOST_DARK * (broad == 0).sum():
        cv2.copyTo(cv2.blur(view, (cell_px, cell_px)), dark, view)
    # Their rim would pass for a line, in the cells beside it too, over which phases are averaged.
    clear = 1.0 - cv2.dilate(broad, np.ones((2 * RIM_CELLS + 1, 2 * RIM_CELLS + 1), np.uint8))
    angle = 2 * np.pi * (np.arange(cell_px) + 0.5) / cell_px
    waves = np.stack([np.cos(angle), -np.sin(angle), np.ones(cell_px)]).astype(np.float32) / cell_px
    # Along each line of pixels first, then down the lines of each cell. A stack of small products: one of the whole
    # view would be shared out among BLAS's threads, which takes twenty times as long as the product itself.
    across = view.reshape(rows, cell_px, columns, cell_px).astype(np.float32) @ waves.T
    vertical = across[..., :2].mean(axis=1)
    horizontal = np.tensordot(across[..., 2], waves[:2], axes=(1, 1))
    offsets, weights = [], []
    for lines in (vertical, horizontal):
        real, imaginary = np.ascontiguousarray(lines[..., 0]), np.ascontiguousarray(lines[..., 1])
        smooth_real, smooth_imaginary = _blur(real), _blur(imaginary)
        strength = _blur(_length(real, imaginary))
        floor = 0.25 * float(np.percentile(strength, 90)) + 1e-6
        coherence = _length(smooth_real, smooth_imaginary) / np.maximum(strength, floor)
        offsets.append(-np.arctan2(smooth_imaginary, smooth_real) / (2 * np.pi))
        weights.append(np.where(coherence > COHERENT, coherence**2, 0.0) * clear)
    x, y = np.meshgrid(np.arange(columns) + box[0] + 0.5, np.arange(rows) + box[1] + 0.5)
    return Phases(
        centres=np.stack([x, y], axis=-1).astype(np.float64),
        offsets=np.stack(offsets, axis=-1).astype(np.float64),
        weights=np.stack(weights, axis=-1).astype(np.float64),
    )


def _length(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """Unlike ``cv2.magnitude`` the same wherever the arrays lie in memory: sheets are to repeat to the bit."""
    return np.asarray(np.sqrt(real * real + imaginary * imaginary))


def _shares(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8 mask -> (rows, columns) float64, which share of each cell it takes."""
    return cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA) / 255.0


def line_ink(view: np.ndarray, cell_px: int) -> float:
    """Ink of the grid lines: the middle of what the cells say each, so that dark surroundings do not decide it."""
    rows, columns = view.shape[0] // cell_px, view.shape[1] // cell_px
    cells = view.reshape(rows, cell_px, columns, cell_px)[::2, ::2, ::2, ::2]
    # Every second cell, and of it every second pixel both ways.
    flat = cells.transpose(0, 2, 1, 3).reshape(cells.shape[0] * cells.shape[2], -1)
    rank = round(LINE_PERCENTILE / 100 * (flat.shape[1] - 1))
    return float(np.median(np.partition(flat, rank, axis=1)[:, rank]))


def _blur(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), SMOOTH_CELLS, borderType=cv2.BORDER_REFLECT_101)
