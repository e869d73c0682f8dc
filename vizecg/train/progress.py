"""How far a run has come and how long it will take, for people: a bar on a terminal, lines elsewhere; always on stderr,
and in the log of the start."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from vizecg.data.progress import duration
from vizecg.train.lightning import Callback, RichProgressBar, pl
from vizecg.train.time_left import TimeLeft

_LINE_EVERY_S = 60.0


class Timekeeper(Callback):
    """Measures steps and validations; ``told`` is what is left of the run in words."""

    def __init__(self) -> None:
        self.left: TimeLeft | None = None

    @property
    def told(self) -> str:
        seconds = None if self.left is None else self.left.seconds
        return "" if seconds is None else f"{duration(seconds)} left"

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.left = TimeLeft(
            steps=int(trainer.num_training_batches),
            epochs=trainer.max_epochs or 0,
            validate_every=trainer.check_val_every_n_epoch or 1,
            validation_batches=int(sum(trainer.num_val_batches)),
            last_step=trainer.max_steps if trainer.max_steps > 0 else None,
        )
        self.left.begin(done=trainer.global_step)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.left is not None:
            self.left.stepped(done=trainer.global_step)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.left is not None:
            self.left.validation_began()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.left is not None:
            self.left.validated()


def progress_callbacks(log: Path) -> list[Callback]:
    """What suits stderr, and lines in ``log``."""
    keeper = Timekeeper()
    lines = EpochLines(keeper=keeper, log=log)
    return [keeper, lines, TerminalBar(keeper=keeper)] if sys.stderr.isatty() else [keeper, lines]


class TerminalBar(RichProgressBar):
    """Lightning's bar of an epoch, with the time left of the run."""

    def __init__(self, *, keeper: Timekeeper) -> None:
        super().__init__(console_kwargs={"stderr": True})
        self._keeper = keeper

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        shown = super().get_metrics(trainer, pl_module)
        # Lightning's number of the log, which says nothing.
        shown.pop("v_num", None)
        return {**shown, "run": self._keeper.told} if self._keeper.told else shown

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Otherwise there is none for the rest of an epoch that a resumed run begins within.
        if self.train_progress_bar_id is None:
            self.on_train_epoch_start(trainer, pl_module)
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)


class EpochLines(Callback):
    """``epoch 3/12: loss 0.812, photo/image_auroc 0.914; 41 s an epoch, 6 min left``, and a line a minute between."""

    def __init__(self, *, keeper: Timekeeper, log: Path) -> None:
        self._keeper, self._log = keeper, log
        self._said = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._said = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if time.monotonic() - self._said < _LINE_EVERY_S:
            return
        share = (batch_idx + 1) / float(trainer.num_training_batches)
        self._say(trainer, f", {share:.0%}", _shown(trainer, "loss/total"), self._keeper.told)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        left = self._keeper.left
        epoch_s = None if left is None else left.epoch_s
        took = [] if epoch_s is None else [f"{duration(epoch_s)} an epoch"]
        self._say(trainer, "", _shown(trainer, "loss/total", "auroc"), ", ".join([*took, self._keeper.told]))

    def _say(self, trainer: pl.Trainer, share: str, figures: str, times: str) -> None:
        self._said = time.monotonic()
        if not trainer.is_global_zero:
            return
        line = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}{share}: {figures}; {times}"
        if not sys.stderr.isatty():
            print(line, file=sys.stderr)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {line}\n")


def _shown(trainer: pl.Trainer, *endings: str) -> str:
    """Figures whose names end so, the loss first."""
    found = {
        name: value for ending in endings for name, value in trainer.callback_metrics.items() if name.endswith(ending)
    }
    return ", ".join(f"{name.removesuffix('/total')} {float(value):.3f}" for name, value in found.items())
