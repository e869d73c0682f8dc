"""``drawing-paths``: agreement of the two paths, and their speed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from vizecg.data.source import RecordSource
from vizecg.spec import ParityError, UsageError
from vizecg.spec.results import write_result
from vizecg_lab.drawing.compare import compare_paths
from vizecg_lab.drawing.rates import drawing_rates


def chosen_device(name: str) -> torch.device:
    """``auto`` takes CUDA where there is one.

    Raises:
        UsageError: another name, or CUDA where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"unknown device {name!r}: expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda: torch.cuda.is_available() is false")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def measure_drawing_paths(
    source: RecordSource,
    *,
    n: int,
    device: torch.device,
    batch: int = 128,
    workers: int | None = None,
    seconds: float = 5.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures of ``compare_paths`` over ``n`` records and of ``drawing_rates``.

    Args:
        source: at least ``n`` records.
        n: pictures of each kind.
        device: where torch draws.
        batch: pictures of one parcel when speed is measured.
        workers: processes that draft; None takes all processors.
        seconds: of each speed.
        seed: of everything random.

    Returns:
        ``agreement`` by kind of picture, ``complaints`` of all kinds, ``rates``, ``device``.

    Raises:
        UsageError: too few records.
    """
    if len(source) < n:
        raise UsageError(f"{n} pictures of each kind need more than the {len(source)} records of {source.name}")
    agreement = compare_paths(source.limited(n), device=device, seed=seed)
    count = len(os.sched_getaffinity(0)) if workers is None else workers
    rates = drawing_rates(source, device=device, batch=batch, workers=count, seconds=seconds, seed=seed)
    complaints = [f"{name}: {line}" for name, figures in agreement.items() for line in figures["complaints"]]
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "data": source.name,
        "agreement": agreement,
        "complaints": complaints,
        "rates": rates,
    }


def run_drawing_paths(
    source: RecordSource,
    *,
    n: int,
    device: str,
    batch: int | None,
    workers: int | None,
    threads: int | None,
    seed: int,
    out: Path | None,
) -> None:
    """Measure, print and write.

    Raises:
        ParityError: the paths differ by more than the tests allow.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    chosen = chosen_device(device)
    size = batch or (128 if chosen.type == "cuda" else 8)
    figures = measure_drawing_paths(source, n=n, device=chosen, batch=size, workers=workers, seed=seed)
    write_result(out, kind="drawing_paths", figures=figures)
    Console().print(_table(figures))
    if figures["complaints"]:
        raise ParityError("; ".join(figures["complaints"]))


def _table(figures: dict[str, Any]) -> Table:
    rates = figures["rates"]["pictures_per_s"]
    told = ", ".join(f"{name.replace('_', ' ')} {rate:,.0f}" for name, rate in rates.items())
    table = Table(
        "", "pictures", "levels that differ", "mean difference", "largest",
        title=f"torch on {figures['device']} and OpenCV, {figures['data']}", caption=f"pictures a second: {told}",
    )  # fmt: skip
    for name, one in figures["agreement"].items():
        table.add_row(
            name.replace("_", " "), str(one["pictures"]), f"{one['share']:.2g}", f"{one['mean']:.2g}",
            str(one["largest"]),
        )  # fmt: skip
    return table
