"""Which convolutions oneDNN trains wrongly, by memory layout, shape and instructions: the bounds of a known fault.

``vizecg.train.layout`` keeps networks within them. Every convolution has a process of its own (``conv_trial``). The
fault is a write beyond a buffer, and does what it does: a shape is sound only if it is right in all sizes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec import VizecgError
from vizecg.spec.processor import LIMITS
from vizecg.spec.results import write_result
from vizecg_lab.training.conv_trial import Trial

ISAS = ("DEFAULT", "AVX2", "SSE41")
"""Values of ONEDNN_MAX_CPU_ISA; DEFAULT is all that the processor has."""

CHANNELS = tuple(range(1, 17))
_SIZES = ((4, 3, 17, 31), (8, 2, 24, 48), (32, 2, 96, 192))
"""Output channels, batch, height, width: odd ones, and ones large enough for kernels that work in pieces."""
HANGS_AFTER_S = 3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a row of the table has in common."""

    layout: str
    dims: int
    kernel: int
    stride: int
    groups: int = 1
    dtype: str = "float32"

    def __str__(self) -> str:
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return f"{self.dims}D {self.kernel} wide, stride {self.stride}{groups}, {self.dtype}, {self.layout}"

    def trials(self) -> Iterator[Trial]:
        for inputs, (outputs, batch, height, width) in product(CHANNELS, _SIZES):
            yield Trial(
                layout=self.layout, dims=self.dims, kernel=self.kernel, stride=self.stride, groups=self.groups,
                dtype=self.dtype, inputs=inputs * self.groups, outputs=outputs * self.groups,
                batch=batch, height=height, width=width,
            )  # fmt: skip


SHAPES = (
    *(Shape(layout="channels_last", dims=2, kernel=k, stride=s) for k, s in product((1, 3), (1, 2, 3))),
    Shape(layout="channels_last", dims=2, kernel=1, stride=2, groups=2),
    Shape(layout="channels_last", dims=2, kernel=1, stride=2, dtype="bfloat16"),
    Shape(layout="channels_last", dims=1, kernel=1, stride=2),
    Shape(layout="contiguous", dims=2, kernel=1, stride=2),
    Shape(layout="contiguous", dims=1, kernel=1, stride=2),
)


def measure_conv_layouts(*, isas: Sequence[str], threads: int, out: Path | None = None) -> dict[str, Any]:
    """Try every shape under each limit, print a table, and write the figures.

    Args:
        isas: values of ONEDNN_MAX_CPU_ISA.
        threads: of the computation.
        out: result file.

    Raises:
        VizecgError: the process that forks the trials ended.
    """
    rows = [row for isa in isas for row in _of_isa(isa, threads)]
    figures = {"torch": torch.__version__, "threads": threads, "rows": rows}
    write_result(out, kind="conv_layouts", figures=figures)
    Console().print(_table(rows, threads))
    return figures


def _of_isa(isa: str, threads: int) -> list[dict[str, Any]]:
    trials = [(shape, trial) for shape in SHAPES for trial in shape.trials()]
    answers = tried([trial for _, trial in trials], isa=isa, threads=threads)
    found: dict[Shape, dict[int, Counter[str]]] = {}
    for (shape, trial), answer in zip(trials, track(answers, description=isa, total=len(trials)), strict=True):
        found.setdefault(shape, {}).setdefault(trial.inputs // trial.groups, Counter())[answer] += 1
    return [
        {
            "isa": isa,
            "shape": str(shape),
            "outcomes": {channels: dict(counts) for channels, counts in by_channels.items()},
            "unsound_channels": [channels for channels, counts in by_channels.items() if unsound(counts)],
        }
        for shape, by_channels in found.items()
    ]


def unsound(outcomes: Iterable[str]) -> bool:
    """Whether anything but right gradients, or an honest refusal, came of it."""
    return bool(set(outcomes) - {"right", "refused"})


def tried(trials: Sequence[Trial], *, isa: str, threads: int) -> Iterator[str]:
    """The outcome of each (``conv_trial.outcome``), as it comes.

    Raises:
        VizecgError: the process that forks the trials ended.
    """
    # ATen's own kernels too: the processor that is imitated has none of the others.
    aten = {"AVX2": "avx2", "SSE41": "default"}.get(isa)
    environment = {**os.environ, LIMITS[0]: isa, "OMP_NUM_THREADS": str(threads)}
    environment |= {"ATEN_CPU_CAPABILITY": aten} if aten else {}
    with subprocess.Popen(
        [sys.executable, "-m", "vizecg_lab.training.conv_trial", str(HANGS_AFTER_S)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        for trial in trials:
            server.stdin.write(json.dumps(trial.to_dict()) + "\n")
            server.stdin.flush()
            answer = server.stdout.readline()
            if not answer:
                raise VizecgError(f"the process that tries convolutions ended at {trial}")
            yield json.loads(answer)["outcome"]


def _table(rows: list[dict[str, Any]], threads: int) -> Table:
    table = Table(
        "limit", "convolution", "unsound with these input channels", "of them",
        title=f"Gradients of convolutions, {CHANNELS[0]} to {CHANNELS[-1]} input channels (of a group)",
        caption=f"torch {torch.__version__}, {threads} thread(s); limit: ONEDNN_MAX_CPU_ISA",
    )  # fmt: skip
    for row in rows:
        channels = ", ".join(map(str, row["unsound_channels"])) or "none"
        total = Counter[str]()
        for counts in row["outcomes"].values():
            total += Counter({name: n for name, n in counts.items() if name != "right"})
        told = ", ".join(f"{n} {name}" for name, n in sorted(total.items()))
        table.add_row(row["isa"], row["shape"], channels, told)
    return table
