"""Weights where they are kept, from the first epoch on: a run that is cut off has not trained for nothing."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from vizecg.spec.fingerprint import sha256_file
from vizecg.train.checkpoint import read_raw
from vizecg.train.lightning import Callback, pl
from vizecg.train.runs.folder import BEST, LAST
from vizecg.train.slim import slim_checkpoint
from vizecg_lab.gpu.parts import MOST_WEIGHTS_FILES, parts_of, put

_EVERY_S = 30.0
_WARM_UP_STEPS = 20


class WeightsKeeper(Callback):
    """Copies ``best.ckpt`` and ``last.ckpt`` of a run without what only resuming needs, in parts of the size allowed.

    Args:
        run: folder of the run.
        out: where they go.
        most_bytes: of a file.
    """

    def __init__(self, *, run: Path, out: Path, most_bytes: int) -> None:
        self.run = run
        self.out = out
        self.most_bytes = most_bytes
        self._kept = 0.0
        self._steps: list[tuple[int, float]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        self._steps.append((trainer.global_step, time.monotonic()))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # The last epoch's checkpoints are written after its other callbacks.
        if time.monotonic() - self._kept > _EVERY_S and (self.run / LAST).is_file():
            self.keep()

    def keep(self) -> dict[str, Any]:
        """Write them; name -> files, bytes and sha256 of the whole, or why it is not there."""
        self._kept = time.monotonic()
        told: dict[str, Any] = {}
        room = MOST_WEIGHTS_FILES
        for name in (BEST, LAST):
            source = self.run / name
            if not source.is_file():
                told[name] = {"files": [], "why": "there is none yet"}
                continue
            slim = self.run / f"{name}.slim"
            slim_checkpoint(source, slim)
            whole, state = slim, "weights"
            if name == LAST and parts_of(source, self.most_bytes) <= room:
                whole, state = source, "weights, optimiser and position, to resume from"
            count = parts_of(whole, self.most_bytes)
            if count > room:
                told[name] = {"files": [], "why": f"{count} files of the size allowed, {room} are left"}
            else:
                room -= count
                files = put(whole, self.out, name=name, most_bytes=self.most_bytes)
                told[name] = {
                    "files": files,
                    "bytes": whole.stat().st_size,
                    "sha256": sha256_file(whole),
                    "holds": state,
                    "global_step": read_raw(slim)["global_step"],
                }
            with contextlib.suppress(FileNotFoundError):
                os.unlink(slim)
        return told

    def pictures_per_s(self, batch: int) -> float | None:
        """Of all that was trained in this start, with validations and checkpoints, without the first steps."""
        if len(self._steps) <= _WARM_UP_STEPS:
            return None
        (first, began), (last, ended) = self._steps[_WARM_UP_STEPS - 1], self._steps[-1]
        return round((last - first) * batch / (ended - began), 1)
