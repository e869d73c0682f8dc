"""What a device works out of drafts is what ``vizecg.render`` works out of them one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tolerances import tolerance
from vizecg.data.batch.drafts import batch_of_drafts, worked_out
from vizecg.data.batch.pictures import rectified_part
from vizecg.records.synthetic import synthetic_record
from vizecg.render import LAYOUTS, draft_under, plan_under, record_key, sheet_under
from vizecg.render.layout import Layout, Timing
from vizecg.render.photo_plan import lattice_shape
from vizecg.render.sheet import drawn_signal
from vizecg.render.traces import STEP_MV, stored_signal
from vizecg.spec import Condition, SheetSpec

pytestmark = pytest.mark.parity

SPEC = SheetSpec()
RECORDS = [synthetic_record(i, seed=1, sampling_rate=100.0) for i in range(5)]
KINDS = (*LAYOUTS, Layout(timing=Timing.SIMULTANEOUS))


@pytest.fixture(scope="module")
def signals() -> torch.Tensor:
    return torch.from_numpy(np.stack([stored_signal(drawn_signal(record, sampling_rate=400.0)) for record in RECORDS]))


def check_places(found: np.ndarray, expected: np.ndarray) -> None:
    """A node here and there takes the next of the 32nds that bends are read in, and the fixed-point steps have not come
    to rest where paper seems steepest, far beyond its edge."""
    wrong = np.abs(found - expected)
    assert np.quantile(wrong, 0.999) < tolerance("draft-place")
    assert wrong.max() < tolerance("draft-place-step")


@pytest.mark.parametrize("condition", list(Condition))
def test_traces_places_and_light_agree(condition: Condition, signals: torch.Tensor) -> None:
    plans = [plan_under(condition, record, seed=3, variant=i, layouts=KINDS) for i, record in enumerate(RECORDS)]
    drafts = [
        draft_under(
            condition,
            record_key(record.record_id),
            duration_s=record.duration_s,
            seed=3,
            variant=i,
            layouts=KINDS,
        )
        for i, record in enumerate(RECORDS)
    ]
    (packed,) = batch_of_drafts(
        drafts, records=range(len(RECORDS)), samples=[signals.shape[2]] * len(RECORDS), chunk=len(RECORDS)
    ).parts
    part = worked_out(packed, signals, spec=SPEC)
    for i, plan in enumerate(plans):
        rows = len(plan.sheet.spans.low)
        for expected, found in ((plan.sheet.spans.low, part.sheets.low), (plan.sheet.spans.high, part.sheets.high)):
            inked = np.isfinite(expected)
            np.testing.assert_array_equal(torch.isfinite(found[:rows, i]), inked)
            assert not torch.isfinite(found[rows:, i]).any()
            np.testing.assert_allclose(found[:rows, i].numpy()[inked], expected[inked], atol=tolerance("draft-span"))
    shots = [plan for plan in plans if plan.photo is not None]
    seen = part.seen if shots else part.seen_print
    for i, plan in enumerate(plans if condition is not Condition.CLEAN else ()):
        assert plan.seen is not None
        check_places(seen[i].permute(1, 2, 0).numpy(), plan.seen)
    for i, plan in enumerate(shots):
        assert plan.photo is not None
        assert part.photos is not None
        rows, columns = lattice_shape(plan.photo.size)
        lattice = part.photos.lattice[i, :, :rows, :columns].permute(1, 2, 0).numpy()
        check_places(lattice, plan.photo.lattice)
        light = part.photos.light[i, :, :rows, :columns].permute(1, 2, 0).numpy().astype(int)
        wrong = np.abs(light - plan.photo.light)
        assert wrong.max() <= 1
        assert (wrong > 0).mean() < tolerance("draft-light")


@pytest.mark.parametrize("condition", [Condition.PRINT, Condition.PHOTO, Condition.CROPPED])
def test_sheets_of_drafts_are_those_of_records(condition: Condition, signals: torch.Tensor) -> None:
    drafts = [
        draft_under(condition, record_key(record.record_id), duration_s=record.duration_s, seed=4, variant=i)
        for i, record in enumerate(RECORDS[:3])
    ]
    (packed,) = batch_of_drafts(drafts, records=range(3), samples=[signals.shape[2]] * 3, chunk=3).parts
    found = rectified_part(worked_out(packed, signals, spec=SPEC), SPEC).permute(0, 2, 3, 1).numpy().astype(int)
    expected = [sheet_under(condition, record, seed=4, variant=i) for i, record in enumerate(RECORDS[:3])]
    assert np.abs(found - expected).mean() < tolerance("draft-jpeg")


def test_what_is_kept_is_near_and_never_wraps() -> None:
    signal = np.array([[0.0, 1.0, -2.5, 60.0, -60.0]], np.float32)
    stored = stored_signal(signal)
    np.testing.assert_allclose(stored[0, :3] * STEP_MV, signal[0, :3], atol=STEP_MV / 2)
    assert stored[0, 3] == 32767
    assert stored[0, 4] == -32768
