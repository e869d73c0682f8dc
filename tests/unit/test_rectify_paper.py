"""Paper whose grid is of dots, of other squares or not there at all: its millimetres, and that it lies flat."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records.synthetic import synthetic_record
from vizecg.render import Arrangement, Layout, PrintStyle, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import InputRefusedError, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.leads.find import find_page
from vizecg_edge.rectify import Reason
from vizecg_edge.rectify.every_line import is_drawn
from vizecg_edge.rectify.find import FoundPaper, find_paper
from vizecg_edge.rectify.grid import find_grid
from vizecg_edge.rectify.gridless import find_printed
from vizecg_edge.rectify.prepare import prepare
from vizecg_edge.rectify.ruler import RulerKind
from vizecg_edge.rectify.straighten import CELL_PX, straightened
from vizecg_edge.rectify.traces import trace_view
from vizecg_edge.rectify.warp import Bend, bend_at, first_bend, refine_bend

pytestmark = pytest.mark.unit

SPEC = SheetSpec(px_per_mm=5.5)


def sheet(*, palette: str = "none", pulse: Pulse = Pulse.LEFT) -> np.ndarray:
    style = PrintStyle(palette=palette, pulse=pulse)
    return render_sheet(synthetic_record(3, seed=11), spec=SPEC, style=style).image.copy()


def dotted() -> np.ndarray:
    """Dots of one pixel, every millimetre and closer along the 5 mm lines, rounded to pixels as recorders' exports
    are."""
    image = sheet()
    paper = np.full_like(image, 255)
    rows, columns = (np.arange(0, mm, 1.0) for mm in (SPEC.height_mm, SPEC.width_mm))
    fine_rows, fine_columns = (np.arange(0, mm, 0.75) for mm in (SPEC.height_mm, SPEC.width_mm))

    def px(mm: np.ndarray) -> np.ndarray:
        return (mm * SPEC.px_per_mm).astype(int)

    paper[np.ix_(px(rows), px(columns))] = (200, 150, 150)
    paper[np.ix_(px(rows[::5]), px(fine_columns))] = (220, 110, 110)
    paper[np.ix_(px(fine_rows), px(columns[::5]))] = (220, 110, 110)
    return np.minimum(image, paper)


def lined(every_mm: float) -> np.ndarray:
    """Lines of one strength alone."""
    image = sheet()
    for length, across in ((SPEC.height_px, False), (SPEC.width_px, True)):
        mm = (np.arange(length) + 0.5) / SPEC.px_per_mm
        apart = np.abs(mm / every_mm - np.round(mm / every_mm)) * every_mm
        light = (255 - 90 * np.clip((0.1 - apart) * SPEC.px_per_mm + 0.5, 0, 1)).astype(np.uint8)
        line = light[None, :, None] if across else light[:, None, None]
        image[..., 1:] = np.minimum(image[..., 1:], line)
    return image


def measured(found: FoundPaper, image: np.ndarray, stretch: float = 1.0) -> tuple[np.ndarray, float]:
    """(2,) relative errors of the scale across and down over the traces, and how far (mm) from straight and even they
    lie at worst."""
    x, y = np.meshgrid(SPEC.block_x_mm + np.linspace(0, BLOCK_MM, 26), SPEC.block_y_mm + np.linspace(-55, 55, 12))
    mm = np.stack([x.ravel(), y.ravel()], axis=1)
    seen = cv2.perspectiveTransform(
        ((SPEC.mm_to_px(mm) + 0.5) * [stretch, 1.0] - 0.5)[None], found.grid.to_cells @ prepare(image).to_work
    )[0]
    flat = seen
    for _ in range(4):
        flat = seen - bend_at(found.bend, flat)
    matrix = np.column_stack([mm, np.ones(len(mm))])
    fitted = np.linalg.lstsq(matrix, 5 * flat, rcond=None)[0]
    apart = np.linalg.norm(5 * flat - matrix @ fitted, axis=1)
    return np.linalg.norm(fitted[:2], axis=1) - 1, float(apart.max())


def test_a_flat_page_with_a_dotted_grid_stays_flat() -> None:
    image = dotted()
    found = find_paper(prepare(image))
    assert found.ruler.kind is RulerKind.GRID
    assert not found.ruler.doubt
    errors, apart = measured(found, image)
    assert np.abs(errors).max() < tolerance("grid-scale")
    assert apart < tolerance("flat-mm")


@pytest.mark.parametrize(("pulse", "stretch"), [(Pulse.LEFT, 1.0), (Pulse.RIGHT, 0.87), (Pulse.LEFT, 1.15)])
def test_pulses_are_the_ruler_where_no_grid_is_seen(pulse: Pulse, stretch: float) -> None:
    image = sheet(pulse=pulse)
    image = cv2.resize(image, (round(image.shape[1] * stretch), image.shape[0]), interpolation=cv2.INTER_AREA)
    found = find_paper(prepare(image))
    assert found.ruler.kind is RulerKind.PULSES
    assert not found.ruler.doubt
    errors, _ = measured(found, image, stretch)
    assert np.abs(errors).max() < tolerance("gridless-scale")
    assert tolerance("grid-scale") < found.ruler.sd_x < tolerance("gridless-scale")


def test_rows_alone_are_a_ruler_that_says_how_little_it_knows() -> None:
    image = sheet(pulse=Pulse.NONE)
    found = find_paper(prepare(image))
    errors, _ = measured(found, image)
    assert found.ruler.kind is RulerKind.COLUMNS
    assert np.abs(errors).max() < tolerance("gridless-scale")
    assert found.ruler.sd_x >= 0.04
    assert found.ruler.sd_y > found.ruler.sd_x


def long_page(*, palette: str, **layout: object) -> np.ndarray:
    """A sheet 500 mm wide, at ``SPEC``'s scale."""
    every = Layout(speed_mm_s=100.0, column_mm=500.0 if "arrangement" in layout else 125.0, **layout)  # type: ignore[arg-type]
    spec = every.sheet(px_per_mm=SPEC.px_per_mm)
    style = PrintStyle(palette=palette, pulse=Pulse.LEFT)
    return render_sheet(synthetic_record(3, seed=11), spec=spec, style=style, layout=every).image


def test_print_says_how_large_the_pulses_of_a_page_without_a_grid_are() -> None:
    """By its rows alone it would be half as long."""
    found = find_page(long_page(palette="none"))
    assert found.ruler.kind is RulerKind.PULSES
    assert found.page.px_per_mm == pytest.approx(SPEC.px_per_mm, rel=tolerance("gridless-scale"))
    assert found.layout.name == "3x4+R"


def test_rows_of_traces_are_no_lines_of_the_grid() -> None:
    """Twelve rows lie 2.5 squares apart."""
    image = long_page(palette="red", arrangement=Arrangement.TWELVE_BY_ONE, rhythm=(), gain_mm_mv=5.0)
    work = prepare(image)
    found = find_paper(work)
    assert found.ruler.kind is RulerKind.GRID
    assert not found.ruler.doubt
    px = np.array([[0.0, 0.0], [SPEC.px_per_mm * 100, 0.0], [0.0, SPEC.px_per_mm * 100]]) + 300
    at, *ends = 5 * cv2.perspectiveTransform(px[None], found.grid.to_cells @ work.to_work)[0]
    for end in ends:
        assert np.linalg.norm(end - at) == pytest.approx(100.0, rel=tolerance("grid-scale"))


def test_a_turned_page_without_a_grid_is_laid_level() -> None:
    image = sheet()
    turn = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), 7.0, 0.9)
    turned = cv2.warpAffine(image, turn, (image.shape[1], image.shape[0]), borderValue=(255, 255, 255))
    found = find_paper(prepare(turned))
    ends = np.array([[SPEC.block_x_mm, SPEC.block_y_mm], [SPEC.block_x_mm + BLOCK_MM, SPEC.block_y_mm]])
    px = SPEC.mm_to_px(ends) @ turn[:, :2].T + turn[:, 2]
    first, last = cv2.perspectiveTransform(px[None], found.grid.to_cells @ prepare(turned).to_work)[0]
    assert abs(5 * (last - first)[1]) < 1.0, "mm over the whole row"


@pytest.mark.parametrize("every_mm", [1.0, 10.0])
@pytest.mark.parametrize("width", [620, None])
def test_squares_of_another_size_are_never_taken_for_5_mm_in_silence(every_mm: float, width: int | None) -> None:
    image = lined(every_mm)
    stretch = 1.0 if width is None else width / image.shape[1]
    small = cv2.resize(image, None, fx=stretch, fy=stretch, interpolation=cv2.INTER_AREA)
    found = find_paper(prepare(small))
    px = (SPEC.mm_to_px(np.array([[20.0, 60.0], [220.0, 60.0], [20.0, 120.0]])) + 0.5) * stretch - 0.5
    at, across, down = 5 * cv2.perspectiveTransform(px[None], found.grid.to_cells @ prepare(small).to_work)[0]
    off = max(abs(np.linalg.norm(across - at) / 200 - 1), abs(np.linalg.norm(down - at) / 60 - 1))
    assert found.ruler.doubt or off < tolerance("gridless-scale")


def test_a_plain_grid_is_read_as_ever() -> None:
    work = prepare(sheet(palette="red"))
    grid = find_grid(work.grid_ink)
    found = find_paper(work)
    assert np.array_equal(found.grid.to_cells, grid.to_cells)
    assert np.array_equal(found.bend.cells, refine_bend(work.grid_ink, grid, first_bend(grid)).cells)
    assert found.ruler.kind is RulerKind.GRID
    assert not found.ruler.doubt


def test_lines_of_text_are_no_rows_of_traces() -> None:
    page = np.full((1200, 1600, 3), 245, np.uint8)
    for line in range(22):
        cv2.putText(page, "the patient was seen at noon and sent home", (60, 80 + line * 50), 0, 1.5, (20, 20, 20), 2)
    with pytest.raises(InputRefusedError) as caught:
        find_printed(prepare(page))
    assert caught.value.reason == Reason.NO_GRID.value


def test_steep_waves_do_not_bend_flat_paper() -> None:
    work = prepare(sheet(palette="red"))
    paper = find_paper(work)
    view = trace_view(work.trace_ink, paper.grid, paper.bend)
    traces = (view.ink > view.threshold).astype(np.uint8)
    bend = straightened(work.grid_ink, paper.grid, paper.bend, traces)
    inside = cv2.erode(paper.grid.present.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    before, after = (5 * np.abs(cells[inside][:, 0]) for cells in (paper.bend.cells, bend.cells))
    assert paper.lined
    assert np.percentile(after, 95) < 0.6 * np.percentile(before, 95)
    assert np.percentile(after, 90) < tolerance("line-mm")


def test_lines_are_followed_to_where_they_lie() -> None:
    work = prepare(sheet(palette="red"))
    paper = find_paper(work)
    shape = paper.bend.cells.shape[:2]
    wrong = 0.12 * np.sin(np.arange(shape[1]) * 2 * np.pi / 12)[None, :, None] * np.ones((*shape, 2))
    bend = Bend(left=paper.bend.left, top=paper.bend.top, cells=wrong.astype(np.float32))
    found = straightened(work.grid_ink, paper.grid, bend, np.zeros((shape[0] * CELL_PX, shape[1] * CELL_PX), np.uint8))
    inside = cv2.erode(paper.grid.present.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert 5 * np.percentile(np.abs(found.cells[inside]), 90) < tolerance("line-mm")


def _lines(*, across: int, down: int) -> np.ndarray:
    """Ink of every so manieth upright and level line of a grid of 30 px."""
    ink = np.zeros((900, 1400), np.uint8)
    ink[:, :: 30 * across] = ink[:, 1 :: 30 * across] = 80
    ink[:: 30 * down] = ink[1 :: 30 * down] = 80
    return ink


def test_a_lattice_of_which_most_lines_are_not_drawn_is_no_grid() -> None:
    grid = find_grid(_lines(across=1, down=1))
    bend = first_bend(grid)
    assert is_drawn(_lines(across=1, down=1), grid, bend)
    assert is_drawn(_lines(across=1, down=2), grid, bend), "lines of one direction may be faint"
    assert not is_drawn(_lines(across=3, down=2), grid, bend)
