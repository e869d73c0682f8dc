"""Layouts of the world's recorders: every piece is where its box says, at the scale that its box says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.render import (
    Arrangement,
    Layout,
    LeadGroup,
    LeadOrder,
    NamePlace,
    PrintStyle,
    Pulse,
    Timing,
    render_sheet,
    stacked,
)
from vizecg.spec import LEADS, SheetSpec, UsageError

pytestmark = pytest.mark.unit

BARE = PrintStyle(palette="none", pulse=Pulse.NONE, names=NamePlace.NONE, footer="", ink=(0, 0, 0))


def slopes() -> EcgRecord:
    """Each lead rises by a slope of its own: where a piece lies, of which lead and at what scale, is all in its ink."""
    time = np.arange(4000) / 400 - 5
    limb = [0.02, 0.05, 0.03, -0.035, -0.005, 0.04]
    slope = np.array([*limb, 0.01, -0.015, 0.025, -0.03, 0.045, -0.02])
    return EcgRecord(signal=(slope[:, None] * time).astype(np.float32), sampling_rate=400.0, record_id="slopes")


def ink_mm(image: np.ndarray, spec: SheetSpec, x_mm: float, expected_mm: float) -> float:
    """Height of the ink in the column at ``x_mm``, within 2.5 mm of where it is expected."""
    top = max(0, round((expected_mm - 2.5) * spec.px_per_mm))
    column = 255.0 - image[top : round((expected_mm + 2.5) * spec.px_per_mm), int(x_mm * spec.px_per_mm), 0]
    return float((column * (np.arange(len(column)) + 0.5 + top)).sum() / column.sum() / spec.px_per_mm)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    arrangement = draw(st.sampled_from(list(Arrangement)))
    half = arrangement is Arrangement.SIX_BY_ONE
    columns = int(arrangement.value.split("x")[1])
    speed = draw(st.sampled_from([12.5, 25.0, 50.0, 100.0]))
    return Layout(
        arrangement=arrangement,
        group=draw(st.sampled_from([LeadGroup.LIMB, LeadGroup.CHEST])) if half else LeadGroup.ALL,
        rhythm=draw(st.sampled_from([(), ("II",), ("V1", "II"), ("V1", "II", "V6"), ("aVR",)])),
        strips_above=draw(st.booleans()),
        order=draw(st.sampled_from(list(LeadOrder))),
        timing=draw(st.sampled_from(list(Timing))),
        speed_mm_s=speed,
        gain_mm_mv=draw(st.sampled_from([2.5, 5.0, 10.0, 20.0])),
        chest_gain_mm_mv=draw(st.sampled_from([None, 5.0])),
        column_mm=draw(st.sampled_from([None, 59.5, 70.0])) if speed >= 25 else 10 * 12.5 / columns,
        gap_mm=draw(st.sampled_from([0.0, 1.5])),
        row_spacing_mm=draw(st.sampled_from([None, 17.3])),
    ).fitting(10.0)


@settings(max_examples=30, deadline=None)
@given(layout=layouts(), px_per_mm=st.sampled_from([4.0, 5.3]))
def test_ink_lies_where_boxes_say(layout: Layout, px_per_mm: float) -> None:
    spec, record = layout.sheet(px_per_mm=px_per_mm), slopes()
    printed = render_sheet(record, spec=spec, style=BARE, layout=layout)
    strips = [box for box in printed.boxes if box.strip]
    assert [box.lead for box in strips] == list(layout.rhythm)
    assert [box.row for box in printed.boxes] == sorted(box.row for box in printed.boxes)
    if strips:
        assert (strips[0].row == 0) == layout.strips_above
    for box in printed.boxes:
        assert box.x_mm >= 0
        assert box.x_mm + box.width_mm <= spec.width_mm + 1e-6
        slope = 0.01 * {"I": 2, "II": 5, "III": 3, "aVR": -3.5, "aVL": -0.5, "aVF": 4, "V1": 1, "V2": -1.5, "V3": 2.5,
                        "V4": -3, "V5": 4.5, "V6": -2}[box.lead]  # fmt: skip
        for share in (0.2, 0.8):
            x = (int((box.x_mm + share * box.width_mm) * px_per_mm) + 0.5) / px_per_mm
            second = box.start_s + (x - box.x_mm) / box.speed_mm_s
            expected = box.baseline_mm - box.gain_mm_mv * slope * (second - 5) * (-1 if box.inverted else 1)
            if any(
                other is not box and other.x_mm <= x <= other.x_mm + other.width_mm
                and abs(other.baseline_mm - expected) < 8 for other in printed.boxes
            ):  # fmt: skip
                continue
            assert ink_mm(printed.image, spec, x, expected) == pytest.approx(expected, abs=tolerance("trace-mm"))


def test_columns_and_gains_are_as_asked() -> None:
    layout = Layout(column_mm=59.5, chest_gain_mm_mv=5.0)
    boxes = layout.boxes(layout.sheet(), duration_s=10.0)
    assert [box.width_mm for box in boxes[:4]] == pytest.approx([59.5] * 4)
    assert boxes[-1].width_mm == pytest.approx(4 * 59.5)
    assert {box.gain_mm_mv for box in boxes if box.lead.startswith("V")} == {5.0}
    assert {box.gain_mm_mv for box in boxes if not box.lead.startswith("V")} == {10.0}
    assert "Chest: 5 mm/mV" in layout.printed_settings


def test_a_gap_is_left_out_of_the_boxes() -> None:
    first, second = Layout(gap_mm=2.0).boxes(SheetSpec(), duration_s=10.0)[:2]
    assert second.x_mm - (first.x_mm + first.width_mm) == pytest.approx(2.0, abs=0.1)
    assert (second.start_s - first.end_s) * 25 == pytest.approx(second.x_mm - (first.x_mm + first.width_mm))


def test_pieces_of_a_row_may_lie_at_heights_of_their_own() -> None:
    offsets = (0.0, 0.0, -4.0, -4.0) * 3 + (0.0,)
    layout = Layout(offsets_mm=offsets)
    plain, moved = (one.boxes(SheetSpec(), duration_s=10.0) for one in (Layout(), layout))
    assert [b.baseline_mm - a.baseline_mm for a, b in zip(plain, moved, strict=True)] == pytest.approx(offsets)
    image = render_sheet(slopes(), style=BARE, layout=layout).image
    assert ink_mm(image, SheetSpec(), moved[2].x_mm + 31, moved[2].baseline_mm) == pytest.approx(
        moved[2].baseline_mm, abs=0.2
    )


def test_pages_of_limb_or_chest_leads() -> None:
    chest = Layout.named("6x1+R", group=LeadGroup.CHEST)
    leads = [box.lead for box in chest.boxes(SheetSpec(), duration_s=10.0)]
    assert leads == [*LEADS[6:], "II"]
    assert [box.lead for box in Layout.named("6x1").boxes(SheetSpec(), duration_s=10.0)] == list(LEADS[:6])
    with pytest.raises(ValueError, match=r"6x1 holds 6 leads, got all \(12\)"):
        Layout(arrangement=Arrangement.SIX_BY_ONE)
    for wrong in ("3x4+", "3x4+4R", "2x6", "6x1+II"):
        with pytest.raises(UsageError, match="unknown layout"):
            Layout.named(wrong)


def test_two_layouts_lie_one_over_the_other() -> None:
    placed, spec = stacked((Layout.named("6x1"), Layout.named("12x1+R", group=LeadGroup.ALL)))
    upper, lower = (layout.boxes(spec, duration_s=10.0) for layout in placed)
    assert max(box.baseline_mm for box in upper) + 10 < min(box.baseline_mm for box in lower)
    assert max(box.baseline_mm for box in lower) + 8 < spec.height_mm
