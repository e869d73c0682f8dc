"""``code15-scale``: the unit in which CODE-15% is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, SeedOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is compared with what."""

    code15: Annotated[Path, typer.Option(help="Folder of CODE-15%, or of a sample, with ages and sexes.")]
    root: PtbxlOption
    seed: SeedOption = 0
    figures: FiguresOption = None


@takes(Options)
def code15_scale(options: Options) -> None:
    """Heights of CODE-15%'s QRS complexes beside PTB-XL's, the steps of its recorders, and its range, as stored."""
    from vizecg.spec.results import write_result
    from vizecg_lab.measuring.stored_unit import measure_stored_unit

    figures = measure_stored_unit(options.code15, options.root, seed=options.seed)
    write_result(options.figures, kind="code15_scale", figures=figures)
    qrs, extremes = figures["qrs"], figures["range"]
    for name in ("ratio", "ratio_after_division"):
        of = qrs[name]
        print(f"{name.replace('_', ' '):21} {of['value']:.2f} ({of['low']:.2f} to {of['high']:.2f})")
    print(
        "by lead               " + ", ".join(f"{lead} {of['ratio']['value']:.2f}" for lead, of in qrs["leads"].items())
    )
    for length, step in figures["steps"].items():
        print(
            f"{step['tracings']} tracings of {length} samples: steps of {step['step_uv_as_stored']:.2f} uV as stored;"
            f" every fourth sample keeps {step['kept_by_every_fourth']:.2f}; others {step['kept_by_the_others']:.2f}"
        )
    print(f"range {extremes['lowest']} to {extremes['highest']}, {extremes['leads_stuck_at_an_extreme']} leads stick")
