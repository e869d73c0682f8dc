"""One flat picture of a page serves all that look at it; medians of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg_edge.leads.flat import FlatPicture
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.medians import EXCHANGES, median_of
from vizecg_edge.rectify.warp import Bend

pytestmark = pytest.mark.unit

PX_PER_MM = 4.0
HALF_TURN = np.array([[-1, 0, 120], [0, -1, 80], [0, 0, 1]], np.float64)
"""Page millimetres, turned -> as they were."""
GREY_LEVELS = 1
"""Places in the photograph are reckoned in 32 bits."""
BOX = Box(10.0, 12.0, 90.0, 60.0)


@pytest.fixture(scope="module")
def page() -> Page:
    rng = np.random.default_rng(7)
    photo = np.repeat(np.repeat(rng.integers(0, 255, (60, 80, 3)).astype(np.uint8), 10, axis=0), 10, axis=1)
    return Page(
        halves=(photo,),
        photo_to_cells=np.diag([1 / 25, 1 / 25, 1.0]),
        bend=Bend(left=0, top=0, cells=np.zeros((24, 32, 2), np.float32)),
        page_to_cells=np.diag([0.2, 0.2, 1.0]),
        box=Box(0.0, 0.0, 120.0, 80.0),
        px_per_mm=5.0,
    )


def _grey_levels_apart(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def test_a_part_of_the_picture_is_the_picture_of_the_part(page: Page) -> None:
    inner = Box(20.0, 14.0, 60.0, 50.0)
    flat = FlatPicture.of(page, BOX, px_per_mm=PX_PER_MM)
    part = flat.part(inner)
    assert part is not None
    assert _grey_levels_apart(part, page.picture(inner, px_per_mm=PX_PER_MM)) <= GREY_LEVELS


def test_the_picture_shows_every_box_and_keeps_the_pixels_of_the_first(page: Page) -> None:
    flat = FlatPicture.of(page, BOX, Box(3.1, 30.0, 50.0, 70.3), px_per_mm=PX_PER_MM)
    own = flat.part(BOX)
    assert own is not None
    assert _grey_levels_apart(own, page.picture(BOX, px_per_mm=PX_PER_MM)) <= GREY_LEVELS
    assert flat.part(Box(3.1, 30.0, 50.0, 70.3)) is not None


@pytest.mark.parametrize("off", [0.07, 0.125, 0.2])
def test_it_shows_the_box_it_was_made_for_wherever_that_begins(page: Page, off: float) -> None:
    inner = Box(17.0, 12 + 2 / 3, 60.0, 50 + 1 / 3)
    wide = Box(inner.left - off, inner.top - off, inner.right + off, inner.bottom + off)
    assert FlatPicture.of(page, wide, inner, px_per_mm=PX_PER_MM).part(inner) is not None


def test_what_is_not_shown_is_none(page: Page) -> None:
    assert FlatPicture.of(page, BOX, px_per_mm=PX_PER_MM).part(Box(5.0, 12.0, 30.0, 40.0)) is None


def test_turned_pages_are_seen_in_the_same_picture(page: Page) -> None:
    flat = FlatPicture.of(page, BOX, px_per_mm=PX_PER_MM)
    turned = flat.seen_as(page.page_to_cells @ HALF_TURN)
    assert turned is not None
    assert np.allclose(turned.box, (30.0 - 1 / PX_PER_MM, 20.0 - 1 / PX_PER_MM, 110.0, 68.0))
    assert np.array_equal(turned.pixels, flat.pixels[::-1, ::-1])


def test_pages_on_their_side_are_not(page: Page) -> None:
    quarter = np.array([[0, 1, 0], [-1, 0, 120], [0, 0, 1]], np.float64)
    assert FlatPicture.of(page, BOX, px_per_mm=PX_PER_MM).seen_as(page.page_to_cells @ quarter) is None


@pytest.mark.parametrize("count", EXCHANGES)
def test_medians_are_those_of_every_pixel(count: int) -> None:
    layers = list(np.random.default_rng(count).integers(0, 256, (count, 331, 257)).astype(np.uint8))
    before = [layer.copy() for layer in layers]
    assert np.array_equal(median_of(layers), np.sort(np.stack(layers), axis=0)[count // 2])
    assert all(np.array_equal(layer, kept) for layer, kept in zip(layers, before, strict=True))
