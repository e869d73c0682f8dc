"""``vizecg slim``: a checkpoint to keep and to hand on."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.options import JsonFlag


def slim(
    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    rest: Annotated[
        Path | None, typer.Option(help="Put into --out what is deployed alone, and what only training uses here.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Keep of a checkpoint what exporting (to the bit) and fine-tuning need, without the state of the optimiser."""
    from vizecg.train.slim import slim_checkpoint, split_checkpoint

    if rest is None:
        slimmed = slim_checkpoint(checkpoint, out)
    else:
        if rest.resolve() == out.resolve():
            raise UsageError("--rest and --out name the same file")
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".slim-") as folder:
            whole = Path(folder) / "whole.ckpt"
            slimmed = slim_checkpoint(checkpoint, whole)
            split_checkpoint(whole, out, rest)
        slimmed = replace(slimmed, bytes_after=out.stat().st_size)
    if as_json:
        print(json.dumps({"out": str(out), "rest": None if rest is None else str(rest), **slimmed.to_dict()}))
        return
    print(f"{out}: {slimmed.bytes_after / 1e6:.1f} MB, of {slimmed.bytes_before / 1e6:.1f} MB")
    if rest is not None:
        print(f"{rest}: {rest.stat().st_size / 1e6:.1f} MB, what only training uses")
    print(f"what is exported is the same to the bit: weights sha256 {slimmed.exact_sha256}")
    print(f"{slimmed.halved} weights of training alone in float16, changed by at most {slimmed.largest_change:.2g}")
    print(f"made from checkpoint sha256 {slimmed.trained_sha256}")
