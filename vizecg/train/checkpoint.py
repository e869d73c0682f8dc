"""Reading and writing checkpoints. They hold tensors and plain types only, so loading runs no foreign code."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from vizecg.models import VizECGNet
from vizecg.models.deploy import deployed_weights
from vizecg.models.modality import Modality
from vizecg.models.systems import build_system
from vizecg.spec import CheckpointError, LabelSet, UsageError
from vizecg.spec.checks import first_line, printable
from vizecg.spec.deployment import Deployment
from vizecg.spec.fingerprint import sha256_file
from vizecg.train.config import CHECKPOINT_SCHEMA, TrainConfig
from vizecg.train.deploying import read_deployment

PREFIX = "network."


class Part(str, Enum):
    """Of a split checkpoint: the image stream, which is deployed, or all the other weights."""

    IMAGE = "image"
    REST = "rest"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained network (a ``vizecg.models.systems.System``) in evaluation mode on the CPU, and where it came from.

    ``sha256`` is that of the file, ``trained_sha256`` that of the checkpoint as training wrote it: another one where
    the file is a slimmed one (``vizecg.train.slim``). ``training_data`` (source, records, left_out, records_sha256) is
    None where the checkpoint does not tell. ``deployment`` is what was fitted to the network for use; None where
    nothing was. A checkpoint that was split (``vizecg.train.slim``) holds a network of the image stream alone, and
    its configuration says so.
    """

    network: nn.Module
    config: TrainConfig
    sha256: str
    trained_sha256: str
    path: Path
    training_data: dict[str, Any] | None
    deployment: Deployment | None = None

    def vizecgnet(self) -> VizECGNet:
        """The network, where only VizECGNet will do.

        Raises:
            UsageError: it is a peer of the paper's table, which is trained for comparison and not deployed.
        """
        if not isinstance(self.network, VizECGNet):
            raise UsageError(f"{self.path} holds {self.config.architecture}, expected a VizECGNet")
        return self.network


def load_checkpoint(path: Path) -> Checkpoint:
    """Load a training checkpoint.

    Raises:
        UsageError: no such file.
        CheckpointError: damaged, of another schema, or not of this network.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    raw = read_raw(path)
    try:
        hyper = raw["hyper_parameters"]
        if hyper["schema"] != CHECKPOINT_SCHEMA:
            raise CheckpointError(f"{path} has checkpoint schema {hyper['schema']}, expected {CHECKPOINT_SCHEMA}")
        # Configurations from before there were label sets say nothing of them, and are those of code6.
        config = TrainConfig.model_validate(hyper["config"])
        names = config.label_set().names
        if tuple(hyper["labels"]) != names:
            raise CheckpointError(f"{path} was trained for labels {hyper['labels']}, its configuration says {[*names]}")
        slimmed = raw.get("slimmed")
        if slimmed is not None and slimmed.get("part") is not None:
            config = _of_part(config, Part(slimmed["part"]), path)
        weights = {k[len(PREFIX) :]: v for k, v in raw["state_dict"].items() if k.startswith(PREFIX)}
        network = build_system(config.architecture, config.model, labels=len(names))
        network.load_state_dict(weights)
        sha256 = sha256_file(path)
        if slimmed is not None and weights_sha256(exact_weights(network)) != slimmed["exact_sha256"]:
            raise CheckpointError(f"{path} was changed since it was slimmed: its weights have another sha256")
        trained_sha256 = sha256 if slimmed is None else str(slimmed["trained_sha256"])
        deployment = read_deployment(raw)
        if deployment is not None and len(deployment.rule) != len(names):
            raise CheckpointError(f"{path}: its calibration is for {len(deployment.rule)} labels, not {len(names)}")
    except (KeyError, TypeError, ValidationError, RuntimeError, ValueError, UsageError) as error:
        raise CheckpointError(f"{path} is not a checkpoint of this network: {first_line(error)}") from error
    return Checkpoint(
        network=network.eval(),
        config=config,
        sha256=sha256,
        trained_sha256=trained_sha256,
        path=path,
        training_data=hyper.get("training_data"),
        deployment=deployment,
    )


def label_set_of(path: Path) -> LabelSet:
    """The labels of a checkpoint, whose network is not built.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        return TrainConfig.model_validate(read_raw(path)["hyper_parameters"]["config"]).label_set()
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is not a checkpoint: {first_line(error)}") from error


def _of_part(config: TrainConfig, part: Part, path: Path) -> TrainConfig:
    """The configuration of a network that holds ``part`` alone."""
    if part is Part.REST:
        raise CheckpointError(f"{path} holds what only training uses: `vizecg join` makes it whole with its image part")
    return config.model_copy(update={"model": {**config.model, "streams": Modality.IMAGE.value}})


def read_raw(path: Path) -> dict[str, Any]:
    """The checkpoint's dictionary, loaded without unpickling code."""
    try:
        if path.stat().st_size == 0:
            raise CheckpointError(f"{path} is damaged or no checkpoint: it is empty")
        raw = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} is damaged or no checkpoint: {printable(first_line(error), 120)}") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"{path} holds a {type(raw).__name__}, not a checkpoint")
    return raw


def exact_weights(network: nn.Module) -> dict[str, Tensor]:
    """What slimming must not round: the deployed image stream, and all of a network that is deployed whole or not."""
    if isinstance(network, VizECGNet) and network.modality is Modality.BOTH:
        return deployed_weights(network)
    return network.state_dict()


def weights_sha256(weights: Mapping[str, Tensor]) -> str:
    """Hash of names, types, shapes and values, whatever file they lie in."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
