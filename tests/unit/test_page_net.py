"""What is seen on a whole drawn page: the names of its leads, its traces, pulses and rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, render_sheet
from vizecg.render.layout import LeadBox
from vizecg.render.style import NamePlace, Pulse, Separator
from vizecg.spec import SheetSpec
from vizecg_edge.printed import page_net
from vizecg_edge.printed.names import NAMES, PrintedName, names_of
from vizecg_edge.printed.outlines import pulses_of, rules_of
from vizecg_edge.printed.page_net import PageLook, look

pytestmark = pytest.mark.unit

STYLE = PrintStyle(names=NamePlace.ABOVE, name_height_mm=3.0, pulse=Pulse.LEFT, separator=Separator.RULE)


def drawn(
    layout: Layout, *, px_per_mm: float = 4.0, style: PrintStyle = STYLE
) -> tuple[np.ndarray, tuple[LeadBox, ...]]:
    """A sheet as a slightly blurred uint8 RGB picture, and where each lead lies on it."""
    sheet = render_sheet(synthesise([], seed=3), spec=SheetSpec(px_per_mm=px_per_mm), style=style, layout=layout)
    return cv2.GaussianBlur(sheet.image, (0, 0), 0.12 * px_per_mm), sheet.boxes


def sure(seen: PageLook) -> list[PrintedName]:
    return [name for name in seen.names if name.probability >= 0.5]


def named(seen: PageLook, boxes: tuple[LeadBox, ...]) -> int:
    """Boxes at whose beginning their own name was found."""
    return sum(
        any(
            name.name == box.name and abs(name.x_mm - box.x_mm - 3) < 5 and -12 < name.y_mm - box.baseline_mm < 0
            for name in seen.names
        )
        for box in boxes
    )


@pytest.mark.parametrize("arrangement", ["3x4+R", "6x2", "12x1"])
def test_names_are_found_where_they_are_printed(arrangement: str) -> None:
    picture, boxes = drawn(Layout.named(arrangement))
    seen = look(picture, px_per_mm=4.0)
    assert named(seen, boxes) >= round(0.7 * len(boxes))
    assert len(sure(seen)) <= len(boxes) + 1


def test_millimetres_hold_at_any_scale() -> None:
    layout = Layout.named("3x4")
    for scale in (4.05, 7.0):
        picture, boxes = drawn(layout, px_per_mm=scale)
        seen = look(picture, px_per_mm=scale)
        assert named(seen, boxes) >= 9
        assert seen.trace.shape == seen.pulse.shape == seen.rule.shape
        assert seen.trace.shape[1] == pytest.approx(picture.shape[1] / scale * seen.px_per_mm, abs=1)


def test_trace_is_told_from_grid_and_letters() -> None:
    layout = Layout.named("3x4")
    printed, _ = drawn(layout)
    plain, _ = drawn(
        layout,
        style=PrintStyle(palette="none", names=NamePlace.NONE, pulse=Pulse.NONE, separator=Separator.NONE, footer=""),
    )
    seen = look(printed, px_per_mm=4.0)
    truth = cv2.resize(255 - plain.min(axis=2), seen.trace.shape[::-1], interpolation=cv2.INTER_AREA) > 60
    found = seen.trace > 100
    near = [cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for mask in (truth, found)]
    assert (found & near[0]).sum() > 0.95 * found.sum()
    assert (truth & near[1]).sum() > 0.9 * truth.sum()


def test_pulses_and_rules() -> None:
    picture, boxes = drawn(Layout.named("3x4"))
    seen = look(picture, px_per_mm=4.0)
    baselines = {box.baseline_mm for box in boxes}
    found = [mark for mark in seen.pulses if any(abs(mark.bottom_mm - baseline) < 1.5 for baseline in baselines)]
    assert len(found) >= 2
    assert all(8.5 < mark.height_mm < 11.5 for mark in found)
    edges = {box.x_mm for box in boxes} - {min(box.x_mm for box in boxes)}
    for edge in edges:
        here = [mark for mark in seen.rules if abs((mark.left_mm + mark.right_mm) / 2 - edge) < 1.5]
        assert sum(mark.height_mm for mark in here) > 30


@pytest.mark.parametrize("turn", ["upside down", "clockwise", "anticlockwise", "mirrored"])
def test_turned_pages_have_no_names(turn: str) -> None:
    """I, II and III look alike upside down."""
    picture, _ = drawn(Layout.named("3x4+R"))
    turned = {
        "upside down": picture[::-1, ::-1],
        "clockwise": np.rot90(picture, -1),
        "anticlockwise": np.rot90(picture),
        "mirrored": picture[:, ::-1],
    }[turn]
    seen = look(np.ascontiguousarray(turned), px_per_mm=4.0)
    assert sum(name.name not in ("I", "II", "III") for name in sure(seen)) <= 1


def test_paper_without_print() -> None:
    seen = look(np.full((203, 317, 3), 250, np.uint8), px_per_mm=4.0)
    assert not seen.names
    assert not seen.pulses
    assert not seen.rules
    assert seen.trace.shape == (102, 159)
    assert seen.trace.max() < 60


def test_a_page_is_seen_alike_in_bands_and_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = drawn(Layout.named("12x1"))
    assert picture.shape[0] > page_net.BAND
    bands = look(picture, px_per_mm=4.0)
    monkeypatch.setattr(page_net, "BAND", 10_000)
    whole = look(picture, px_per_mm=4.0)
    assert [name.name for name in bands.names] == [name.name for name in whole.names]
    assert [name.probability for name in bands.names] == pytest.approx([name.probability for name in whole.names])
    # A value that lies between two may be rounded either way.
    assert cv2.absdiff(bands.trace, whole.trace).max() <= 1


def test_several_at_once_see_the_same() -> None:
    pictures = [drawn(Layout.named(name))[0] for name in ("3x4", "6x2")] * 2
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: look(picture, px_per_mm=4.0), pictures))
    assert together[0].names == together[2].names == look(pictures[0], px_per_mm=4.0).names
    assert together[1].names == together[3].names


@pytest.mark.parametrize(
    ("picture", "scale"),
    [
        (np.zeros((40, 40), np.uint8), 4.0),
        (np.zeros((40, 40, 3), np.float32), 4.0),
        (np.zeros((0, 40, 3), np.uint8), 4.0),
        (np.zeros((40, 40, 3), np.uint8), 0.0),
        (np.zeros((40, 40, 3), np.uint8), float("nan")),
        (np.zeros((8, 2000, 3), np.uint8), 1.0),
    ],
)
def test_what_is_no_picture_is_refused(picture: np.ndarray, scale: float) -> None:
    with pytest.raises(ValueError):
        look(picture, px_per_mm=scale)


def test_a_name_is_read_off_all_cells_around_its_peak() -> None:
    likely = np.zeros((1 + len(NAMES), 10, 12), np.float32)
    likely[0] = 1
    for column, share in ((4, 0.9), (5, 0.9)):
        likely[:, 3, column] = 0
        likely[[0, 1 + NAMES.index("V1"), 1 + NAMES.index("V2")], 3, column] = 1 - share, 0.7 * share, 0.3 * share
    (name,) = names_of(likely, np.full((10, 12), 2.5, np.float32), cell_mm=1.0)
    assert name.name == "V1"
    assert (name.x_mm, name.y_mm, name.height_mm) == pytest.approx((5.0, 3.5, 2.5))
    assert name.probability == pytest.approx(0.63, abs=0.01)
    assert sum(name.probabilities) == pytest.approx(1.0, abs=1e-5)


def test_outlines_of_a_mask() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[10:30, 20] = mask[10:30, 30] = mask[10, 20:31] = 200
    (pulse,) = pulses_of(mask, px_per_mm=2.0)
    assert (pulse.left_mm, pulse.top_mm, pulse.width_mm, pulse.height_mm) == (10.0, 5.0, 5.5, 10.0)
    mask[:] = 0
    mask[5:55, 40] = 255
    mask[30, 0:20] = 255
    (rule,) = rules_of(mask, px_per_mm=2.0)
    assert (rule.left_mm, rule.top_mm, rule.bottom_mm, rule.score) == (20.0, 2.5, 27.5, 1.0)
