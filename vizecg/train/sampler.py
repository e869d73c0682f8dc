"""Which records come when: a function of the seed, the epoch and the position in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from vizecg.data.dataset import Draw
from vizecg.spec import UsageError

_ORDER, _STEP = 1, 3
"""Set apart what is drawn from one seed; the augmentation of ``vizecg.data.dataset`` has a number of its own."""


class Position(NamedTuple):
    """How far a run has come: ``batch`` batches of epoch ``epoch`` are done, both counted from 0."""

    epoch: int = 0
    batch: int = 0


def step_seed(seed: int, *, step: int, rank: int) -> int:
    """Seed of everything random in one step of training on one process."""
    return int(np.random.SeedSequence((seed, _STEP, step, rank)).generate_state(1, np.uint64)[0] >> 1)


class EpochBatches(Sampler[list[Draw]]):
    """Shuffled batches, every epoch in another order; an incomplete last batch is left out.

    The batches of the processes of one run make up those of a run in one process. Lightning makes its first iterator
    before it restores a checkpoint, and counts a resumed epoch's batches from where it stopped: so where to begin is
    told to the constructor, and ``len`` stays that of a whole epoch.

    Args:
        records: their number.
        batch_size: of all processes together.
        seed: of the order.
        part: (rank, processes).
        start: what is done already.

    Raises:
        UsageError: the batch cannot be shared out evenly, or there are too few records for one.
    """

    def __init__(
        self, *, records: int, batch_size: int, seed: int, part: tuple[int, int] = (0, 1), start: Position | None = None
    ) -> None:
        rank, processes = part
        if batch_size % processes:
            raise UsageError(f"batch_size {batch_size} cannot be shared out among {processes} processes")
        if records < batch_size:
            raise UsageError(f"{records} training records are fewer than one batch of {batch_size}")
        self.records = records
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

    def _batches(self, epoch: int) -> Iterator[list[Draw]]:
        order = np.random.default_rng((self.seed, _ORDER, epoch)).permutation(self.records)
        done = self.start.batch if epoch == self.start.epoch else 0
        for number in range(done, len(self)):
            batch = order[number * self.batch_size : (number + 1) * self.batch_size]
            yield [Draw(epoch, int(index)) for index in batch[self.share]]
