"""Our ``paper`` style beside pages that ecg_plot 0.2.8 drew (tests/golden/README.md)."""

from __future__ import annotations

import numpy as np
import pytest

from golden.make_paper import GOLDENS, Golden
from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.render.paper.draw import PaperStyle, render_paper
from vizecg_lab.render.compare import grid_error_px, grid_lines, ink_agreement, ink_amount

pytestmark = pytest.mark.parity


def draw(golden: Golden, *, delay_samples: int = 0) -> np.ndarray:
    signal = np.roll(golden.signal(), delay_samples, axis=1)
    record = EcgRecord(signal=signal, sampling_rate=golden.sampling_rate, record_id=golden.name)
    style = PaperStyle(title=golden.title, row_height=golden.row_height)
    return render_paper(record, columns=golden.columns, style=style).image


@pytest.fixture(params=GOLDENS, ids=lambda golden: golden.name)
def golden(request: pytest.FixtureRequest) -> Golden:
    return request.param


def test_traces_lie_where_the_reference_drew_them(golden: Golden) -> None:
    ours, theirs = draw(golden), golden.image()
    assert ours.shape == theirs.shape
    agreement = ink_agreement(ours, theirs)
    assert min(agreement.values()) >= tolerance("paper-ink"), agreement
    assert ink_amount(ours) == pytest.approx(ink_amount(theirs), rel=tolerance("paper-ink-amount"))


def test_the_comparison_sees_traces_three_pixels_late() -> None:
    golden = GOLDENS[0]
    agreement = ink_agreement(draw(golden, delay_samples=3), golden.image())
    assert max(agreement.values()) < tolerance("paper-ink")


def test_grid_lines_lie_where_the_reference_drew_them(golden: Golden) -> None:
    ours, theirs = draw(golden), golden.image()
    assert len(grid_lines(ours, upright=True)) > ours.shape[1] / 4 - 3
    assert grid_error_px(ours, theirs) <= tolerance("paper-grid-px")


def test_paper_and_grid_have_the_reference_s_colours(golden: Golden) -> None:
    ours, theirs = draw(golden), golden.image()
    # Where neither has trace, words or frame.
    blank = np.logical_and(*((page[..., 0] == 255) & (page[..., 1] == page[..., 2]) for page in (ours, theirs)))
    assert blank.mean() > 0.8
    np.testing.assert_allclose(ours[blank], theirs[blank], atol=tolerance("exact"))
