"""The two drawing paths: how far apart, how fast."""

from __future__ import annotations

from typing import Any

from vizecg_lab.drawing.command import chosen_device, measure_drawing_paths
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.worker import COMPLAINT


def compare(request: Request) -> dict[str, Any]:
    """``drawing-paths`` on records of the validation split."""
    options, sizes = request.options, request.options.sizes
    figures = measure_drawing_paths(
        request.source("val"),
        n=sizes.compared,
        device=chosen_device(options.device),
        batch=options.training_batch,
        workers=options.processes,
        seconds=sizes.rate_s,
        seed=options.seed,
    )
    complaints = figures["complaints"]
    return {**figures, **({COMPLAINT: "; ".join(complaints)} if complaints else {})}
