"""Parts of the rectifier whose fast form must give what the plain form gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.spec import preprocess
from vizecg_edge.leads.page_ink import ink_of
from vizecg_edge.rectify.grid import find_grid
from vizecg_edge.rectify.lattice import QUICK_SIDE, Coverage, TileLattices
from vizecg_edge.rectify.phase import Phases
from vizecg_edge.rectify.prepare import percentile_of
from vizecg_edge.rectify.slopes import level
from vizecg_edge.rectify.traces import CELL_PX, NEIGHBOURS, TraceView, without_lines
from vizecg_edge.rectify.unwrap import unwrap
from vizecg_edge.rectify.warp import pixel_map

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("percent", [0.0, 37.3, 50.0, 99.0, 99.5, 100.0])
def test_percentiles_from_histograms_are_numpys(percent: float) -> None:
    random = np.random.default_rng(3)
    for size in ((1, 1), (1, 2), (7, 9), (64, 80)):
        values = random.normal(120, 40, size).clip(0, 255).astype(np.uint8)
        mask = (random.random(size) < 0.7).astype(np.uint8)
        mask[0, 0] = 1
        assert preprocess._percentile(values, percent) == float(np.percentile(values, percent))
        assert percentile_of(values, percent) == pytest.approx(np.percentile(values, percent))
        assert percentile_of(values, percent, mask) == pytest.approx(np.percentile(values[mask > 0], percent))
    assert percentile_of(values, percent, np.zeros(size, np.uint8)) == 0


@pytest.mark.parametrize("step", [2, 7, 10])
def test_the_map_of_a_view_is_that_of_its_homography(step: int) -> None:
    to_cells = np.array([[0.05, 0.004, -3], [-0.003, 0.052, -2], [2e-5, -1e-5, 1]])
    view_to_cells = np.array([[0.1, 0, 0.05], [0, 0.1, 0.05], [0, 0, 1]])
    maps = pixel_map(to_cells, None, view_to_cells, (83, 47), step)
    assert maps.shape == (47, 83, 2)
    pixels = np.stack(np.meshgrid(np.arange(83.0), np.arange(47.0)), axis=-1).reshape(1, -1, 2)
    wanted = cv2.perspectiveTransform(pixels, np.linalg.inv(to_cells) @ view_to_cells).reshape(maps.shape)
    assert float(np.abs(maps - wanted).max()) < tolerance("view-map-px")


def test_lines_are_the_medians_of_seven_squares() -> None:
    view = np.random.default_rng(5).integers(0, 255, (9 * CELL_PX, 40), dtype=np.uint8)
    reach = NEIGHBOURS * CELL_PX
    tall = np.pad(view, ((reach, reach), (0, 0)))
    layers = [tall[k * CELL_PX : k * CELL_PX + len(view)] for k in range(2 * NEIGHBOURS + 1)]
    lines = cv2.dilate(np.median(layers, axis=0).astype(np.uint8), np.ones((3, 3), np.uint8))
    assert np.array_equal(without_lines(view), cv2.subtract(view, lines))


def test_specks_are_left_out_of_the_ink() -> None:
    ink = np.zeros((60, 90), np.uint8)
    ink[30, 5:80] = 200
    ink[10:13, 10:13] = ink[10:13, 15:18] = ink[50, 60] = 200
    view = TraceView(ink=ink, threshold=100.0, inside=np.full_like(ink, 255), left=0, top=0)
    mask = ink_of(view).mask
    assert mask[30, 5:80].all()
    assert int(mask.sum()) == 75


def _squares(step: float, *, size: tuple[int, int] = (900, 700)) -> np.ndarray:
    """uint8 ink of a grid with lines every ``step`` pixels both ways, ``size`` pixels wide and high."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    return np.where(np.minimum(x % step, y % step) < 2, 120, 10).astype(np.uint8)


def test_every_other_tile_gives_lattices_that_all_tiles_give_too() -> None:
    tiles = TileLattices(_squares(20), side=QUICK_SIDE)
    half, whole = tiles.find(Coverage.HALF), tiles.find(Coverage.ALL)
    assert 0.4 < len(half.centres) / len(whole.centres) < 0.6
    assert {tuple(centre) for centre in half.centres} <= {tuple(centre) for centre in whole.centres}
    assert np.abs(whole.steps - 20 * np.eye(2)).max() < tolerance("grid-step-px")


def test_a_plain_grid_is_measured() -> None:
    grid = find_grid(_squares(20))
    period = np.linalg.inv(grid.to_cells)[[0, 1], [0, 1]]
    assert np.abs(period / 20 - 1).max() < 2e-3
    assert grid.residual_cells < tolerance("grid-misfit-cells")


def test_small_squares_of_long_paper_are_seen() -> None:
    """Half a metre of paper: squares that are small in comparison with the picture."""
    period = np.linalg.inv(find_grid(_squares(10, size=(2000, 560))).to_cells)[[0, 1], [0, 1]]
    assert np.abs(period / 10 - 1).max() < 2e-3


def creased(slope: tuple[float, float]) -> Phases:
    """Wrapped offsets of a lattice that runs too slowly, with a crease across the middle that hides six columns."""
    x, y = np.meshgrid(np.arange(60) + 0.5, np.arange(30) + 0.5)
    random = np.random.default_rng(2)
    true = np.stack([slope[0] * x + 0.01 * y, slope[1] * y - 0.01 * x], axis=-1)
    offsets = true + random.normal(0, 0.02, true.shape)
    weights = np.ones_like(true)
    weights[:, 27:33] = 0
    # A few cells of text, which say anything, and not clearly.
    weights[3:5, 5:20] = 0.3
    offsets[3:5, 5:20] = random.uniform(-0.5, 0.5, (2, 15, 2))
    return Phases(centres=np.stack([x, y], axis=-1), offsets=offsets - np.round(offsets), weights=weights)


def test_a_lattice_is_brought_to_the_lines_pace_across_a_crease() -> None:
    """Followed from cell to cell, the parts beside the crease would differ by a whole square."""
    levelled = level(np.eye(3), creased((0.09, -0.07)))
    # Lattice coordinates less the offset are those of the lines: x - 0.09 x - 0.01 y.
    wanted = np.array([[1 - 0.09, -0.01], [0.01, 1 + 0.07]])
    middle = cv2.perspectiveTransform(np.array([[[30.0, 15.0], [31.0, 15.0], [30.0, 16.0]]]), levelled)[0]
    found = np.stack([middle[1] - middle[0], middle[2] - middle[0]], axis=1)
    np.testing.assert_allclose(found, wanted, atol=5 * tolerance("level-slope"))


def test_a_level_lattice_stays_and_its_parts_agree() -> None:
    phases = creased((0.001, 0.001))
    np.testing.assert_allclose(level(np.eye(3), phases)[:2, :2], np.eye(2), atol=0.02)
    offsets = unwrap(phases).offsets[10:, :, 0] - 0.01 * phases.centres[10:, :, 1]
    assert float(np.abs(offsets[:, :27] - 0.015).max()) < 0.1, "no jump"
    assert float(np.abs(offsets[:, :27].mean() - offsets[:, 33:].mean())) < 0.1
