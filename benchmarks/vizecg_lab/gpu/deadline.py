"""A training that is over at a time of the clock."""

from __future__ import annotations

import time

from vizecg.train.lightning import Callback, pl
from vizecg.train.saving import RunCheckpoints


class Deadline(Callback):
    """Has a run stopped at ``ends`` (seconds since the epoch), however long it takes to start.

    ``RunOptions.stop_after`` counts from the first step, before which records are read and processes started.
    """

    def __init__(self, ends: float) -> None:
        self.ends = ends

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for other in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(other, RunCheckpoints):
                other.stop_after_s = max(1.0, self.ends - time.time())
