"""What it takes and gains to have torch.compile fuse the drawing."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import torch

from vizecg.data.batch.fused import fusing, is_fusing
from vizecg.data.source import RecordSource
from vizecg.spec import MissingToolError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg_lab.drawing.limits import INK
from vizecg_lab.drawing.rates import drafted, rate_of


def measure_fusing(
    source: RecordSource, *, device: torch.device, batch: int, seconds: float, seed: int = 0
) -> dict[str, Any]:
    """One batch drawn as written and fused, in turns.

    Args:
        source: whose first records are drawn.
        device: where torch draws.
        batch: pictures.
        seconds: of each speed.
        seed: of everything random.

    Returns:
        ``pictures_per_s`` of ``plain`` and ``fused``; ``first_s``, what the first fused batch took; ``difference``, the
        mean difference of the ink maps in grey levels, which must be at most ``limit``; ``right``.

    Raises:
        MissingToolError: torch.compile does not work here.
    """
    preprocess = PreprocessSpec()
    with drafted(source, device, batch=batch, seed=seed, preprocess=preprocess) as ready:
        began = time.perf_counter()
        fused = ready.images(fuse=True)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        first_s = time.perf_counter() - began
        with fusing():
            if not is_fusing():
                raise MissingToolError("torch.compile failed to fuse the drawing: the log says why")
        difference = float((fused - ready.images(fuse=False)).abs().mean()) * 255 * preprocess.std
        print(f"the first fused batch took {first_s:.1f} s, its ink maps are {difference:.3g} levels off", flush=True)
        rates = {
            "fused": rate_of(partial(ready.draw, fuse=True), seconds),
            "plain": rate_of(partial(ready.draw, fuse=False), seconds),
        }
    return {
        "pictures_per_s": {name: round(rate, 2) for name, rate in rates.items()},
        "first_s": round(first_s, 1),
        "difference": difference,
        "limit": INK.value,
        "right": difference <= INK.value,
        "batch": batch,
    }
