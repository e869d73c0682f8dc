"""What the page network learns from tells the truth, and is learned from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vizecg.records.synthetic import synthesise
from vizecg_edge.printed.names import NAMES
from vizecg_edge.printed.page_ink import page_ink
from vizecg_lab.page_net.canvas import DrawnPage
from vizecg_lab.page_net.faces import STROKED, word_mask
from vizecg_lab.page_net.net import PageNet
from vizecg_lab.page_net.page import random_page
from vizecg_lab.page_net.spoil import Look, seen
from vizecg_lab.page_net.tiles import TILE_PX, UNCOUNTED, Tiles, tiles_of
from vizecg_lab.page_net.train import losses_of

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def page() -> DrawnPage:
    # A page with dark ink, names, pulses and rules.
    return random_page(synthesise([], seed=3), np.random.default_rng(4), STROKED)


def test_truth_lies_on_ink(page: DrawnPage) -> None:
    assert len(page.names) > 10
    dark = 255 - page.image.min(axis=2).astype(int)
    for mask in np.moveaxis(page.masks, 2, 0):
        if mask.any():
            assert np.median(dark[mask > 200]) > np.median(dark) + 30
    for name in page.names:
        x, y = (round(value * page.px_per_mm) for value in (name.x_mm, name.y_mm))
        reach = round(name.height_mm * page.px_per_mm / 2)
        assert dark[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].max() > np.median(dark) + 30


@pytest.mark.parametrize("look", list(Look))
def test_truth_moves_with_the_picture(page: DrawnPage, look: Look) -> None:
    spoilt = seen(page, np.random.default_rng(2), look=look)
    ink = page_ink(spoilt.picture, px_per_mm=4.0)[0].astype(float)
    trace = spoilt.masks[..., 0] > 150
    assert ink[trace].mean() > ink[~trace].mean() + 15
    assert all(0 < name.x_mm < ink.shape[1] / 4 and 0 < name.y_mm < ink.shape[0] / 4 for name in spoilt.names)


def test_tiles(page: DrawnPage) -> None:
    tiles = tiles_of(seen(page, np.random.default_rng(2), look=Look.CLEAN), np.random.default_rng(0))
    assert tiles.ink.shape == (8, 2, TILE_PX, TILE_PX)
    assert tiles.masks.shape == (8, 4, TILE_PX // 2, TILE_PX // 2)
    labelled = (tiles.names > 0) & (tiles.names != UNCOUNTED)
    assert set(np.unique(tiles.names[labelled])) <= set(range(1, 1 + len(NAMES)))
    assert labelled.sum() >= 3 * 5
    assert np.all(np.exp(tiles.height[labelled]) > 1.0)


def test_lowered_digits_are_smaller_and_lower() -> None:
    plain, lowered = (word_mask("V1", STROKED[0], 30.0, lowered=count) for count in (0, 1))
    assert lowered.shape[0] > plain.shape[0]
    assert lowered.shape[1] < plain.shape[1]


def test_losses_fall(page: DrawnPage) -> None:
    torch.manual_seed(0)
    net = PageNet()
    tiles = tiles_of(seen(page, np.random.default_rng(2), look=Look.CLEAN), np.random.default_rng(0))
    tiles = Tiles(**{name: getattr(tiles, name)[:2] for name in Tiles.__annotations__})
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    sums = []
    for _ in range(4):
        parts = losses_of(net, tiles, gain=np.ones((2, 1, 1, 1)))
        optimiser.zero_grad()
        torch.stack(parts).sum().backward()
        optimiser.step()
        sums.append(float(sum(part.item() for part in parts)))
    assert sums[-1] < 0.9 * sums[0]
