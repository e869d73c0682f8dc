"""``vizecg-export explain``: the first tensor where an artefact leaves the float network, and how far."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from vizecg.spec import BundleError
from vizecg.spec.commands import takes
from vizecg.spec.manifest import GOLDEN, open_bundle
from vizecg.spec.options import BundleArgument, JsonFlag, PlotOption
from vizecg.spec.preprocess import normalise
from vizecg_export.console import table_console
from vizecg_export.defaults import DEFAULT_CHECKPOINT, default_cache
from vizecg_export.explaining.compare import TensorGap, first_below
from vizecg_export.targets import Target
from vizecg_export.verbs.options import SheetCacheOption

_BARS = 30


def explain_artefact(bundle: Path, *, name: str | None, checkpoint: Path, sheets: int, cache: Path) -> list[TensorGap]:
    """Every tensor that the float network and the artefact share, in the order of computation.

    Args:
        bundle: its folder.
        name: of the artefact; None takes the default one.
        checkpoint: the one that the bundle was made from.
        sheets: golden sheets to run.
        cache: where the exporter keeps calibration sheets, from which an ExecuTorch graph is made again.

    Raises:
        BundleError: the checkpoint is another one, or the calibration sheets are not there.
    """
    from vizecg.models import ImageOnly
    from vizecg.train.checkpoint import load_checkpoint

    opened = open_bundle(bundle)
    manifest = opened.manifest
    artefact = manifest.artefact(name)
    loaded = load_checkpoint(checkpoint)
    if loaded.trained_sha256 != manifest.checkpoint["sha256"]:
        raise BundleError(f"{bundle} was made from another checkpoint than {checkpoint}: name it with --checkpoint")
    network = ImageOnly(network=loaded.vizecgnet())
    with np.load(opened.file(GOLDEN)) as golden:
        inks = golden["inks"]
    images = normalise(inks[:: max(1, len(inks) // sheets)], manifest.preprocess)
    if artefact.target == Target.EXECUTORCH.value:
        from vizecg_export.explaining.executorch import executorch_gaps

        print(f"{artefact.name}: quantising again, to see the tensors inside the delegates", file=sys.stderr)
        return executorch_gaps(opened, artefact, network, images, cache=cache)
    from vizecg_export.explaining.onnx import onnx_gaps

    return onnx_gaps(opened.file(artefact.file), network, images)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which artefact is looked into, and how closely."""

    bundle: BundleArgument
    artefact: Annotated[str | None, typer.Option(help="Which one; default: the bundle's default.")] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="The checkpoint it was made from.", show_default="the shipped model")
    ] = None
    below: Annotated[float, typer.Option(help="A tensor leaves the float network below this SQNR, in dB.")] = 20.0
    sheets: Annotated[int, typer.Option(min=1, help="Golden sheets to run.")] = 8
    cache: SheetCacheOption = None
    plot: PlotOption = None
    as_json: JsonFlag = False


@takes(Options)
def explain(options: Options) -> None:
    """Tell the first tensor where an artefact leaves the float network, and how far."""
    gaps = explain_artefact(
        options.bundle,
        name=options.artefact,
        checkpoint=options.checkpoint or DEFAULT_CHECKPOINT,
        sheets=options.sheets,
        cache=options.cache or default_cache(),
    )
    leaves = first_below(gaps, options.below)
    if options.plot is not None:
        from vizecg_export.explaining.plot import plot_gaps

        plot_gaps(
            gaps,
            options.plot,
            below=options.below,
            title=f"{options.bundle.name}: {options.artefact or 'default artefact'}",
        )
    if options.as_json:
        told: dict[str, Any] = {
            "below_db": options.below,
            "first": None if leaves is None else leaves.to_dict(),
            "tensors": [gap.to_dict() for gap in gaps],
        }
        print(json.dumps(told))
        return
    console = table_console()
    console.print(_table(gaps, options.below))
    if leaves is None:
        worst = min(gaps, key=lambda gap: gap.sqnr_db)
        console.print(
            f"no tensor is below {options.below:g} dB; the lowest is {worst.name} with {worst.sqnr_db:.1f} dB"
        )
    else:
        console.print(
            f"the artefact leaves the float network at {leaves.name} ({leaves.operation}): SQNR"
            f" {leaves.sqnr_db:.1f} dB, largest difference {leaves.max_abs:.3g} where values reach {leaves.reach:.3g}"
        )


def _table(gaps: list[TensorGap], below: float) -> Table:
    table = Table("tensor", "operation", "SQNR dB", "", "largest difference", "values reach")
    highest = max(min(gap.sqnr_db, 80.0) for gap in gaps)
    for gap in gaps:
        bar = "#" * round(_BARS * max(0.0, min(gap.sqnr_db, 80.0)) / highest)
        style = "red" if gap.sqnr_db < below else None
        table.add_row(
            gap.name, gap.operation, f"{gap.sqnr_db:.1f}", bar, f"{gap.max_abs:.3g}", f"{gap.reach:.3g}", style=style
        )
    return table
