"""Pages as recorders print them, from the drawn picture to leads and answer: what is printed where is read rightly,
whichever way up it lies, or refused; never misnamed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, LeadBox, LeadGroup, faces, photograph
from vizecg.render.pages import FORMS, RandomPage, random_page
from vizecg.spec import InputRefusedError, SheetSpec
from vizecg_edge.leads.find import FoundPage, find_page
from vizecg_edge.leads.layout import RHYTHM
from vizecg_edge.leads.read import ReadLeads, read_leads
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.rectify.reasons import Reason
from vizecg_lab.leads.pages import printed_page
from vizecg_lab.leads.reading import reading_of
from vizecg_lab.leads.score import Fault, Outcome, score

pytestmark = pytest.mark.integration

RECORD = synthesise(["SB"], seed=5)
GOLDEN = {
    "hospital_archive": (1, "3x4+R", ("V1",)),
    "desk_one_pulse": (1, "3x4+R", ("II",)),
    "portable_two_columns": (4, "6x2+R", ("II",)),
    "defibrillator": (1, "3x4", ()),
    "long_page": (1, "12x1+R", ("II",)),
    "textbook": (1, "3x4", ()),
}
"""Forms, with the seed of a page, its layout and its strips."""
SEED = 1
STATED_SEED = 2
"""Draws pages that state their speed and gain."""
PLACE_MM = 4.0
PX_PER_MM = 6.0
WIDTH_PX = (1800, 2000)

ToPicture = Callable[[np.ndarray], np.ndarray]


def drawn(page: RandomPage, *, as_photograph: bool) -> tuple[np.ndarray, tuple[LeadBox, ...], SheetSpec, ToPicture]:
    """The picture of a page, what is on it, its sheet, and the way from the sheet's pixels to the picture's."""
    printed, spec = page.draw(RECORD)
    if not as_photograph:
        return printed.image, tuple(printed.boxes), spec, lambda points: points
    photo = photograph(printed.image, rng=np.random.default_rng(SEED), spec=spec, width_px=WIDTH_PX)
    return photo.image, tuple(printed.boxes), spec, photo.mapping.to_photo


def page_of(form: str, *, seed: int = SEED, layout: Layout | None = None) -> RandomPage:
    return random_page(np.random.default_rng(seed), form=form, layout=layout, faces=faces(), px_per_mm=PX_PER_MM)


@lru_cache(maxsize=1)
def desk_page() -> np.ndarray:
    """3x4 with strip II. Not to be written to."""
    return drawn(page_of("desk_one_pulse"), as_photograph=False)[0]


def read(image: np.ndarray) -> tuple[FoundPage, ReadLeads]:
    found = find_page(image)
    return found, read_leads(found)


@pytest.mark.parametrize("as_photograph", [False, True], ids=["clean", "photograph"])
@pytest.mark.parametrize("form", list(GOLDEN))
def test_pages_of_makers_forms_are_read(form: str, as_photograph: bool) -> None:
    seed, name, strips = GOLDEN[form]
    page = page_of(form, seed=seed)
    image, boxes, spec, to_picture = drawn(page, as_photograph=as_photograph)
    assert (page.layouts[0].name, page.layouts[0].rhythm) == (name, strips)
    found, leads = read(image)
    assert found.layout.name == name
    assert tuple(strip.lead for strip in found.layout.strips) == strips
    assert [piece.name for piece in found.layout.pieces] == [box.name for box in boxes]
    for piece, box in zip(found.layout.pieces, boxes, strict=True):
        wanted = [[box.x_mm, box.baseline_mm], [box.x_mm + box.width_mm, box.baseline_mm]]
        seen = [[piece.left_mm, piece.baseline_mm], [piece.right_mm, piece.baseline_mm]]
        off = found.page.to_photo(np.array(seen)) - to_picture(spec.mm_to_px(np.array(wanted)))
        assert np.linalg.norm(off, axis=1).max() < PLACE_MM * found.page.px_per_mm, piece
    best = leads.scales.best
    layout = page.layouts[0]
    assert (best.speed_mm_s, best.limb_mm_mv) == (layout.speed_mm_s, layout.gain_mm_mv)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_pages_lie_any_way_up(turns: int) -> None:
    found = find_page(np.rot90(desk_page(), turns).copy())
    assert found.layout.name == "3x4+R"
    upright = find_page(desk_page())
    height, width = desk_page().shape[:2]
    middle = np.array([[piece.left_mm, piece.baseline_mm] for piece in upright.layout.pieces])
    points = upright.page.to_photo(middle)
    for _ in range(turns):  # np.rot90 once: (x, y) goes to (y, width - 1 - x)
        points, (height, width) = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=1), (width, height)
    again = np.array([[piece.left_mm, piece.baseline_mm] for piece in found.layout.pieces])
    assert np.abs(found.page.to_photo(again) - points).max() < PLACE_MM * found.page.px_per_mm


@pytest.mark.parametrize("form", ["desk_one_pulse", "portable_two_columns", "long_page"])
def test_pages_in_a_mirror_are_refused(form: str) -> None:
    image = drawn(page_of(form), as_photograph=False)[0]
    with pytest.raises(InputRefusedError, match="seen in a mirror") as caught:
        find_page(image[:, ::-1].copy())
    assert caught.value.reason == Reason.ORIENTATION_UNCERTAIN.value


def test_pages_that_are_cut_at_the_right_are_refused() -> None:
    _, boxes, spec, _ = drawn(page_of("desk_one_pulse"), as_photograph=False)
    ends = boxes[-1].x_mm + 0.86 * boxes[-1].width_mm
    with pytest.raises(InputRefusedError) as caught:
        find_page(desk_page()[:, : round(ends * spec.px_per_mm)].copy())
    assert caught.value.reason == Reason.CUT_OFF.value


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 5.0), (50.0, 10.0)])
def test_what_is_printed_at_another_scale_is_read_in_millivolts_and_seconds(speed: float, gain: float) -> None:
    pages = [
        page_of("long_page", seed=STATED_SEED, layout=layout)
        for layout in (Layout.named("3x4+R"), Layout.named("3x4+R", speed_mm_s=speed, gain_mm_mv=gain))
    ]
    assert all(page.setting.speed and page.setting.gain for page in pages)
    usual, other = (read(drawn(page, as_photograph=False)[0])[1] for page in pages)
    best = other.scales.best
    assert (best.speed_mm_s, best.limb_mm_mv, best.chest_mm_mv) == (speed, gain, gain)
    assert other.measured.rate_bpm == pytest.approx(usual.measured.rate_bpm, abs=2)
    # Only the strip is sure to hold a beat at 50 mm/s.
    first, second = (next(trace for trace in leads.leads.traces if trace.strip) for leads in (usual, other))
    assert np.nanmax(second.mv) == pytest.approx(np.nanmax(first.mv), abs=0.15)
    assert len(second.mv) / second.sampling_rate == pytest.approx(250 / speed, rel=0.03)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(threads=1)


def test_limb_leads_alone_leave_what_chest_leads_show_undecided(pipeline: Pipeline) -> None:
    layout = Layout.named("6x1+R", group=LeadGroup.LIMB)
    answer = pipeline.run_image(drawn(page_of("two_pages", layout=layout), as_photograph=False)[0]).answer
    assert answer.answered, answer.messages
    assert answer.geometry.layout == "6x1+R"
    for label in ("RBBB", "LBBB"):
        assert answer.undecided[label].code == "leads_missing"
        assert answer.decisions[label] is None


@pytest.mark.parametrize("seed", range(100, 108))
def test_random_pages_are_read_rightly_or_refused(pipeline: Pipeline, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one_block = [name for name, form in FORMS.items() if not any("/" in layout for layout in form.layouts)]
    page = random_page(rng, form=one_block[int(rng.integers(len(one_block)))], faces=faces(), px_per_mm=PX_PER_MM)
    image, boxes, spec, to_picture = drawn(page, as_photograph=bool(seed % 2))
    result = pipeline.run_image(image)
    truth = printed_page(page.form, boxes, page.layouts[0], spec, to_picture)
    scored = score(reading_of(result), truth)
    assert scored.outcome is not Outcome.SILENT, scored
    misread = {Fault.LEADS.value, Fault.ORIENTATION.value, Fault.ELSEWHERE.value}
    assert not misread & set(scored.faults), scored
    if result.found is not None and result.answer.answered:
        strips = [strip.lead for strip in result.found.layout.strips]
        assert all(strip in (RHYTHM, lead) for strip, lead in zip(strips, page.layouts[0].rhythm, strict=True))
