"""Beginning with the weights of another network: the shipped one, or any checkpoint."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from vizecg.models.parts import label_rows
from vizecg.spec import MissingToolError, UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg.spec.install import pip_install
from vizecg.train.checkpoint import Checkpoint, load_checkpoint
from vizecg.train.config import TrainConfig
from vizecg.train.slim import join_checkpoint

SHIPPED = "shipped"
"""Said in place of a path: the weights that come with the exporter."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A checkpoint to begin with; ``rest`` holds what only training uses, where the two were split."""

    path: Path
    rest: Path | None = None
    shipped: bool = False

    @property
    def sha256(self) -> str:
        """Of the file; of both files where there are two."""
        mine = sha256_file(self.path)
        return mine if self.rest is None else sha256_bytes(f"{mine} {sha256_file(self.rest)}".encode())

    def load(self) -> Checkpoint:
        """Both streams where both are there; raises as ``load_checkpoint``."""
        if self.rest is None:
            return load_checkpoint(self.path)
        with tempfile.TemporaryDirectory() as scratch:
            whole = Path(scratch) / "joined.ckpt"
            join_checkpoint(self.path, self.rest, whole)
            return load_checkpoint(whole)


def find_start(text: str | Path, *, both_streams: bool) -> Start:
    """What ``--start-from`` names: ``shipped``, or the path of a checkpoint.

    Args:
        text: as it was given; a file called ``shipped`` is named ``./shipped``.
        both_streams: whether the signal stream is wanted, which is shipped apart: in a checkout, not in a wheel.

    Raises:
        UsageError: no such file.
        MissingToolError: the exporter, which holds the shipped weights, is not installed.
    """
    if str(text) != SHIPPED:
        path = Path(text)
        if not path.is_file():
            raise UsageError(f"--start-from {path} does not exist: expected a checkpoint, or {SHIPPED}")
        return Start(path=path)
    package = importlib.util.find_spec("vizecg_export")
    if package is None or not package.submodule_search_locations:
        raise MissingToolError(f"the shipped weights come with the exporter: {pip_install('export')}")
    folder = Path(next(iter(package.submodule_search_locations)))
    rest = folder.parent / "weights_for_training" / "default.rest.ckpt"
    return Start(
        path=folder / "weights" / "default.ckpt", rest=rest if both_streams and rest.is_file() else None, shipped=True
    )


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a network began with.

    Attributes:
        tensors, of: how many of its tensors came from the checkpoint, wholly or in rows.
        kept, renewed: labels whose rows of the heads are the checkpoint's, and those that begin anew.
        fresh: parts of the network of which nothing was there.
    """

    tensors: int
    of: int
    kept: tuple[str, ...]
    renewed: tuple[str, ...]
    fresh: tuple[str, ...]

    def words(self, start: Start) -> str:
        """One line for people."""
        where = f"the shipped weights ({start.path.name})" if start.shipped else str(start.path)
        heads = [f"{', '.join(names)} {what}" for names, what in ((self.kept, "kept"), (self.renewed, "new")) if names]
        told = f"{self.tensors} of {self.of} tensors from {where}; head: {'; '.join(heads)}"
        if not self.fresh:
            return told
        lacking = " (the rest of them is in a checkout, export/weights_for_training)" if start.shipped else ""
        return f"{told}; not there{lacking}, begun anew: {', '.join(self.fresh)}"


def start_from(network: nn.Module, checkpoint: Checkpoint, *, config: TrainConfig) -> Loaded:
    """Copy the weights that have the same name and shape in both; of what gives the labels, rows of the same label.

    Args:
        network: of ``config``, with fresh weights; those of labels that the checkpoint does not know stay.
        checkpoint: of a network of the same architecture.
        config: of the run.

    Raises:
        UsageError: there are none, or some that are to be frozen were not there.
    """
    own, given = network.state_dict(), checkpoint.network.state_dict()
    names, known = config.label_set().names, checkpoint.config.label_set().names
    rows = label_rows(config.architecture, config.model) if names != known else frozenset()
    taken: dict[str, Tensor] = {}
    for name, value in given.items():
        if name in rows and name in own and own[name].shape[1:] == value.shape[1:]:
            taken[name] = _of_same_labels(own[name], value, names=names, known=known)
        elif name in own and own[name].shape == value.shape:
            taken[name] = value
    if not taken:
        raise UsageError(f"{checkpoint.path} has no weights of the same name and shape as this network's")
    network.load_state_dict({**own, **taken})
    frozen = [
        name
        for name, one in network.named_parameters()
        if not one.requires_grad and name not in taken and not _learned_later(name, config)
    ]
    if frozen:
        raise UsageError(
            f"{checkpoint.path} has no weights for {frozen[0]}, which is to be frozen: freeze nothing, or train what it"
            " holds (--streams)"
        )
    parts = {name.partition(".")[0]: False for name in own}
    parts |= {name.partition(".")[0]: True for name in taken}
    return Loaded(
        tensors=len(taken),
        of=len(own),
        kept=tuple(name for name in names if name in known),
        renewed=tuple(name for name in names if name not in known),
        fresh=tuple(part for part, there in parts.items() if not there),
    )


def _learned_later(name: str, config: TrainConfig) -> bool:
    """Whether a frozen weight belongs to what another ``learn`` is for, and may begin anew: not to a frozen teacher."""
    return config.learn != "all" and not (config.freeze_signal and name.startswith("signal_"))


def begin(network: nn.Module, start: Start, *, config: TrainConfig, tell: bool) -> None:
    """``start_from`` with what it did on stderr, and a warning where pictures were made for it in another way."""
    checkpoint = start.load()
    loaded = start_from(network, checkpoint, config=config)
    if not tell:
        return
    print(loaded.words(start), file=sys.stderr)
    for name in ("sheet", "preprocess", "signal"):
        wanted, found = (getattr(one, f"{name}_spec")() for one in (config, checkpoint.config))
        needed = config.modality.has_signal if name == "signal" else config.modality.has_image
        if needed and wanted != found:
            print(f"warning: {start.path} was trained with another {name}: {_apart(wanted, found)}", file=sys.stderr)


def _of_same_labels(own: Tensor, given: Tensor, *, names: tuple[str, ...], known: tuple[str, ...]) -> Tensor:
    mixed = own.clone()
    for row, name in enumerate(names):
        if name in known:
            mixed[row] = given[known.index(name)].to(mixed.dtype)
    return mixed


def _apart(wanted: object, found: object) -> str:
    mine, theirs = vars(wanted), vars(found)
    return ", ".join(f"{key} {theirs[key]}, now {value}" for key, value in mine.items() if theirs[key] != value)
