"""``vizecg synth``: a synthetic data set in the layout of a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vizecg.data.choices import SynthFormat
from vizecg.spec.options import JsonFlag, SeedOption

NORMAL = "normal"
"""``--label normal``: none of them."""


def synth(
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of records.")],
    kind: Annotated[SynthFormat, typer.Option("--format", help="Layout of the files.")] = SynthFormat.CODE15,
    label: Annotated[
        list[str] | None,
        typer.Option(help="All records show this label (or: normal); repeatable. Default: a mixture."),
    ] = None,
    seed: SeedOption = 0,
    as_json: JsonFlag = False,
) -> None:
    """Make a synthetic data set in the layout of a real one."""
    from vizecg.data.progress import progress
    from vizecg.data.synth import SynthSpec
    from vizecg.data.synth import synth as make

    wanted = () if label == [NORMAL] else tuple(label or ())
    spec = SynthSpec(kind=kind, n=count, seed=seed, labels=wanted if label else None)
    with progress("making", count, quiet=as_json) as advance:
        make(out, spec=spec, advance=advance)
    result = {"out": str(out), **spec.to_dict()}
    print(json.dumps(result) if as_json else f"{out}: {count} synthetic records as {kind.value}")
