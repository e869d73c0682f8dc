"""Packed batches on their way to a device, and what packing refuses."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from vizecg.data.batch import (
    Parcel,
    draw_sheets,
    ink_maps,
    pack_photos,
    pack_pictures,
    pack_sheets,
    plan_batch,
    take_photos,
)
from vizecg.data.batch.transfer import plain_arithmetic
from vizecg.records.synthetic import synthesise
from vizecg.render import PicturePlan, plan_under
from vizecg.render.sheet import plan_sheet
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def plans() -> list[PicturePlan]:
    record = synthesise(["SB"], seed=5)
    return [plan_under(condition, record, seed=1) for condition in (Condition.STAINED, Condition.PRINT)]


def test_a_parcel_holds_the_batch(plans: list[PicturePlan]) -> None:
    batch = pack_sheets([plan.sheet for plan in plans])
    parcel = Parcel.of(batch)
    assert parcel.memory.nbytes >= batch.nbytes
    opened = parcel.to("cpu").open()
    for name in ("templates", "pick", "low", "high", "taps", "ink", "place", "opacity"):
        assert torch.equal(getattr(opened, name), getattr(batch, name)), name
        assert getattr(opened, name).untyped_storage().data_ptr() == parcel.memory.untyped_storage().data_ptr()


def test_workers_hand_over_one_piece_of_memory(plans: list[PicturePlan]) -> None:
    expected = pack_pictures(plans)
    loader = DataLoader(
        plans,  # type: ignore[arg-type]
        batch_size=2,
        collate_fn=pack_pictures,
        num_workers=1,
        multiprocessing_context="spawn",
    )
    (parcel,) = loader
    assert torch.equal(parcel.memory, expected.memory)
    assert len(pickle.dumps(parcel.content)) < 10_000  # all that goes through the pipe
    assert parcel.memory.nbytes < 3_000_000


def test_what_does_not_fit_is_refused(plans: list[PicturePlan]) -> None:
    record = synthesise(["SB"], seed=5)
    small = plan_sheet(record, spec=SheetSpec(px_per_mm=3.0))
    with pytest.raises(ValueError, match="one sheet size"):
        pack_sheets([plans[0].sheet, small])
    with pytest.raises(ValueError, match="no plans"):
        draw_sheets([])
    with pytest.raises(ValueError, match="at least one"):
        pack_photos([], sheet=(640, 1152))
    with pytest.raises(ValueError, match="at least one"):
        pack_pictures([])
    sheets = draw_sheets([plans[0].sheet])
    with pytest.raises(ValueError, match="0 plans for 1 sheets"):
        take_photos(sheets, [])
    spec = SheetSpec()
    with pytest.raises(ValueError, match="larger than its sheet"):
        ink_maps(sheets, sheet_spec=spec, spec=PreprocessSpec(height=800))
    with pytest.raises(ValueError, match="expected uint8 sheets"):
        ink_maps(sheets.float(), sheet_spec=spec, spec=PreprocessSpec())
    with pytest.raises(ValueError):
        plan_batch([record], conditions=[], seed=0)


def test_autocast_and_gradients_stay_outside() -> None:
    weight = torch.ones(3, 3, requires_grad=True)

    @plain_arithmetic
    def product() -> torch.Tensor:
        return weight @ weight

    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (weight @ weight).dtype == torch.bfloat16
        found = product()
    assert found.dtype == torch.float32
    assert not found.requires_grad
    np.testing.assert_array_equal(found.numpy(), 3)
