"""``vizecg-export fit-gate``: choose the quality gate and the undecided bands of a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vizecg.spec import UsageError
from vizecg.spec.files import user_cache
from vizecg.spec.results import write_result
from vizecg_export.console import table_console


def gate_cache() -> Path:
    """Where finished records are kept when nothing is said."""
    return user_cache() / "gate"


def fit_gate(
    bundle: Annotated[Path, typer.Argument(help="The bundle, a directory.")],
    data: Annotated[str, typer.Option(help="Records (their validation split): ptbxl:FOLDER, store:FOLDER ...")],
    records: Annotated[int, typer.Option(help="Number of records.")] = 200,
    photographs: Annotated[int, typer.Option(help="Of each record.")] = 6,
    photos: Annotated[
        list[Path] | None, typer.Option(help="Folder of real ones that stay answered; repeatable.")
    ] = None,
    risk: Annotated[float, typer.Option(min=0, max=1, help="Most of the answered that may be wrong.")] = 0.02,
    flips: Annotated[
        float, typer.Option(min=0, max=1, help="Most of a class's decided pairs unlike the clean rendering's.")
    ] = 0.002,
    undecided: Annotated[float, typer.Option(min=0, max=1, help="Most of a class's pairs left undecided.")] = 0.02,
    cache: Annotated[
        Path | None, typer.Option(help="Finished records are kept here.", show_default="~/.cache/vizecg/gate")
    ] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the risk-coverage curves to this PNG.")] = None,
) -> None:
    """Choose the quality gate and the undecided bands on photographs from mild to unreadable.

    `vizecg-export gate BUNDLE --from FILE` puts them in. Killed and run again, it goes on where it was.
    """
    from vizecg_export.data import parse_source
    from vizecg_export.quality_gate.choose import FitRequest, GateTargets, measure_gate
    from vizecg_export.quality_gate.report import print_gate

    if plot is not None and plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {plot}: expected a name that ends in .png")
    for path in (out, plot):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path.parent} does not exist")
    request = FitRequest(
        records=records,
        photographs=photographs,
        photos=tuple(photos or ()),
        targets=GateTargets(risk=risk, flips=flips, undecided=undecided),
    )
    say = Console(stderr=True, soft_wrap=True, markup=False).print
    source = parse_source(data, split="val")
    figures = measure_gate(bundle, source, request, cache=cache or gate_cache(), say=say)
    write_result(out, kind="gate", figures=figures)
    if plot is not None:
        from vizecg_export.quality_gate.plot import save_plot

        save_plot(plot, figures)
    print_gate(figures, table_console())
