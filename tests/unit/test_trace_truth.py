"""Where traces are said to be, there is their ink: on clean, printed and photographed sheets, however changed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.data.augment import InkChange, change_ink, draw_ink_change
from vizecg.data.emptiness import draw_emptiness
from vizecg.data.misread import draw_misread
from vizecg.data.source import varied_source
from vizecg.data.trace_truth import ROWS, row_samples, trace_truth
from vizecg.records import EcgRecord
from vizecg.render import Layout, PictureDraft, draft_under, record_key, sheet_under
from vizecg.render.photo_plan import lattice_points
from vizecg.render.register import RegistrationError, draft_misplacement, misplaced, placed
from vizecg.render.sheet import drawing_rate, drawn_signal
from vizecg.render.traces import stored_signal
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map

pytestmark = pytest.mark.unit

SPEC, INPUT = SheetSpec(), PreprocessSpec()
SIZE = (INPUT.height, INPUT.width)
PX_PER_MM = INPUT.height / SPEC.height_mm
AS_IT_IS = InkChange(shift=(0, 0), table=np.arange(256, dtype=np.uint8), patches=())
DARK = 60
"""Grey level of an ink map that no paper reaches."""


class Picture(NamedTuple):
    ink: np.ndarray
    rows: np.ndarray
    draft: PictureDraft


def record_of(index: int) -> EcgRecord:
    source = varied_source(4, seed=3)
    return source.read(source.items[index])


def picture_of(record: EcgRecord, condition: Condition) -> Picture:
    draft = draft_under(
        condition, record_key(record.record_id), duration_s=record.duration_s, seed=5, spec=SPEC, variant=1
    )
    sheet = sheet_under(condition, record, seed=5, spec=SPEC, variant=1)
    rate = drawing_rate(SPEC, Layout())
    steps = stored_signal(drawn_signal(record, sampling_rate=rate))
    return Picture(
        ink=ink_map(sheet, sheet_spec=SPEC, spec=INPUT),
        rows=row_samples(steps, draft.sheet.boxes, sampling_rate=rate),
        draft=draft,
    )


def change_of(kind: str, picture: Picture) -> InkChange:
    rng = np.random.default_rng(8)
    if kind == "as it is":
        return AS_IT_IS
    change = draw_ink_change(rng, size=SIZE)
    if kind == "emptied":
        return draw_emptiness(rng, picture.draft, size=SIZE).added_to(change)
    return change if kind == "shifted" else replace(change, moves=draw_misread(rng, picture.draft, size=SIZE))


def on_ink(truth: np.ndarray, ink: np.ndarray, *, within: float, off: float = 0.0) -> float:
    """Share of the columns where traces are said to be, of which ink is not further away: none that is much paler than
    what else is near, as the lines of a grid are."""
    baselines = sorted({box.baseline_mm for box in Layout().boxes(SPEC, duration_s=10.0)})
    found = []
    for row, baseline in enumerate(baselines):
        for column in np.flatnonzero(truth[1, row]):
            line = (baseline - truth[0, row, column]) * PX_PER_MM - 0.5 + off
            low, high = max(0, int(np.ceil(line - within))), int(np.floor(line + within))
            around = ink[max(0, int(line) - 8) : int(line) + 9, column].max(initial=0)
            found.append(ink[low : high + 1, column].max(initial=0) > max(DARK, 0.6 * around))
    return float(np.mean(found))


@pytest.mark.parametrize("kind", ["as it is", "shifted", "emptied", "misread"])
@pytest.mark.parametrize("condition", [Condition.CLEAN, Condition.PRINT, Condition.PHOTO])
def test_there_is_ink_where_it_says(condition: Condition, kind: str) -> None:
    within, share = (1.5, 0.98) if condition is Condition.CLEAN else (2.0, 0.95)
    there, elsewhere = [], []
    for index in range(4):
        picture = picture_of(record_of(index), condition)
        change = change_of(kind, picture)
        truth = trace_truth(picture.rows, picture.draft, change, size=SIZE)
        ink = change_ink(picture.ink, change)
        assert truth.shape == (2, ROWS, INPUT.width)
        assert truth[1].mean() > (0.4 if kind == "emptied" else 0.8)
        there.append(on_ink(truth, ink, within=within))
        elsewhere.append(on_ink(truth, ink, within=within, off=5.0))
    assert np.mean(there) >= share
    # It would not be so anywhere: what is five pixels beside it are strokes of a QRS complex.
    assert np.mean(elsewhere) < 0.25


def test_heights_are_millimetres_about_the_rows_of_a_clean_sheet() -> None:
    """A beat of 1 mV is 10 mm high; a shift of three pixels down is 1.5 mm less."""
    record = record_of(0)
    picture = picture_of(record, Condition.CLEAN)
    truth = trace_truth(picture.rows, picture.draft, AS_IT_IS, size=SIZE)
    strip = truth[0, 3][truth[1, 3] > 0]
    drawn = drawn_signal(record, sampling_rate=100.0)[1, :1000] * 10
    assert strip.max() == pytest.approx(drawn.max(), abs=tolerance("trace-column-mm"))
    assert abs(float(np.median(strip))) < tolerance("trace-column-mm")
    moved = trace_truth(
        picture.rows, picture.draft, InkChange(shift=(3, -2), table=AS_IT_IS.table, patches=()), size=SIZE
    )
    both = (truth[1, :, 2:] * moved[1, :, :-2]) > 0
    np.testing.assert_allclose((truth[0, :, 2:] - moved[0, :, :-2])[both], 1.5, atol=tolerance("f32-reorder") * 10)


def test_a_misread_lead_is_told_where_it_was_moved_to() -> None:
    """A lead of twice its height, half a column to the right: twice as high about its baseline, and as late."""
    picture = picture_of(record_of(0), Condition.CLEAN)
    moves = list(draw_misread(np.random.default_rng(0), picture.draft, size=SIZE))
    still = [move._replace(shift=(0.0, 0.0), scale=(1.0, 1.0)) for move in moves]
    truth = trace_truth(picture.rows, picture.draft, AS_IT_IS, size=SIZE)
    np.testing.assert_allclose(
        trace_truth(picture.rows, picture.draft, replace(AS_IT_IS, moves=tuple(still)), size=SIZE),
        truth,
        atol=tolerance("f32-reorder") * 10,
    )
    # The strip, which is the last; its trace stays within its rectangle.
    still[-1] = still[-1]._replace(shift=(0.0, 62.0), scale=(1.5, 1.0))
    changed = replace(AS_IT_IS, moves=tuple(still))
    moved = trace_truth(picture.rows, picture.draft, changed, size=SIZE)
    both = (truth[1, 3, :-62] * moved[1, 3, 62:]) > 0
    assert both.sum() > 400
    np.testing.assert_allclose(
        moved[0, 3, 62:][both], 1.5 * truth[0, 3, :-62][both], atol=tolerance("f32-reorder") * 10
    )
    assert on_ink(moved, change_ink(picture.ink, changed), within=1.5) > 0.98
    np.testing.assert_allclose(moved[0, 0], truth[0, 0], atol=tolerance("f32-reorder") * 10)


def test_nothing_is_said_of_what_is_not_printed() -> None:
    picture = picture_of(record_of(0), Condition.CLEAN)
    truth = trace_truth(picture.rows, picture.draft, AS_IT_IS, size=SIZE)
    left = round(SPEC.block_x_mm * PX_PER_MM)
    assert not truth[1, :, : left - 1].any()
    assert not truth[1, :, left + 502 :].any()
    # All of row 1 is covered, and the right half of the strip.
    change = replace(AS_IT_IS, patches=((90, 0, 70, 576, 0),), empty=((230, 288, 90, 288),))
    changed = trace_truth(picture.rows, picture.draft, change, size=SIZE)
    assert not changed[1, 1].any()
    assert not changed[1, 3, 288:].any()
    np.testing.assert_array_equal(changed[:, 3, :288], truth[:, 3, :288])
    np.testing.assert_array_equal(changed[:, 0], truth[:, 0])


def test_a_short_record_is_as_long_as_it_is() -> None:
    """Its columns begin together, and its strip ends with it."""
    record = record_of(1)
    short = EcgRecord(
        record_id=record.record_id,
        signal=record.signal[:, : int(6 * record.sampling_rate)],
        sampling_rate=record.sampling_rate,
    )
    picture = picture_of(short, Condition.PRINT)
    truth = trace_truth(picture.rows, picture.draft, AS_IT_IS, size=SIZE)
    assert 280 < truth[1, 3].sum() < 302
    assert truth[1, 0].sum() > 470
    assert on_ink(truth, picture.ink, within=2.0) > 0.95


def test_an_erring_rectifier_is_followed_to_a_hundredth_of_a_pixel() -> None:
    size = (SPEC.height_px, SPEC.width_px)
    draft = draft_misplacement(size, spec=SPEC, rng=np.random.default_rng(2), error=RegistrationError())
    true = misplaced(size, spec=SPEC, rng=np.random.default_rng(2), error=RegistrationError())
    nodes = lattice_points(size)[1:-1, 1:-1].reshape(-1, 2)
    found = placed(draft, true[1:-1, 1:-1].reshape(-1, 2), size)
    np.testing.assert_allclose(found, nodes, atol=tolerance("placed-px"))
