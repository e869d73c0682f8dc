"""A checkpoint to keep and to hand on: what exporting and fine-tuning need, and no more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vizecg.spec import UsageError
from vizecg.train.checkpoint import PREFIX, Checkpoint, exact_weights, load_checkpoint, read_raw, weights_sha256
from vizecg.train.storage import save_atomically


@dataclass(frozen=True, kw_only=True)
class Slimmed:
    """What slimming did: bytes before and after, and the largest change of a weight that only training uses.

    ``trained_sha256`` is that of the checkpoint as training wrote it, ``exact_sha256`` that of the weights that are
    what they were to the bit.
    """

    bytes_before: int
    bytes_after: int
    halved: int
    largest_change: float
    trained_sha256: str
    exact_sha256: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def slim_checkpoint(source: Path, target: Path) -> Slimmed:
    """Write weights and configuration without the state of the optimiser and the second copy of the weights.

    The image stream, which is what an export takes, stays as it is to the bit. Matrices and kernels of the signal
    stream, and of what joins the two, are only the beginning of further training: they are kept in float16, and become
    float32 again when they are loaded. A network of one stream keeps all of its weights as they are.

    Raises:
        UsageError: there is no such file, or ``target`` is the file itself.
        CheckpointError: the checkpoint is damaged, or there is no room.
    """
    loaded = load_checkpoint(source)
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the checkpoint itself: name another file")
    raw = read_raw(source)
    exact = exact_weights(loaded.network)
    exact_sha256 = weights_sha256(exact)
    weights = loaded.network.state_dict()
    kept = {name: value if name in exact else _halved(value) for name, value in weights.items()}
    content = {
        "hyper_parameters": raw["hyper_parameters"],
        "state_dict": {PREFIX + name: value for name, value in kept.items()},
        "epoch": raw.get("epoch"),
        "global_step": raw.get("global_step"),
        "slimmed": {"trained_sha256": loaded.trained_sha256, "exact_sha256": exact_sha256},
    }
    save_atomically(content, target)
    written = load_checkpoint(target)
    halved = [name for name in weights if kept[name].dtype is torch.float16]
    return Slimmed(
        bytes_before=source.stat().st_size,
        bytes_after=target.stat().st_size,
        halved=sum(weights[name].numel() for name in halved),
        largest_change=_largest_change(loaded, written),
        trained_sha256=written.trained_sha256,
        exact_sha256=exact_sha256,
    )


def _halved(value: Tensor) -> Tensor:
    """float16 of matrices and kernels that fit; gains, statistics and counters are few, and stay."""
    if value.ndim < 2 or not value.is_floating_point():
        return value
    half = value.to(torch.float16)
    return half if bool(torch.isfinite(half).all()) else value


def _largest_change(before: Checkpoint, after: Checkpoint) -> float:
    found = after.network.state_dict()
    return max(float((value - found[name]).abs().max()) for name, value in before.network.state_dict().items())
