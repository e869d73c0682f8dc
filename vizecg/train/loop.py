"""A training run from records to a checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from vizecg.spec.fingerprint import sha256_ids
from vizecg.train.config import TrainConfig
from vizecg.train.module import TrainingModule

VALIDATION_CONDITIONS = (Condition.CLEAN, Condition.PHOTO)
MONITOR = "photo/image_auroc"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where and on what a run runs; none of it changes what is learned."""

    out: Path
    cache: Path
    workers: int = 2
    accelerator: str = "auto"
    threads: int | None = None
    resume: bool = False
    validate_every: int = 1


def train(*, config: TrainConfig, training: RecordSource, validation: RecordSource, options: RunOptions) -> Path:
    """Draw the records (once), train, and return the path of the best checkpoint by validation AUROC on photographs.

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
    module = TrainingModule(
        config=plain_config,
        validation_names=tuple(c.value for c in VALIDATION_CONDITIONS),
        training_data=described(training, train_cache),
    )
    best = ModelCheckpoint(dirpath=options.out, filename="best", monitor=MONITOR, mode="max", save_last=True)
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
        [
            _loader(EvaluationSet(cache=val_cache, variant=i), config, options)
            for i in range(len(VALIDATION_CONDITIONS))
        ],
        ckpt_path=str(last) if options.resume else None,
        weights_only=True,
    )
    return Path(best.best_model_path)


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
