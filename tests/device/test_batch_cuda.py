"""The batched path on a GPU gives what it gives on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tolerances import tolerance
from vizecg.data.batch import draw_sheets, fused, fusing, inks_from_plans, pack_pictures, sheets_from_plans, take_photos
from vizecg.data.fresh import samples_on_device, signals_on_device
from vizecg.data.source import synthetic_source
from vizecg.records.synthetic import synthetic_record
from vizecg.render import LAYOUTS, plan_under
from vizecg.spec import Condition
from vizecg.train.loaders import training_loader
from vizecg.train.recipes import small_recipe
from vizecg.train.seen import open_cache

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


def test_fused_steps_draw_what_the_cpu_draws() -> None:
    """Compiled once, for batches of several sizes; the last one is a single picture."""
    for count in (6, 4, 1):
        conditions = [Condition.PHOTO, Condition.SEVERE, Condition.PRINT, Condition.MONITOR, *[Condition.PHOTO] * 2]
        plans = [
            plan_under(condition, synthetic_record(i, seed=count), seed=count)
            for i, condition in enumerate(conditions[:count])
        ]
        parcel = pack_pictures(plans)
        expected = [sheets_from_plans(parcel, device="cpu").int(), inks_from_plans(parcel, device="cpu").int()]
        with fusing():
            found = [sheets_from_plans(parcel, device="cuda").cpu(), inks_from_plans(parcel, device="cuda").cpu()]
            assert fused.is_fusing(), "the compiler failed"
        for name, one, other in zip(("batch-jpeg", "batch-ink"), found, expected, strict=True):
            assert (one - other).abs().float().mean() < tolerance(name)


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


def test_cuda_draws_the_samples_that_the_cpu_draws(tmp_path: Path) -> None:
    """From a loader whose workers draft, in pinned memory, to the input of the network."""
    config = small_recipe().model_copy(update={"pictures": "device", "batch_size": 8})
    cache = open_cache(tmp_path, "train", source=synthetic_source(8, seed=1), config=config, workers=1)
    loader = training_loader(cache, config, part=(0, 1), start=None, workers=1)
    (parcel,) = loader
    assert parcel.memory.is_pinned()
    spec = config.preprocess_spec()
    samples = [
        samples_on_device(parcel.to(device), signals_on_device(cache, torch.device(device)), spec)
        for device in ("cpu", "cuda")
    ]
    assert torch.equal(samples[0].signal, samples[1].signal.cpu())
    assert torch.equal(samples[0].labels, samples[1].labels.cpu())
    inks = [(sample.image.cpu() * spec.std + spec.mean) * 255 for sample in samples]
    assert (inks[0] - inks[1]).abs().mean() < tolerance("batch-ink")
