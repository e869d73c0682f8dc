"""SQNR along the network, as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from vizecg.spec.files import write_atomically
from vizecg_export.explaining.compare import TensorGap


def plot_gaps(gaps: Sequence[TensorGap], target: Path, *, below: float, title: str) -> None:
    """Write a PNG: one bar per tensor in the order of computation, red under ``below`` dB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    heights = [max(0.0, min(gap.sqnr_db, 80.0)) for gap in gaps]
    axes.bar(range(len(gaps)), heights, color=["#b3331f" if gap.sqnr_db < below else "#31688e" for gap in gaps])
    axes.axhline(below, color="#888888", linewidth=1, linestyle="--")
    axes.set_xticks(range(len(gaps)), [f"{gap.operation}  {gap.name}"[:36] for gap in gaps], rotation=90, fontsize=6)
    axes.set_ylabel("SQNR against the float network, dB")
    axes.set_title(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write_atomically(target, buffer.getvalue())
