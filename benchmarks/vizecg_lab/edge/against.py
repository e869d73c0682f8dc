"""The edge of this checkout against that of another one, by turns on the same photographs: time and memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg.spec import UsageError
from vizecg_lab.edge.checkout import CheckoutEdge

HERE = Path(__file__).resolve().parents[3]
"""This checkout."""
WORKER = """
import json, sys, time
import cv2
cv2.setNumThreads(1)
from vizecg_edge.pipeline import Pipeline

class Timed:
    spent = 0.0
    def __init__(self, backend):
        self.backend = backend
    def __getattr__(self, name):
        return getattr(self.backend, name)
    def logits(self, image):
        started = time.process_time()
        try:
            return self.backend.logits(image)
        finally:
            self.spent += time.process_time() - started

pipeline = Pipeline(threads=1)
pipeline.backend = timed = Timed(pipeline.backend)
for line in sys.stdin:
    timed.spent, started = 0.0, time.process_time()
    answer = pipeline.run(line.rstrip("\\n")).answer
    spent = time.process_time() - started - timed.spent
    with open("/proc/self/status") as lines:
        peak = next((int(one.split()[1]) / 1024 for one in lines if one.startswith("VmHWM:")), 0.0)
    print(json.dumps([answer.status, 1e3 * spent, peak]), flush=True)
"""
"""Written for every version of the edge: it prints status, milliseconds of the processor but for inference, and MB.

What the system counts as the peak of a process that was started by a larger one is that of the larger one: Linux tells
its own in ``VmHWM``.
"""


class _Edge(CheckoutEdge):
    """The edge of a checkout, which tells time and memory."""

    def __init__(self, tree: Path) -> None:
        super().__init__(tree, WORKER)

    def answer(self, path: Path) -> tuple[str, float, float]:
        """Status, milliseconds and the process's peak so far."""
        status, milliseconds, peak = json.loads(self.ask(str(path)))
        return status, milliseconds, peak


def compare_trees(photographs: Sequence[Path], *, other: Path, runs: int, console: Console) -> dict[str, Any]:
    """Processor time without inference, and peak memory, of this checkout and of another, ``runs`` answers of each.

    The first answer of every photograph warms up and does not count, nor does the time of what either refuses.

    Raises:
        UsageError: ``other`` is not a checkout whose edge runs here, or both answer none of them.
    """
    edges = {"other": _Edge(other.resolve()), "this": _Edge(HERE)}
    times: dict[str, list[float]] = {name: [] for name in edges}
    peaks = dict.fromkeys(edges, 0.0)
    try:
        for run in range(len(photographs) + runs):
            photograph = photographs[run % len(photographs)]
            answers = {name: edge.answer(photograph) for name, edge in edges.items()}
            peaks = {name: peak for name, (_, _, peak) in answers.items()}
            # A refusal is quick: it says nothing of the time of an answer.
            if run >= len(photographs) and all(status == "answered" for status, _, _ in answers.values()):
                for name, (_, milliseconds, _) in answers.items():
                    times[name].append(milliseconds)
    finally:
        for edge in edges.values():
            edge.close()
    if not times["this"]:
        raise UsageError("no photograph is answered by both checkouts")
    figures = {
        name: {"processor_ms_p50": round(float(np.median(times[name])), 1), "peak_memory_mb": round(peaks[name], 1)}
        for name in edges
    }
    ratio = float(np.median(np.array(times["this"]) / np.array(times["other"])))
    _show(console, figures, ratio)
    return {**figures, "answers": len(times["this"]), "ratio_p50": round(ratio, 3)}


def _show(console: Console, figures: dict[str, dict[str, float]], ratio: float) -> None:
    table = Table(title=f"processor time without inference: {ratio:.2f} times the other checkout's")
    for heading in ("checkout", "ms, p50", "peak MB"):
        table.add_column(heading, justify="left" if heading == "checkout" else "right")
    for name, values in figures.items():
        table.add_row(name, *(f"{value:.1f}" for value in values.values()))
    console.print(table)
