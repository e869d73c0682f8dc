"""How far a run has come, for people: a bar on a terminal, a line per epoch elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from typing import Any

from vizecg.train.lightning import Callback, RichProgressBar, pl


def progress_callback() -> Callback:
    """What suits stderr."""
    return TerminalBar(console_kwargs={"stderr": True}) if sys.stderr.isatty() else EpochLines()


class TerminalBar(RichProgressBar):
    """Lightning's bar, which otherwise has none for the rest of an epoch that a resumed run begins within."""

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if self.train_progress_bar_id is None:
            self.on_train_epoch_start(trainer, pl_module)
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)


class EpochLines(Callback):
    """``epoch 3/12: loss 0.812, photo/image_auroc 0.914; 41 s an epoch, 6 min left``"""

    def __init__(self) -> None:
        self._began = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began, self._first_step = time.monotonic(), trainer.global_step

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        shown = {"loss": trainer.callback_metrics.get("loss/total")}
        shown |= {name: value for name, value in trainer.callback_metrics.items() if name.endswith("auroc")}
        figures = ", ".join(f"{name} {float(value):.3f}" for name, value in shown.items() if value is not None)
        per_step = (time.monotonic() - self._began) / max(1, trainer.global_step - self._first_step)
        per_epoch = per_step * float(trainer.num_training_batches)
        epoch, epochs = trainer.current_epoch + 1, trainer.max_epochs or 0
        left = duration(per_epoch * (epochs - epoch))
        print(f"epoch {epoch}/{epochs}: {figures}; {duration(per_epoch)} an epoch, {left} left", file=sys.stderr)


def duration(seconds: float) -> str:
    """``41 s``, ``6 min``, ``3.2 h``"""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
