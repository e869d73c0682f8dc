"""``photographs``: a fold as photographs of its printouts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import Condition
from vizecg.spec.commands import takes
from vizecg.spec.options import LimitOption, WorkersOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Whose photographs, and where they go."""

    root: PtbxlOption
    out: Annotated[Path, typer.Option(help="Folder of the photographs; what is there is not taken again.")]
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9
    condition: Annotated[Condition, typer.Option(help="How the pages are photographed.")] = Condition.PHOTO
    limit: LimitOption = None
    workers: WorkersOption = 2


@takes(Options)
def photographs(options: Options) -> None:
    """Photograph the printout of every record, for `vizecg-edge sheets` or `run` to read; labels.csv has its labels."""
    from vizecg.data.source import ptbxl_source
    from vizecg.spec import CODE6
    from vizecg_lab.photographed.make import PhotographsRequest, make_photographs

    source = ptbxl_source(options.root, folds=(options.fold,), labels=CODE6).limited(options.limit)
    taken = make_photographs(
        PhotographsRequest(source=source, out=options.out, condition=options.condition, workers=options.workers)
    )
    print(f"{options.out}: {taken} photographs")
