"""``vizecg-export fit-gate``: choose the quality gate and the undecided bands of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vizecg.spec.commands import takes
from vizecg.spec.options import BundleArgument, FiguresOption, PlotOption
from vizecg.spec.results import write_result
from vizecg_export.console import table_console
from vizecg_export.defaults import gate_cache
from vizecg_export.verbs.options import GatePhotographsOption, GateRecordsOption, PhotosOption, SpoiltOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which bundle is fitted, on which photographs, to which aims."""

    bundle: BundleArgument
    data: Annotated[str, typer.Option(help="Records (their validation split): ptbxl:FOLDER, store:FOLDER ...")]
    gate_records: GateRecordsOption = 200
    gate_photographs: GatePhotographsOption = 6
    photos: PhotosOption = None
    spoilt: SpoiltOption = None
    risk: Annotated[float, typer.Option(min=0, max=1, help="Most of the answered that may be wrong.")] = 0.02
    flips: Annotated[
        float, typer.Option(min=0, max=1, help="Most of a class's decided pairs unlike the clean rendering's.")
    ] = 0.002
    undecided: Annotated[float, typer.Option(min=0, max=1, help="Most of a class's pairs left undecided.")] = 0.02
    cache: Annotated[
        Path | None, typer.Option(help="Finished records are kept here.", show_default="~/.cache/vizecg/gate")
    ] = None
    figures: FiguresOption = None
    plot: PlotOption = None


@takes(Options)
def fit_gate(options: Options) -> None:
    """Choose the quality gate and the undecided bands on photographs from mild to unreadable.

    `vizecg-export gate BUNDLE --from FILE` puts them in. Killed and run again, it goes on where it was.
    """
    from vizecg.spec.manifest import open_bundle
    from vizecg_export.data import parse_source
    from vizecg_export.quality_gate.choose import FitRequest, GateTargets, measure_gate
    from vizecg_export.quality_gate.report import print_gate

    request = FitRequest(
        records=options.gate_records,
        photographs=options.gate_photographs,
        photos=tuple(options.photos or ()),
        spoilt=tuple(options.spoilt or ()),
        targets=GateTargets(risk=options.risk, flips=options.flips, undecided=options.undecided),
    )
    say = Console(stderr=True, soft_wrap=True, markup=False).print
    labels = open_bundle(options.bundle).manifest.labels
    source = parse_source(options.data, split="val", labels=labels, option="--data")
    measured = measure_gate(options.bundle, source, request, cache=options.cache or gate_cache(), say=say)
    write_result(options.figures, kind="gate", figures=measured)
    if options.plot is not None:
        from vizecg_export.quality_gate.plot import save_plot

        save_plot(options.plot, measured)
    print_gate(measured, table_console())
