"""What a run writes down of itself while it trains: ``run.json``, kept by the one process that writes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from vizecg.spec.checks import first_line, printable
from vizecg.train.runs.lock import held
from vizecg.train.runs.record import Ending, RunRecord, Start, read_record, write_record

_LONGEST = 300


class Journal:
    """The record of one start of a run. Before ``begin`` nothing is written, nor by any but the first process.

    Args:
        run: its folder.
        first: whether this is the process that writes.
    """

    def __init__(self, run: Path, *, first: bool) -> None:
        self.run, self.first = run, first
        self._record: RunRecord | None = None
        self._began = self._epoch_began = time.monotonic()
        self._whole_epoch = False

    def begin(
        self,
        *,
        resumed: bool,
        asked: Mapping[str, Any],
        training_data: Mapping[str, Any],
        started_from: str | None,
        epochs: int,
        processes: int,
    ) -> None:
        """Write that this start trains. ``asked`` as of ``RunRecord``; that of before stays where it is empty."""
        if not self.first:
            return
        before = read_record(self.run) if resumed else None
        record = before or RunRecord(epochs=epochs)
        self._record = replace(
            record,
            asked=dict(asked) or record.asked,
            training_data=dict(training_data),
            started_from=started_from,
            epochs=epochs,
        ).started(Start.now(processes=processes))
        self._write()

    def training(self, *, whole_epoch: bool) -> None:
        """Steps begin now: at the first of an epoch, or within one."""
        self._epoch_began, self._whole_epoch = time.monotonic(), whole_epoch

    def saved(self, *, epochs: int, steps: int, best: dict[str, Any] | None, epoch_ended: bool) -> None:
        """``last.ckpt`` holds so many epochs and steps."""
        if self._record is None:
            return
        self._record = replace(self._record, epochs_done=epochs, steps_done=steps, best=best)
        if epoch_ended:
            now = time.monotonic()
            if self._whole_epoch:
                took = {str(epochs): round(now - self._epoch_began, 1)}
                self._record = replace(self._record, epoch_seconds={**self._record.epoch_seconds, **took})
            self._epoch_began, self._whole_epoch = now, True
        self._write()

    def ended(self, ending: Ending, *, why: str = "") -> None:
        if self._record is not None:
            self._write(ending=ending, why=why)

    def _write(self, **changes: Any) -> None:
        assert self._record is not None
        seconds = round(time.monotonic() - self._began, 1)
        self._record = self._record.with_last(seconds=seconds, steps=self._record.steps_done, **changes)
        write_record(self.run, self._record)


@contextmanager
def journal(run: Path, *, first: bool) -> Iterator[Journal]:
    """Of a start, with the lock of the run; an error that ends it is written down.

    Raises:
        UsageError: another process trains in this folder.
    """
    with held(run) if first else nullcontext():
        kept = Journal(run, first=first)
        try:
            yield kept
        except BaseException as error:
            kept.ended(Ending.FAILED, why=printable(f"{type(error).__name__}: {first_line(error)}", _LONGEST))
            raise


def told_stop(signum: int) -> str:
    """Why a run was stopped: by a signal, or for 0 because its time was up."""
    return signal.Signals(signum).name if signum else "the time of --stop-after was up"
