"""A training run from records to a checkpoint."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging, LearningRateMonitor, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader

from vizecg.data.cache import InkCache, build_cache
from vizecg.data.dataset import EvaluationSet, Sample, TrainingSet
from vizecg.data.source import RecordSource
from vizecg.spec import Condition, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_file, sha256_ids
from vizecg.train.checkpoint import Checkpoint, load_checkpoint
from vizecg.train.config import TrainConfig
from vizecg.train.module import TrainingModule

VALIDATION_CONDITIONS = (Condition.CLEAN, Condition.PHOTO)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where and on what a run runs.

    ``start_from`` is a checkpoint whose weights the run begins with, where it has weights of the same name and shape:
    a signal stream trained alone before, say. The run's own checkpoints name it.
    """

    out: Path
    cache: Path
    start_from: Path | None = None
    workers: int = 2
    accelerator: str = "auto"
    threads: int | None = None
    resume: bool = False
    validate_every: int = 1


def train(*, config: TrainConfig, training: RecordSource, validation: RecordSource, options: RunOptions) -> Path:
    """Draw the records (once), train, and return the path of the best checkpoint.

    The best is that of the highest macro AUROC in validation, on photographs, or on signals where it sees no pictures.

    Raises:
        UsageError: nothing to resume, or the cache belongs to other settings.
    """
    last = options.out / "last.ckpt"
    if options.resume and not last.is_file():
        raise UsageError(f"{last} does not exist: there is nothing to resume")
    if options.threads:
        torch.set_num_threads(options.threads)
    pl.seed_everything(config.seed, workers=True)
    options.out.mkdir(parents=True, exist_ok=True)
    plain_config = config.model_dump(mode="json")
    write_atomically(options.out / "config.json", json.dumps(plain_config, indent=1))
    workers = max(1, options.workers)
    train_cache = build_cache(
        options.cache / "train", source=training, spec=config.cache_spec(config.conditions), workers=workers
    )
    val_cache = build_cache(
        options.cache / "val", source=validation, spec=config.cache_spec(VALIDATION_CONDITIONS), workers=workers
    )
    shown = VALIDATION_CONDITIONS if config.modality.has_image else VALIDATION_CONDITIONS[:1]
    module = TrainingModule(
        config=plain_config,
        validation_names=tuple(condition.value for condition in shown),
        training_data=described(training, train_cache),
        positive_weight=positive_weight(config, train_cache),
        started_from=None if options.start_from is None else sha256_file(options.start_from),
    )
    if options.start_from is not None:
        start_from(module.network, load_checkpoint(options.start_from))
    elif config.freeze_signal and not options.resume:
        raise UsageError(
            "a frozen signal stream needs the weights of one trained before: name a checkpoint to start from"
        )
    best = ModelCheckpoint(
        dirpath=options.out, filename="best", monitor=monitor(config), mode="max", save_last=True,
        enable_version_counter=False,
    )  # fmt: skip
    trainer = pl.Trainer(
        accelerator=options.accelerator,
        precision=config.precision,
        max_epochs=config.epochs,
        gradient_clip_val=config.optimiser.gradient_clip,
        callbacks=[best, *_callbacks(config)],
        logger=_logger(options.out),
        log_every_n_steps=20,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=min(options.validate_every, config.epochs),
    )
    trainer.fit(
        module,
        _loader(TrainingSet(cache=train_cache), config, options, shuffle=True),
        [_loader(EvaluationSet(cache=val_cache, variant=i), config, options) for i in range(len(shown))],
        ckpt_path=str(last) if options.resume else None,
        weights_only=True,
    )
    return Path(best.best_model_path)


def monitor(config: TrainConfig) -> str:
    """Name of the figure that chooses the best checkpoint."""
    return f"{VALIDATION_CONDITIONS[-1].value}/image_auroc" if config.modality.has_image else "signal/auroc"


def positive_weight(config: TrainConfig, cache: InkCache) -> list[float] | None:
    """Per class, how much more a positive counts than a negative; None where all count the same."""
    if config.class_weights == "none":
        return None
    positives = np.array(cache.labels[cache.rows]).sum(axis=0)
    ratio = (len(cache.rows) - positives) / np.maximum(positives, 1)
    return [float(value) for value in (np.sqrt(ratio) if config.class_weights == "sqrt" else ratio)]


def start_from(network: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Copy the weights that have the same name and shape in both.

    Raises:
        UsageError: there are none.
    """
    own = network.state_dict()
    shared = {
        name: value
        for name, value in checkpoint.network.state_dict().items()
        if name in own and own[name].shape == value.shape
    }
    if not shared:
        raise UsageError(f"{checkpoint.path} has no weights of the same name and shape as this network's")
    network.load_state_dict({**own, **shared})
    print(f"{len(shared)} of {len(own)} tensors from {checkpoint.path}", file=sys.stderr)


def described(source: RecordSource, cache: InkCache) -> dict[str, Any]:
    """Which records a network has seen, in plain types: for the checkpoint and, from there, the model card."""
    seen = [cache.record_ids[row] for row in cache.rows]
    return {
        "source": source.name,
        "records": len(seen),
        "left_out": len(cache.refused),
        "records_sha256": sha256_ids(seen),
    }


def _logger(out: Path) -> CSVLogger:
    """A folder of its own for each start: Lightning deletes the log of an earlier one."""
    starts = len(list(out.glob("logs_*")))
    return CSVLogger(out, name="", version=f"logs_{starts}")


def _callbacks(config: TrainConfig) -> list[Callback]:
    callbacks: list[Callback] = [LearningRateMonitor("step")]
    if config.ema_decay:
        callbacks.append(EMAWeightAveraging(decay=config.ema_decay, update_starting_at_step=100))
    return callbacks


def _loader(
    dataset: TrainingSet | EvaluationSet, config: TrainConfig, options: RunOptions, *, shuffle: bool = False
) -> DataLoader[Sample]:
    return DataLoader(
        dataset,
        batch_size=config.batch_size,
        shuffle=shuffle,
        drop_last=shuffle,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
