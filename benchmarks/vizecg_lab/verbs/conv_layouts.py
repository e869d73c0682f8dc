"""``conv-layouts``: which convolutions this processor computes wrongly."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import FiguresOption


def conv_layouts(
    isa: Annotated[
        list[str] | None,
        typer.Option(help="ONEDNN_MAX_CPU_ISA of a turn; repeatable. Default: DEFAULT, AVX512_CORE, AVX2, SSE41."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the CPU computation.")] = 2,
    figures: FiguresOption = None,
) -> None:
    """Which convolutions hang, crash or have wrong gradients in which memory layout on this x86 (half an hour)."""
    from vizecg_lab.training.conv_layouts import ISAS, measure_conv_layouts

    measure_conv_layouts(isas=tuple(isa or ISAS), threads=threads, out=figures)
