"""What ``vizecg slim`` does, once its options are parsed."""

from __future__ import annotations

import json
from pathlib import Path

from vizecg.train.slim import slim_checkpoint


def run_slim(checkpoint: Path, *, out: Path, as_json: bool) -> None:
    """``vizecg slim``"""
    slimmed = slim_checkpoint(checkpoint, out)
    if as_json:
        print(json.dumps({"out": str(out), **slimmed.to_dict()}))
        return
    print(f"{out}: {slimmed.bytes_after / 1e6:.1f} MB, of {slimmed.bytes_before / 1e6:.1f} MB")
    print(f"what is exported is the same to the bit: weights sha256 {slimmed.exact_sha256}")
    print(f"{slimmed.halved} weights of training alone in float16, changed by at most {slimmed.largest_change:.2g}")
    print(f"made from checkpoint sha256 {slimmed.trained_sha256}")
