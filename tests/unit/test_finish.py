"""What becomes of pictures after they are taken, and that the truth about them follows."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.render import Effects, photograph
from vizecg.spec import SheetSpec
from vizecg.spec.condition import Finish

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
EFFECTS = Effects(rotation=0.3, perspective=0.5, lens=0.8, defocus=0.5, noise=0.3)


def blocks() -> tuple[np.ndarray, np.ndarray]:
    """A sheet with four black squares, and the pixels of their middles."""
    sheet = np.full(SPEC.shape, 255, np.uint8)
    middles = np.array([[200.0, 100.0], [900.0, 120.0], [250.0, 520.0], [950.0, 500.0]])
    for x, y in middles.astype(int):
        sheet[y - 12 : y + 13, x - 12 : x + 13] = 0
    return sheet, middles


@pytest.mark.parametrize("stretch", [1.0, 0.8, 1.25])
@pytest.mark.parametrize("finish", [None, *Finish])
def test_the_mapping_follows(finish: Finish | None, stretch: float) -> None:
    sheet, middles = blocks()
    photo = photograph(sheet, rng=np.random.default_rng(3), condition=EFFECTS, finish=finish, stretch=stretch)
    assert photo.image.shape[:2] == photo.mapping.size
    for x, y in photo.mapping.to_photo(middles[None])[0]:
        left, top = round(x) - 20, round(y) - 20
        part = 255.0 - photo.image[top : top + 41, left : left + 41, 0]
        part[part < 128] = 0
        found = [(part.sum(axis=axis) @ np.arange(41)) / part.sum() for axis in (0, 1)]
        assert found == pytest.approx([x - left, y - top], abs=1.0)


def test_finishes_look_as_they_are_called() -> None:
    grey = (90 + blocks()[0].astype(int) * 110 // 255).astype(np.uint8)  # 90 on 200
    soft = Effects(defocus=1.0)
    pictures = {
        finish: photograph(grey, rng=np.random.default_rng(3), condition=soft, finish=finish).image
        for finish in (None, *Finish)
    }
    assert set(np.unique(pictures[Finish.FAX])) == {0, 255}
    assert 500 <= pictures[Finish.MESSAGE].shape[1] <= 700
    assert pictures[Finish.SHARPENED].max() > pictures[None].max() + 10  # halos are brighter than the paper
    assert pictures[Finish.SHARPENED].min() < pictures[None].min() - 10


def test_photographs_that_stretch_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match=r"stretch must be between 0\.5 and 2, got 3"):
        photograph(blocks()[0], rng=np.random.default_rng(0), stretch=3.0)
