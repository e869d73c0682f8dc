"""A pack, and the engines it is put through, as the command line is asked; importing this loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption, SeedOption, ThreadsOption
from vizecg_edge.backends.kinds import BackendKind


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """What ``accuracy`` and ``robustness`` are asked alike."""

    pack: Annotated[Path, typer.Argument(help="Made by vizecg-bench pack.")]
    bundle: BundleOption = None
    artefact: Annotated[
        list[str] | None, typer.Option("--artefact", help="Of the bundle; repeatable. Default: all that run here.")
    ] = None
    backend: Annotated[
        list[BackendKind] | None, typer.Option("--backend", help="Engine; repeatable. Default: each artefact's best.")
    ] = None
    threads: ThreadsOption = 0
    float_rule: Annotated[bool, typer.Option("--float-rule", help="Decide by the float network's thresholds.")] = False
    bootstraps: Annotated[int, typer.Option(min=20, help="Resamples of the records.")] = 300
    seed: SeedOption = 0
    figures: FiguresOption = None
