"""A training run from records to a checkpoint."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vizecg.data.row_signals import RowSignals, open_rows
from vizecg.data.source import RecordSource
from vizecg.spec import Condition, UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.averaging import MovingAverage
from vizecg.train.compilation import check_compiler, compile_errors
from vizecg.train.config import TrainConfig
from vizecg.train.journal import Journal, journal, told_stop
from vizecg.train.length import RunLength
from vizecg.train.lightning import (
    Callback,
    CSVLogger,
    LearningRateMonitor,
    Logger,
    TensorBoardLogger,
    pl,
)
from vizecg.train.loaders import training_loader, validation_loaders
from vizecg.train.module import TrainingModule
from vizecg.train.precision import computed_precision, tell_precision
from vizecg.train.prior import prior_of
from vizecg.train.processes import Processes, find_processes
from vizecg.train.progress import progress_callbacks
from vizecg.train.quiet import quiet_libraries
from vizecg.train.resume import ResumePoint, check_resumable, check_same_data, resume_point
from vizecg.train.runs.folder import BEST, CONFIG, LAST, RECORD, TEXT, log_folders, next_log_folder
from vizecg.train.runs.record import Ending
from vizecg.train.saving import AtomicCheckpointIO, RunCheckpoints, TrainingStopped
from vizecg.train.seen import described, open_cache, positive_weight, tell_one_sided
from vizecg.train.starting import Start, begin, find_start

VALIDATION_CONDITIONS = (Condition.CLEAN, Condition.PHOTO)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where and on what a run runs; nothing here changes what it computes, but rounding.

    ``start_from`` is a checkpoint whose weights the run begins with, or ``shipped``; see ``vizecg.train.starting``. The
    run's own checkpoints name it. ``workers`` are processes that draw and load, for each process that trains. ``force``
    replaces a run that lies in ``out`` already. ``asked`` are the options by which a later start finds the data again
    (``vizecg.train.runs.record``).
    """

    out: Path
    cache: Path
    start_from: Path | str | None = None
    workers: int = 2
    accelerator: str = "auto"
    devices: int | None = None
    nodes: int | None = None
    threads: int | None = None
    resume: bool = False
    force: bool = False
    validate_every: int = 1
    checkpoint_every: float = 5.0
    stop_after: float | None = None
    log_every: int = 20
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What came of one start. ``best`` is None before the first validation, ``stopped`` the signal that stopped it.

    ``finished`` tells whether all epochs are done; ``epochs`` and ``steps`` count from the beginning of the run,
    ``seconds`` from this start. ``first`` is True in the one process that has something to say.
    """

    best: Path | None
    figure: str
    value: float | None
    best_epoch: int | None
    epochs: int
    steps: int
    seconds: float
    finished: bool
    stopped: int
    first: bool


def train(
    *,
    config: TrainConfig,
    training: RecordSource,
    validation: RecordSource,
    options: RunOptions,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Draw the records (once), train, and keep the best and the last checkpoint in the folder of the run.

    The best is that of the highest macro AUROC in validation, on photographs, or on signals where it sees no pictures.
    ``callbacks`` are Lightning's, beside the run's own.

    Raises:
        UsageError: nothing to resume, another process trains in the folder, the cache or the checkpoint belong to
            other settings, the records have other labels, or options contradict.
        CheckpointError: ``last.ckpt`` is damaged, or no checkpoint could be written.
        MissingToolError: torch.compile was asked for and cannot work here.
    """
    processes = find_processes(devices=options.devices, nodes=options.nodes)
    if options.resume:
        check_resumable(options.out)
    with journal(options.out, first=processes.first) as kept, quiet_libraries():
        return _train(config, training, validation, options, callbacks, processes=processes, journal=kept)


def _train(
    config: TrainConfig,
    training: RecordSource,
    validation: RecordSource,
    options: RunOptions,
    callbacks: Sequence[Callback],
    *,
    processes: Processes,
    journal: Journal,
) -> TrainingResult:
    began = time.monotonic()
    asked, config = config, computed_precision(config, cuda=on_cuda(options.accelerator))
    if processes.first:
        tell_precision(asked=asked, computed=config)
    for records in (training, validation):
        records.check_labels(config.label_set().names)
        records.check_seen(
            signal=config.modality.has_signal or config.draws_anew,
            emptiness=config.emptiness,
            misread=config.misread,
            traces=config.trace_weight > 0,
            recorders=config.recorders,
        )
    start = None
    if options.start_from is not None:
        start = find_start(options.start_from, both_streams=config.modality.has_signal)
    point = _checked(config, options, start)
    if options.threads:
        torch.set_num_threads(options.threads)
    # The same weights in every process, and in every start.
    pl.seed_everything(config.seed, verbose=False)
    train_cache, val_cache = (
        open_cache(
            options.cache, name, source=source, config=config, conditions=conditions, workers=options.workers,
            drawn_here=processes.first,
        )
        for name, source, conditions in (
            ("train", training, None),
            ("val", validation, VALIDATION_CONDITIONS),
        )
    )  # fmt: skip
    shown = VALIDATION_CONDITIONS if config.modality.has_image else VALIDATION_CONDITIONS[:1]
    training_data = described(training, train_cache)
    if point is not None:
        check_same_data(point, training_data)
    module = TrainingModule(
        config=config.model_dump(mode="json"),
        validation_names=tuple(condition.value for condition in shown),
        training_data=training_data,
        positive_weight=positive_weight(config, train_cache),
        prior=prior_of(config, train_cache),
        started_from=_started_from(start, point),
    )
    if start is not None and point is None:
        begin(module.network, start, config=config, tell=processes.first)
    if processes.first:
        tell_one_sided(val_cache, config)
    if config.draws_anew:
        module.caches = (train_cache, val_cache)
    rows: RowSignals | None = None
    if config.trace_weight and not config.draws_anew:
        rows = open_rows(train_cache, training, workers=max(1, options.workers), made_here=processes.first)
    loader = training_loader(
        train_cache,
        config,
        part=processes.part,
        start=None if point is None else point.position,
        workers=options.workers,
        rows=rows,
    )
    checks = validation_loaders(val_cache, config, conditions=shown, part=processes.part, workers=options.workers)
    keeper = RunCheckpoints(
        out=options.out,
        monitor=monitor(config),
        every_minutes=options.checkpoint_every,
        stop_after_minutes=options.stop_after,
        journal=journal,
    )
    if processes.first:
        if point is None:
            _clear(options.out)
        write_atomically(options.out / CONFIG, json.dumps(config.model_dump(mode="json"), indent=1))
    length = RunLength.of(config, steps_per_epoch=len(loader))
    journal.begin(
        resumed=point is not None,
        asked=options.asked,
        training_data=training_data,
        started_from=_started_from(start, point),
        epochs=length.epochs,
        processes=processes.size,
    )
    trainer = _trainer(config, options, processes, [keeper, *callbacks], length=length)
    fit: Callable[[], None] = lambda: trainer.fit(  # noqa: E731
        module, loader, checks, ckpt_path=None if point is None else str(point.path), weights_only=True
    )
    stopped = _fit(fit, compiled=config.compile)
    if stopped is None:
        journal.ended(Ending.FINISHED)
    else:
        journal.ended(Ending.STOPPED, why=told_stop(stopped))
    return TrainingResult(
        best=None if keeper.best_score is None else options.out / BEST,
        figure=keeper.monitor,
        value=keeper.best_score,
        best_epoch=keeper.best_epoch,
        epochs=trainer.global_step // len(loader),
        steps=trainer.global_step,
        seconds=round(time.monotonic() - began, 1),
        finished=stopped is None,
        stopped=stopped or 0,
        first=processes.first,
    )


def _checked(config: TrainConfig, options: RunOptions, start: Start | None) -> ResumePoint | None:
    """What can be refused before anything is drawn or written."""
    if config.draws_anew and not on_cuda(options.accelerator):
        print(
            "pictures=device without a GPU: torch draws them on the CPU, many times slower than pictures=cached",
            file=sys.stderr,
        )
    if config.compile:
        check_compiler(cuda=on_cuda(options.accelerator))
    if options.resume:
        point = resume_point(options.out, config)
        if start is not None and start.sha256 != point.started_from:
            raise UsageError(
                f"{point.path} did not start from {start.path}: leave out --start-from, or start another run"
            )
        return point
    if not options.force and any((options.out / name).exists() for name in (BEST, LAST)):
        raise UsageError(f"{options.out} holds a run already: --resume goes on with it, --force replaces it")
    frozen = "signal stream" if config.freeze_signal else config.freeze
    if frozen != "none" and start is None:
        raise UsageError(f"a frozen {frozen} needs the weights of one trained before: name a checkpoint to start from")
    return None


def on_cuda(accelerator: str) -> bool:
    """Whether a GPU computes where this accelerator (``RunOptions``) is asked for."""
    return accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available()


def _started_from(start: Start | None, point: ResumePoint | None) -> str | None:
    if point is not None:
        return point.started_from
    return None if start is None else start.sha256


def _trainer(
    config: TrainConfig, options: RunOptions, processes: Processes, more: Sequence[Callback], *, length: RunLength
) -> pl.Trainer:
    logs = next_log_folder(options.out)
    callbacks: list[Callback] = [LearningRateMonitor("step"), *progress_callbacks(options.out / logs / TEXT), *more]
    if config.ema_decay:
        callbacks.append(MovingAverage(decay=config.ema_decay))
    return pl.Trainer(
        accelerator=options.accelerator,
        devices=processes.devices,
        num_nodes=processes.nodes,
        strategy=processes.strategy(),
        plugins=[AtomicCheckpointIO(), processes.environment] if processes.size == 1 else [AtomicCheckpointIO()],
        # The sampler shares the records out itself.
        use_distributed_sampler=False,
        sync_batchnorm=processes.size > 1 and on_cuda(options.accelerator),
        precision=config.precision,
        # Shapes are always the same: the fastest convolutions are worth looking for.
        benchmark=on_cuda(options.accelerator),
        max_epochs=length.epochs,
        max_steps=length.most_steps,
        gradient_clip_val=config.optimiser.gradient_clip,
        callbacks=callbacks,
        logger=_loggers(options.out, logs),
        log_every_n_steps=min(options.log_every, length.steps_per_epoch),
        num_sanity_val_steps=0,
        check_val_every_n_epoch=min(options.validate_every, length.epochs),
        enable_model_summary=False,
        # The callback above is the bar, where there is one.
        enable_progress_bar=sys.stderr.isatty(),
    )


def _fit(fit: Callable[[], None], *, compiled: bool) -> int | None:
    """None when it came to its end, else the signal that stopped it (0: time was up)."""
    try:
        if compiled:
            with compile_errors():
                fit()
        else:
            fit()
    except TrainingStopped as stop:
        return stop.signum
    return None


def monitor(config: TrainConfig) -> str:
    """Name of the figure that chooses the best checkpoint."""
    return f"{VALIDATION_CONDITIONS[-1].value}/image_auroc" if config.modality.has_image else "signal/auroc"


def _clear(run: Path) -> None:
    """Of a run that is replaced nothing is to be taken for this one's. Pictures that were drawn are known by a key."""
    for name in (BEST, LAST, RECORD):
        (run / name).unlink(missing_ok=True)
    for folder in log_folders(run):
        shutil.rmtree(folder)


def _loggers(out: Path, version: str) -> list[Logger]:
    loggers: list[Logger] = [CSVLogger(out, name="", version=version)]
    if importlib.util.find_spec("tensorboard") is not None:
        loggers.append(TensorBoardLogger(out, name="", version=version))
    return loggers
