"""Whether torch.compile makes the drawing faster here, and leaves it right."""

from __future__ import annotations

from typing import Any

from vizecg_lab.drawing.command import chosen_device
from vizecg_lab.drawing.fusing import measure_fusing
from vizecg_lab.gpu.options import SHORT_MINUTES
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.worker import COMPLAINT


def measure(request: Request) -> dict[str, Any]:
    """``measure_fusing`` on records of the validation split; only a GPU is asked, that is there for long enough."""
    options = request.options
    device = chosen_device(options.device)
    if device.type != "cuda":
        return {"pictures_per_s": {}, "why": "a CPU draws as written"}
    if options.minutes < SHORT_MINUTES:
        # More than 90 s were not enough on an H200 with slow processors.
        return {"pictures_per_s": {}, "why": f"compiling takes minutes: not tried in less than {SHORT_MINUTES:g}"}
    figures = measure_fusing(
        request.source("val"), device=device, batch=options.training_batch, seconds=options.sizes.rate_s,
        seed=options.seed,
    )  # fmt: skip
    wrong = f"ink maps are {figures['difference']:.3g} levels off, at most {figures['limit']:g}"
    return {**figures, **({} if figures["right"] else {COMPLAINT: wrong})}
