"""A checkpoint to keep and to hand on: what exporting and fine-tuning need, and no more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vizecg.models.systems import build_system
from vizecg.spec import CheckpointError, UsageError
from vizecg.spec.checks import first_line
from vizecg.train.checkpoint import PREFIX, Checkpoint, Part, exact_weights, load_checkpoint, read_raw, weights_sha256
from vizecg.train.config import TrainConfig
from vizecg.train.deploying import SECTION
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
    _check_other(target, source)
    raw = read_raw(source)
    exact = exact_weights(loaded.network)
    exact_sha256 = weights_sha256(exact)
    weights = loaded.network.state_dict()
    kept = {name: value if name in exact else _halved(value) for name, value in weights.items()}
    slimmed = {"trained_sha256": loaded.trained_sha256, "exact_sha256": exact_sha256}
    save_atomically(_content(raw, kept, slimmed), target)
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


def split_checkpoint(source: Path, image: Path, rest: Path) -> None:
    """Write a slimmed checkpoint of both streams as two: what is deployed, with what was fitted to it, and the rest.

    ``image`` is a checkpoint by itself, of a network of the image stream alone; ``rest`` only makes it whole again.

    Raises:
        UsageError: there is no such file, a file to write is the checkpoint itself, or it has not both streams.
        CheckpointError: the checkpoint is damaged or not slimmed, or there is no room.
    """
    loaded = load_checkpoint(source)
    for target in (image, rest):
        _check_other(target, source)
    raw = read_raw(source)
    if "slimmed" not in raw or "part" in raw["slimmed"]:
        raise CheckpointError(f"{source} is no slimmed checkpoint: `vizecg slim` makes one")
    exact = {PREFIX + name for name in exact_weights(loaded.network)}
    weights = raw["state_dict"]
    if exact == set(weights):
        raise UsageError(f"{source} holds one stream: there is nothing to split")
    parts = {Part.IMAGE: (image, exact), Part.REST: (rest, set(weights) - exact)}
    for part, (target, names) in parts.items():
        slimmed = {**raw["slimmed"], "part": part.value}
        whole = raw if part is Part.IMAGE else {**raw, SECTION: None}
        kept = {name.removeprefix(PREFIX): value for name, value in weights.items() if name in names}
        save_atomically(_content(whole, kept, slimmed), target)


def join_checkpoint(image: Path, rest: Path, target: Path) -> None:
    """Make the slimmed checkpoint anew that ``split_checkpoint`` split.

    Raises:
        CheckpointError: the two are not the parts of one checkpoint, or damaged.
    """
    raws = [read_raw(path) for path in (image, rest)]
    headers = [raw.get("slimmed") or {} for raw in raws]
    if [slimmed.get("part") for slimmed in headers] != [Part.IMAGE.value, Part.REST.value]:
        raise CheckpointError(f"{image} and {rest} are not the image part and the rest of a split checkpoint")
    if headers[0]["exact_sha256"] != headers[1]["exact_sha256"]:
        raise CheckpointError(f"{rest} is the rest of another checkpoint than {image} was split from")
    weights = {k.removeprefix(PREFIX): v for raw in raws for k, v in raw["state_dict"].items()}
    try:
        config = TrainConfig.model_validate(raws[0]["hyper_parameters"]["config"])
        build_system(config.architecture, config.model, labels=len(config.label_set())).load_state_dict(weights)
    except (KeyError, RuntimeError, ValueError, UsageError) as error:
        raise CheckpointError(f"{image} and {rest} make no network: {first_line(error)}") from error
    slimmed = {key: value for key, value in headers[0].items() if key != "part"}
    save_atomically(_content(raws[0], weights, slimmed), target)
    load_checkpoint(target)


def _content(raw: dict[str, Any], weights: dict[str, Tensor], slimmed: dict[str, str]) -> dict[str, Any]:
    """A slimmed checkpoint's dictionary: of ``raw``, all but weights and the state of training."""
    return {
        "hyper_parameters": raw["hyper_parameters"],
        "state_dict": {PREFIX + name: value for name, value in weights.items()},
        "epoch": raw.get("epoch"),
        "global_step": raw.get("global_step"),
        "slimmed": slimmed,
        SECTION: raw.get(SECTION),
    }


def _check_other(target: Path, source: Path) -> None:
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the checkpoint itself: name another file")


def _halved(value: Tensor) -> Tensor:
    """float16 of matrices and kernels that fit; gains, statistics and counters are few, and stay."""
    if value.ndim < 2 or not value.is_floating_point():
        return value
    half = value.to(torch.float16)
    return half if bool(torch.isfinite(half).all()) else value


def _largest_change(before: Checkpoint, after: Checkpoint) -> float:
    weights = after.network.state_dict()
    return max(float((value - weights[name]).abs().max()) for name, value in before.network.state_dict().items())
