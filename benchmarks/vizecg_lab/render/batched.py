"""Images per second of the batched path, where a GPU draws, photographs, rectifies and preprocesses whole batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SHEET, PHOTO, INK = "sheet", "sheet + photo", "sheet + photo + register + ink"
STAGES = (SHEET, PHOTO, INK)


def batched_rates(
    records: Sequence[Any] | None = None,
    *,
    device: str | None = None,
    batch: int = 64,
    rounds: int = 10,
    condition: str = "photo",
    seed: int = 11,
) -> dict[str, Any]:
    """Median images per second of each stage, and what surrounds them.

    Uploads are counted; planning is not, since a data loader's workers do it meanwhile. Its cost is beside the rates.

    Args:
        records: ``EcgRecord``s to draw, repeated to fill the batch; a few synthetic ones for None.
        device: "cuda" for None; "cpu" to try it. Where it names CUDA and there is none, the rates are None.
        batch: pictures that are drawn at once.
        rounds: of all stages in turn, after one round to warm up.
        condition: name of a print condition with a photograph.
        seed: of the random styles and photographs.

    Returns:
        ``device`` (None where there is none), its ``name``, ``batch``, ``rounds``, ``condition``; ``images_per_s`` of
        every stage; ``plan_ms`` and ``upload_kb`` per image; ``peak_memory_mb`` of CUDA.
    """
    import torch

    from vizecg.data.batch import (
        Parcel,
        draw_packed,
        inks_from_plans,
        pack_photos,
        pack_pictures,
        pack_sheets,
        take_packed,
    )
    from vizecg.records.synthetic import synthetic_record
    from vizecg.render import LAYOUTS, plan_under
    from vizecg.spec import Condition

    target = torch.device(device or "cuda")
    cuda = target.type == "cuda"
    missing = cuda and not torch.cuda.is_available()
    figures: dict[str, Any] = {
        "device": None if missing else str(target),
        "name": torch.cuda.get_device_name(target) if cuda and not missing else None,
        "torch": torch.__version__,
        "batch": batch,
        "rounds": rounds,
        "condition": condition,
        "images_per_s": dict.fromkeys(STAGES),
        "plan_ms": None,
        "upload_kb": None,
        "peak_memory_mb": None,
    }
    if missing:
        return figures
    drawn = list(records) if records else [synthetic_record(i, seed=seed, sampling_rate=400.0) for i in range(8)]
    begun = time.perf_counter()
    plans = [
        plan_under(Condition(condition), drawn[i % len(drawn)], seed=seed, variant=i, layouts=tuple(LAYOUTS))
        for i in range(batch)
    ]
    photos = [plan.photo for plan in plans if plan.photo is not None]
    if len(photos) != batch:
        raise ValueError(f"pictures under {condition} have no photograph to time")
    pictures = pack_pictures(plans, chunk=batch)
    figures["plan_ms"] = round(1000 * (time.perf_counter() - begun) / batch, 3)
    figures["upload_kb"] = round(pictures.memory.nbytes / batch / 1024, 1)
    sheets = Parcel.of(pack_sheets([plan.sheet for plan in plans]))
    pages = Parcel.of(pack_photos(photos, sheet=plans[0].sheet.spec.shape[:2]))
    if cuda:
        sheets, pages, pictures = sheets.pin_memory(), pages.pin_memory(), pictures.pin_memory()
        torch.cuda.reset_peak_memory_stats(target)

    def sheet() -> Any:
        return draw_packed(sheets.to(target).open())

    stages: dict[str, Callable[[], Any]] = {
        SHEET: sheet,
        PHOTO: lambda: take_packed(sheet(), pages.to(target).open()),
        INK: lambda: inks_from_plans(pictures, device=target),
    }
    seconds: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for turn in range(rounds + 1):
        for stage, work in stages.items():
            begun = time.perf_counter()
            work()
            if cuda:
                torch.cuda.synchronize(target)
            if turn:
                seconds[stage].append(time.perf_counter() - begun)
    figures["images_per_s"] = {stage: round(batch / float(np.median(times)), 1) for stage, times in seconds.items()}
    if cuda:
        figures["peak_memory_mb"] = round(torch.cuda.max_memory_allocated(target) / 2**20, 1)
    return figures
