"""Pages drawn by lot after the forms of recorders: reproducible, as asked, and true to what they tell."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, LeadGroup, NamePlace, Pulse, Timing, faces
from vizecg.render.pages import FORMS, random_page
from vizecg.spec import UsageError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["SB"], seed=5)


@pytest.mark.parametrize("form", list(FORMS))
def test_pages_of_every_form_are_as_they_tell(record: EcgRecord, form: str) -> None:
    for turn in range(2):
        page = random_page(np.random.default_rng([turn, 1]), form=form, faces=faces(), px_per_mm=4.0)
        printed, spec = page.draw(record)
        mask = page.mask(record)
        assert printed.image.shape == spec.shape
        assert mask.shape == spec.shape[:2]
        assert page.form == form
        assert len(printed.boxes) >= 6
        for box in printed.boxes:
            # The traces' ink covers every column of every piece that is on the page.
            left, right = (round(x * spec.px_per_mm) for x in (box.x_mm + 1, box.x_mm + box.width_mm - 1))
            top, bottom = int(box.top_mm * spec.px_per_mm), int(np.ceil(box.bottom_mm * spec.px_per_mm))
            part = mask[top:bottom, left:right]
            if box.top_mm > 0:
                assert (part.max(axis=0) > 0.1).all()
        leads = [layout.name for layout in page.layouts]
        assert len(leads) == 1 or printed.boxes[-1].block == 1
        for pulse in printed.pulses:
            assert pulse.seconds in (0.08, 0.1, 0.2)
            assert pulse.width_mm == pytest.approx(pulse.seconds * page.layouts[0].speed_mm_s, abs=0.1)


def test_the_same_lot_is_the_same_page(record: EcgRecord) -> None:
    first, again, other = (random_page(np.random.default_rng(seed), px_per_mm=4.0) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    np.testing.assert_array_equal(first.draw(record)[0].image, again.draw(record)[0].image)


def test_a_layout_that_is_given_is_kept(record: EcgRecord) -> None:
    asked = Layout.named("6x1+R", group=LeadGroup.CHEST, speed_mm_s=50.0, gain_mm_mv=5.0, timing=Timing.SIMULTANEOUS)
    for form in ("viewer", "textbook", "two_pages_fast"):
        (layout,) = random_page(np.random.default_rng(1), form=form, layout=asked, px_per_mm=4.0).layouts
        assert (layout.name, layout.group, layout.speed_mm_s, layout.gain_mm_mv) == ("6x1+R", asked.group, 50.0, 5.0)
    page = random_page(
        np.random.default_rng(1),
        layout=asked,
        names=NamePlace.LEFT,
        pulse=Pulse.RIGHT,
        form="ruled_dots",
        px_per_mm=4.0,
    )
    printed, spec = page.draw(record)
    ends = max(box.x_mm + box.width_mm for box in printed.boxes)
    assert printed.pulses
    assert all(ends < pulse.left_mm < pulse.left_mm + pulse.width_mm < spec.width_mm for pulse in printed.pulses)
    names = [text for text in printed.texts if text.piece is not None]
    assert all(0 < text.left_mm < text.right_mm < printed.boxes[text.piece or 0].x_mm for text in names)


def test_what_the_scale_is_said_to_be_is_true() -> None:
    for seed in range(60):
        page = random_page(np.random.default_rng(seed), px_per_mm=4.0)
        layout = page.layouts[0]
        assert bool(page.setting.text.strip()) >= page.setting.speed
        if page.setting.speed:
            assert f"{layout.speed_mm_s:g}" in page.setting.text
        if page.setting.gain:
            gain = layout.gain_mm_mv
            said = (f"{gain:g}", f"{gain / 10:g} cm", {2.5: "x1/4", 5.0: "x1/2", 10.0: "x1", 20.0: "x2"}[gain])
            assert any(words in page.setting.text for words in said)


def test_unknown_forms_are_told() -> None:
    with pytest.raises(UsageError, match="unknown form 'fax': expected one of hospital_archive"):
        random_page(np.random.default_rng(0), form="fax")
