"""Which records come when: a function of the seed, the epoch and the position in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from vizecg.data.dataset import Draw
from vizecg.spec import UsageError

_ORDER, _STEP, _SHARES = 1, 3, 5
"""Set apart what is drawn from one seed; the augmentation of ``vizecg.data.dataset`` has a number of its own."""


class Position(NamedTuple):
    """How far a run has come: ``batch`` batches of epoch ``epoch`` are done, both counted from 0."""

    epoch: int = 0
    batch: int = 0


def step_seed(seed: int, *, step: int, rank: int) -> int:
    """Seed of everything random in one step of training on one process."""
    return int(np.random.SeedSequence((seed, _STEP, step, rank)).generate_state(1, np.uint64)[0] >> 1)


def shown_records(records: int, *, rotating: int, every: int) -> int:
    """How many of ``records`` an epoch of ``EpochBatches`` shows, ``rotating`` of which come every k-th epoch."""
    return records - rotating + -(-rotating // every)


class EpochBatches(Sampler[list[Draw]]):
    """Shuffled batches, every epoch in another order; an incomplete last batch is left out.

    With ``every`` k > 1, an epoch shows all records but those of ``rotating``, and of these a k-th: another share in
    each of k epochs, after which all were shown. Shares are equally large, so that epochs are equally long: where their
    number is no multiple of k, the last share has a few that are in the first.

    The batches of the processes of one run make up those of a run in one process. Lightning makes its first iterator
    before it restores a checkpoint, and counts a resumed epoch's batches from where it stopped: so where to begin is
    told to the constructor, and ``len`` stays that of a whole epoch.

    Args:
        records: their number.
        batch_size: of all processes together.
        seed: of the order and of the shares.
        part: (rank, processes).
        start: what is done already.
        rotating: bool (records,), which of them come every k-th epoch; None for none.
        every: k.

    Raises:
        UsageError: the batch cannot be shared out evenly, or there are too few records for one.
    """

    def __init__(
        self,
        *,
        records: int,
        batch_size: int,
        seed: int,
        part: tuple[int, int] = (0, 1),
        start: Position | None = None,
        rotating: np.ndarray | None = None,
        every: int = 1,
    ) -> None:
        rank, processes = part
        if batch_size % processes:
            raise UsageError(f"batch_size {batch_size} cannot be shared out among {processes} processes")
        some = np.zeros(records, bool) if rotating is None or every == 1 else np.asarray(rotating, bool)
        self._always = np.flatnonzero(~some)
        self._rotating = np.random.default_rng((seed, _SHARES)).permutation(np.flatnonzero(some))
        self.every = every
        self.records = shown_records(records, rotating=len(self._rotating), every=every)
        if self.records < batch_size:
            shown = "training records" if self.records == records else f"of {records} training records in an epoch"
            raise UsageError(f"{self.records} {shown} are fewer than one batch of {batch_size}")
        self.batch_size = batch_size
        self.seed = seed
        share = batch_size // processes
        self.share = slice(rank * share, (rank + 1) * share)
        self.start = start or Position()
        self.epoch = self.start.epoch

    def set_epoch(self, epoch: int) -> None:
        """Which order the next iterator follows."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.records // self.batch_size

    def __iter__(self) -> Iterator[list[Draw]]:
        # Not a generator itself: one would ask for the epoch only when its first batch is wanted.
        return self._batches(self.epoch)

    def shown(self, epoch: int) -> np.ndarray:
        """int64 (records of an epoch,): which they are, before they are shuffled."""
        size = self.records - len(self._always)
        if not size:
            return self._always
        share = self._rotating[(epoch % self.every * size + np.arange(size)) % len(self._rotating)]
        return np.concatenate([self._always, share])

    def _batches(self, epoch: int) -> Iterator[list[Draw]]:
        order = np.random.default_rng((self.seed, _ORDER, epoch)).permutation(self.records)
        order = self.shown(epoch)[order]
        done = self.start.batch if epoch == self.start.epoch else 0
        for number in range(done, len(self)):
            batch = order[number * self.batch_size : (number + 1) * self.batch_size]
            yield [Draw(epoch, int(index)) for index in batch[self.share]]
