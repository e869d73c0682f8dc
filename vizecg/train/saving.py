"""When checkpoints are written, and how a run is stopped so that it can go on.

``last.ckpt`` is written in two places only: after a step that is not the last of its epoch, and after an epoch with
its validation. Lightning resumes from both to the bit; from within a validation it would leave that out.
"""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from vizecg.train.journal import Journal
from vizecg.train.lightning import Checkpoint, TorchCheckpointIO, pl
from vizecg.train.runs.folder import BEST, LAST
from vizecg.train.storage import save_atomically

_MINUTE = 60.0


class TrainingStopped(Exception):  # noqa: N818 - nothing is wrong
    """The run was asked to stop; ``last.ckpt`` is written. ``signum`` is the signal that asked, 0 where time was up."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class RunCheckpoints(Checkpoint):
    """Keeps the last state and the best, and stops on request.

    Args:
        out: folder of the run.
        monitor: name of the validation figure that chooses the best; higher is better.
        every_minutes: at least so often the last state is written.
        stop_after_minutes: of training in this start; None does not stop.
        journal: is told of every last state that is written.
    """

    def __init__(
        self,
        *,
        out: Path,
        monitor: str,
        every_minutes: float = 5.0,
        stop_after_minutes: float | None = None,
        journal: Journal,
    ) -> None:
        self.out = out
        self.journal = journal
        self.monitor = monitor
        self.every_s = every_minutes * _MINUTE
        self.stop_after_s = None if stop_after_minutes is None else stop_after_minutes * _MINUTE
        self.best_score: float | None = None
        self.best_epoch: int | None = None
        self._validated = False
        self._signum = 0
        self._began = self._saved = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began = self._saved = time.monotonic()
        self.journal.training(whole_epoch=trainer.global_step % int(trainer.num_training_batches) == 0)
        # In place of Lightning's handlers, which it puts there before and takes back with the original ones at the
        # end: its own talks to the other processes from within the handler, and keeps nothing.
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                signal.signal(signum, self._ask_to_stop)

    def _ask_to_stop(self, signum: int, frame: FrameType | None) -> None:
        if self._signum and signum == signal.SIGINT:
            raise KeyboardInterrupt
        self._signum = signum

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        if trainer.global_step == trainer.max_steps:
            # The end of the run, within an epoch: Lightning would leave out its validation.
            trainer.should_stop = True
            return
        save, stop, signum = self._agreed(trainer, pl_module.device)
        if save or stop:
            self._save_last(trainer)
        if stop:
            raise TrainingStopped(signum)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        score = float(trainer.callback_metrics[self.monitor]) if self._validated else None
        self._validated = False
        # NaN, of a validation without positives, is better than nothing and no better than anything else.
        if score is not None and (
            self.best_score is None or score > self.best_score or self.best_score != self.best_score
        ):
            self.best_score, self.best_epoch = score, trainer.current_epoch + 1
            self._save(trainer, BEST)
        self._save_last(trainer, epoch_ended=True)
        _, stop, signum = self._agreed(trainer, pl_module.device)
        if stop and trainer.current_epoch + 1 < (trainer.max_epochs or 0):
            raise TrainingStopped(signum)

    def _agreed(self, trainer: pl.Trainer, device: torch.device) -> tuple[bool, bool, int]:
        """(save, stop, signal), the same in all processes: a signal need not reach all, and clocks differ."""
        now = time.monotonic()
        due = now - self._saved >= self.every_s
        over = self.stop_after_s is not None and now - self._began >= self.stop_after_s
        if trainer.world_size == 1:
            return due, over or self._signum > 0, self._signum
        flags = torch.tensor([due, over, self._signum], dtype=torch.int32, device=device)
        torch.distributed.all_reduce(flags, op=torch.distributed.ReduceOp.MAX)
        due, over, signum = flags.tolist()
        return bool(due), bool(over or signum), int(signum)

    def _save_last(self, trainer: pl.Trainer, *, epoch_ended: bool = False) -> None:
        self._save(trainer, LAST)
        self.journal.saved(
            epochs=trainer.current_epoch + epoch_ended,
            steps=trainer.global_step,
            best=self.best,
            epoch_ended=epoch_ended,
        )

    @property
    def best(self) -> dict[str, Any] | None:
        """Figure, value (None for NaN) and epoch of the best checkpoint; None before a validation."""
        if self.best_score is None:
            return None
        value = None if self.best_score != self.best_score else self.best_score
        return {"figure": self.monitor, "value": value, "epoch": self.best_epoch}

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        trainer.save_checkpoint(self.out / name)
        self._saved = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        return {"best_score": self.best_score, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_score, self.best_epoch = state_dict["best_score"], state_dict["best_epoch"]


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's reading and writing of checkpoints, with ``save_atomically``, and without unpickling code."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        save_atomically(checkpoint, Path(path))

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)
