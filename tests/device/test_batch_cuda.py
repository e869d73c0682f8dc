"""The batched path on a GPU gives what it gives on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tolerances import tolerance
from vizecg.data.batch import draw_sheets, inks_from_plans, pack_pictures, sheets_from_plans, take_photos
from vizecg.records.synthetic import synthetic_record
from vizecg.render import LAYOUTS, plan_under
from vizecg.spec import Condition

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: torch.cuda.is_available() is false"),
]


def test_cuda_draws_what_the_cpu_draws() -> None:
    conditions = list(Condition)
    plans = [
        plan_under(condition, synthetic_record(i, seed=1), seed=3, layouts=tuple(LAYOUTS))
        for i, condition in enumerate(conditions)
    ]
    sheets = [draw_sheets([plan.sheet for plan in plans], device=device) for device in ("cpu", "cuda")]
    assert sheets[1].is_cuda
    assert torch.equal(sheets[0], sheets[1].cpu())
    shots = [plan.photo for plan in plans if plan.photo is not None]
    photos = [take_photos(sheet[-len(shots) :], shots).images.cpu().int() for sheet in sheets]
    assert (photos[0] - photos[1]).abs().float().mean() < tolerance("batch-jpeg")
    parcel = pack_pictures(plans, chunk=5)
    rectified = [sheets_from_plans(parcel, device=device).cpu().int() for device in ("cpu", "cuda")]
    assert (rectified[0] - rectified[1]).abs().float().mean() < tolerance("batch-jpeg")


def test_a_data_loader_feeds_cuda_inside_autocast() -> None:
    """Pinned memory, and settings of a training loop that round float32 elsewhere."""
    plans = [plan_under(Condition.PHOTO, synthetic_record(i, seed=1), seed=3) for i in range(4)]
    expected = inks_from_plans(pack_pictures(plans), device="cpu").int()
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        loader = DataLoader(plans, batch_size=4, collate_fn=pack_pictures, pin_memory=True)  # type: ignore[arg-type]
        (parcel,) = loader
        with torch.autocast("cuda", dtype=torch.bfloat16):
            found = inks_from_plans(parcel, device="cuda")
    finally:
        torch.set_float32_matmul_precision(before)
    assert parcel.memory.is_pinned()
    assert np.abs((found.cpu().int() - expected).numpy()).mean() < tolerance("batch-ink")
