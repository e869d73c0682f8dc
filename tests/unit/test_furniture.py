"""What is printed beside the traces is where the sheet says, whatever its place, face and colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import (
    Layout,
    MajorGrid,
    MinorGrid,
    NamePlace,
    PrintStyle,
    Pulse,
    PulseRows,
    Separator,
    Shape,
    Text,
    cut_sheet,
    faces,
    render_sheet,
    trace_mask,
)
from vizecg.spec import SheetSpec

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
BARE = PrintStyle(palette="none", pulse=Pulse.NONE, names=NamePlace.NONE, footer="", ink=(0, 0, 0))


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["SB"], seed=5)


@pytest.fixture(scope="module")
def bare(record: EcgRecord) -> np.ndarray:
    return render_sheet(record, style=BARE).image


def changed(image: np.ndarray, bare: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what differs, mm."""
    y, x = np.nonzero((image != bare).any(axis=-1))
    return tuple(float(edge) / SPEC.px_per_mm for edge in (x.min(), y.min(), x.max() + 1, y.max() + 1))


def test_names_stand_where_the_sheet_says(record: EcgRecord, bare: np.ndarray) -> None:
    styles = [replace(BARE, names=place) for place in NamePlace if place is not NamePlace.NONE]
    styles += [replace(styles[0], subscripts=True), replace(styles[0], name_box=True, accent=(0, 0, 200))]
    styles += [replace(styles[-1], face=face, name_height_mm=4.0) for face in faces()[:1]]
    for style in styles:
        printed = render_sheet(record, style=style)
        assert [printed.boxes[text.piece or 0].name for text in printed.texts] == [text.text for text in printed.texts]
        outside = np.ones(SPEC.shape[:2], bool)
        for text in printed.texts:
            room = 0.5 if style.name_box else 0.0
            left, top, right, bottom = (
                round(edge * SPEC.px_per_mm)
                for edge in (text.left_mm - room, text.top_mm - room, text.right_mm + room, text.bottom_mm + room)
            )
            assert (printed.image[top:bottom, left:right] < 128).any()
            outside[top:bottom, left:right] = False
        assert (printed.image == bare)[outside].all()


@pytest.mark.parametrize("rows", list(PulseRows))
@pytest.mark.parametrize("ink", [None, (0, 0, 200)])
def test_pulses_stand_where_the_sheet_says(
    record: EcgRecord, bare: np.ndarray, rows: PulseRows, ink: tuple[int, int, int] | None
) -> None:
    layout = Layout(chest_gain_mm_mv=5.0)
    style = replace(BARE, pulse=Pulse.BOTH, pulse_rows=rows, pulse_ink=ink)
    printed = render_sheet(record, style=style, layout=layout)
    assert len(printed.pulses) == (8 if rows is PulseRows.EVERY else 2)
    plain = render_sheet(record, style=BARE, layout=layout).image
    left, _, right, bottom = changed(printed.image, plain)
    assert left == pytest.approx(min(pulse.left_mm for pulse in printed.pulses) - 1, abs=0.6)
    assert right == pytest.approx(max(pulse.left_mm + pulse.width_mm for pulse in printed.pulses) + 1, abs=0.6)
    assert bottom == pytest.approx(max(pulse.foot_mm for pulse in printed.pulses), abs=0.6)
    heights = [pulse.height_mm for pulse in printed.pulses]
    assert heights == ([10.0, 5.0] * 3 + [10.0, 10.0] if rows is PulseRows.EVERY else
                       [10.0, 5.0] if rows in (PulseRows.FIRST, PulseRows.MARGIN) else [10.0, 10.0])  # fmt: skip


@pytest.mark.parametrize("kind", [Separator.RULE, Separator.DASHED, Separator.DOTTED, Separator.TICKS_BOTH])
def test_rules_run_down_between_the_columns(record: EcgRecord, bare: np.ndarray, kind: Separator) -> None:
    printed = render_sheet(record, style=replace(BARE, separator=kind))
    left, top, right, bottom = changed(printed.image, bare)
    edges = sorted({box.x_mm for box in printed.boxes})
    assert left == pytest.approx(edges[1], abs=0.6)
    assert right == pytest.approx(edges[-1], abs=0.6)
    assert top < printed.boxes[0].baseline_mm
    if kind is not Separator.TICKS_BOTH:
        assert printed.boxes[8].baseline_mm < bottom < printed.boxes[-1].baseline_mm


def test_a_joined_trace_leaves_no_hole(record: EcgRecord) -> None:
    style = replace(BARE, joined=True)
    printed = render_sheet(record, style=style, layout=Layout(gap_mm=3.0))
    first = printed.boxes[0]
    between = slice(*(round(x * SPEC.px_per_mm) for x in (first.x_mm + first.width_mm - 2, printed.boxes[1].x_mm + 2)))
    rows = slice(*(round((first.baseline_mm + y) * SPEC.px_per_mm) for y in (-15, 15)))
    assert (printed.image[rows, between, 0].min(axis=0) < 128).all()


def test_grids_of_dots_and_grids_that_end(record: EcgRecord) -> None:
    dots = replace(BARE, palette="black", minor_grid=MinorGrid.NONE, major_grid=MajorGrid.DOTS, major_mm=0.4)
    square = render_sheet(record, style=dots).image[:40, :40, 0]
    assert 0 < (square < 200).mean() < 0.15
    dense = render_sheet(record, style=replace(dots, major_grid=MajorGrid.DENSE_DOTS)).image[:40, :40, 0]
    assert (255.0 - dense).sum() > 1.5 * (255.0 - square).sum()
    framed = replace(BARE, palette="red", grid_box=(10.0, 12.0, 280.0, 150.0), surround=(20, 20, 30))
    image = render_sheet(record, style=framed).image
    assert (image[: 12 * 4] == (20, 20, 30)).all()
    assert (image[:, : 10 * 4] == (20, 20, 30)).all()
    assert (image[13 * 4 : 14 * 4, 11 * 4 : 20 * 4].max(axis=(0, 1)) > 200).all()


def test_texts_and_frames_stand_where_they_are_put(record: EcgRecord, bare: np.ndarray) -> None:
    text = Text(text="0.5 cm/mV", x_mm=40.0, y_mm=20.0, height_mm=4.0)
    for style in (replace(BARE, texts=(text,)), replace(BARE, texts=(replace(text, ink=(200, 0, 0)),))):
        printed = render_sheet(record, style=style)
        (written,) = printed.texts
        assert (written.left_mm, written.bottom_mm) == pytest.approx((40.0, 20.5), abs=1.2)
        assert changed(printed.image, bare)[:2] == pytest.approx((written.left_mm, written.top_mm))
    shape = Shape(left_mm=5, top_mm=6, right_mm=50, bottom_mm=9, ink=(10, 10, 10), line_mm=0.5)
    assert changed(render_sheet(record, style=replace(BARE, shapes=(shape,))).image, bare) == (5, 6, 50, 9)


def test_only_faces_with_the_letters_are_found(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no face")
    for face in faces()[:1]:
        (tmp_path / "good.ttf").write_bytes(face.read_bytes())
    assert [path.name for path in faces(tmp_path)] == ["good.ttf"] * len(faces()[:1])


def test_the_mask_holds_the_traces_alone(record: EcgRecord, bare: np.ndarray) -> None:
    busy = PrintStyle(separator=Separator.RULE, texts=(Text(text="text", x_mm=20, y_mm=20),))
    mask = trace_mask(record, style=busy)
    plain = (255 - bare[..., 0].astype(float)) / 255
    assert np.abs(trace_mask(record, style=replace(BARE, trace_mm=busy.trace_mm)) - mask).max() < 1e-6
    assert np.abs(mask - plain).mean() < 1e-3


def test_a_cut_sheet_tells_what_is_left(record: EcgRecord) -> None:
    whole = render_sheet(record)
    first = whole.boxes[0]
    part, spec = cut_sheet(whole, SPEC, left_mm=first.x_mm + 10, top_mm=first.baseline_mm + 1, right_mm=200.0)
    assert part.image.shape == spec.shape
    top, left = (round(edge * SPEC.px_per_mm) for edge in (first.baseline_mm + 1, first.x_mm + 10))
    np.testing.assert_array_equal(part.image, whole.image[top:, left : 200 * 4])
    assert [box.lead for box in part.boxes if box.column == 0 and box.row] == ["II", "III", "II"]
    assert "V4" not in {box.lead for box in part.boxes}
    rhythm = part.boxes[-1]
    assert rhythm.x_mm == pytest.approx(0.0)
    assert rhythm.start_s == pytest.approx(0.4, abs=0.01)
    assert rhythm.width_mm == pytest.approx(spec.width_mm)
    assert all(part.boxes[text.piece].name == text.text for text in part.texts if text.piece is not None)
    assert not part.pulses
