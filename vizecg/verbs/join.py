"""``vizecg join``: the two files of ``vizecg slim --rest`` as one checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def join(
    image: Annotated[Path, typer.Argument(help="What is deployed, of `vizecg slim --rest`.")],
    rest: Annotated[Path, typer.Argument(help="What only training uses.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Make a checkpoint of both streams whole again, to go on training from it."""
    from vizecg.train.slim import join_checkpoint

    join_checkpoint(image, rest, out)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
