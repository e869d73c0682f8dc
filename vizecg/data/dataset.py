"""The torch side of the cache."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vizecg.data.augment import MAX_SHIFT, InkChange, change_ink, draw_ink_change
from vizecg.data.cache import InkCache
from vizecg.data.emptiness import draw_emptiness
from vizecg.data.misread import draw_misread
from vizecg.data.row_signals import RowSignals
from vizecg.data.signal_changes import SignalChanges
from vizecg.data.signal_view import SignalView, sheet_view
from vizecg.data.trace_truth import trace_truth
from vizecg.render import PictureDraft, draft_under
from vizecg.spec import UsageError
from vizecg.spec.preprocess import normalise
from vizecg.spec.sheet import BLOCK_MM, PAPER_SPEED_MM_S


class Sample(NamedTuple):
    """signal (12, T) millivolts, image (1, H, W) preprocessed, labels (labels,).

    ``trace`` (2, ROWS, W) of ``vizecg.data.trace_truth``, where it is asked for. Of a cache without pictures, image is
    (0,), and so is ``trace`` where it is not.
    """

    signal: Tensor
    image: Tensor
    labels: Tensor
    trace: Tensor = torch.zeros(0)


class Draw(NamedTuple):
    """Which sample of a ``TrainingSet``: the record in row ``row`` as epoch ``epoch`` shows it."""

    epoch: int
    row: int


NO_IMAGE = torch.zeros(0)
_FILLED_S = BLOCK_MM / PAPER_SPEED_MM_S
_AUGMENTATION, _EMPTINESS, _MISREAD = 2, 4, 6
"""Set these random numbers apart from those that other parts of a run derive from the same seed."""


def sample_rng(*, seed: int, epoch: int, row: int) -> np.random.Generator:
    """The generator of everything random about one record in one epoch but the drawing of its picture."""
    return np.random.default_rng((seed, _AUGMENTATION, epoch, row))


def maybe_emptied(
    change: InkChange, draft: Callable[[], PictureDraft], *, share: float, seed: int, draw: Draw, size: tuple[int, int]
) -> InkChange:
    """``change``, with the emptiness of another page before it for a ``share`` of the samples."""
    rng = np.random.default_rng((seed, _EMPTINESS, draw.epoch, draw.row))
    return draw_emptiness(rng, draft(), size=size).added_to(change) if rng.random() < share else change


def maybe_misread(
    change: InkChange, draft: Callable[[], PictureDraft], *, share: float, seed: int, draw: Draw, size: tuple[int, int]
) -> InkChange:
    """``change``, with a reader's errors before it for a ``share`` of the samples."""
    rng = np.random.default_rng((seed, _MISREAD, draw.epoch, draw.row))
    return replace(change, moves=draw_misread(rng, draft(), size=size)) if rng.random() < share else change


class TrainingSet(Dataset[Sample]):
    """Random variant, random shift, random gain: another picture and another recording of the same ECG each epoch.

    What a ``Draw`` looks like depends on the seed, the epoch and the record alone, not on the process that draws it
    or on what was drawn before: a run that was stopped goes on as if it had not been.

    Args:
        cache: the drawn records.
        seed: of the augmentation.
        max_shift: up to so many pixels in either direction; what moves in is paper.
        emptiness: share of the pictures that lack what pages of other layouts do not print.
        misread: share of the pictures whose leads are where a reader's errors put them.
        rows: of the cache; where its traces lie is told by each sample.
        view: how much of a recording its signal shows.
        recorders: share of the signals that go through a random recorder; pictures did when they were drawn.

    Raises:
        UsageError: ``emptiness`` or ``misread`` are asked of a cache that does not tell where its traces are.
    """

    def __init__(
        self,
        *,
        cache: InkCache,
        seed: int = 0,
        max_shift: int = MAX_SHIFT,
        emptiness: float = 0.0,
        misread: float = 0.0,
        rows: RowSignals | None = None,
        view: SignalView = SignalView.WHOLE,
        recorders: float = 0.0,
    ) -> None:
        self.cache = cache
        self.signals = SignalChanges(
            sampling_rate=cache.spec.signal.sampling_rate, seed=seed, view=view, recorders=recorders
        )
        self.seed = seed
        self.max_shift = max_shift
        self.emptiness = emptiness
        self.misread = misread
        self.rows = rows
        if (emptiness or misread) and not cache.keys[cache.rows].all():
            raise UsageError(f"{cache.folder} was drawn before sheets could be emptied or misread: name another folder")

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, draw: Draw) -> Sample:
        row = int(self.cache.rows[draw.row])
        rng = sample_rng(seed=self.seed, epoch=draw.epoch, row=row)
        image = trace = NO_IMAGE
        if variants := self.cache.inks.shape[1]:
            variant = int(rng.integers(variants))
            ink = np.array(self.cache.inks[row, variant])
            change = draw_ink_change(rng, size=ink.shape, max_shift=self.max_shift)
            # What changes the picture and what tells its truth look at the same draft, of records that fill a sheet.
            drafted, place = functools.cache(functools.partial(self._draft, row, variant)), Draw(draw.epoch, row)
            for changed, share in ((maybe_emptied, self.emptiness), (maybe_misread, self.misread)):
                if share:
                    change = changed(change, drafted, share=share, seed=self.seed, draw=place, size=ink.shape)
            image = _image(self.cache, change_ink(ink, change))
            if self.rows is not None:
                seconds = float(self.rows.seconds[row])
                draft = drafted() if seconds == _FILLED_S else self._draft(row, variant, duration_s=seconds)
                trace = torch.from_numpy(trace_truth(self.rows.of(row, variant), draft, change, size=ink.shape))
        signal = self.signals.of(np.array(self.cache.signals[row]), rng, epoch=draw.epoch, row=row)
        return Sample(
            signal=torch.from_numpy(signal),
            image=image,
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
            trace=trace,
        )

    def _draft(self, row: int, variant: int, duration_s: float = _FILLED_S) -> PictureDraft:
        """Of a picture of the cache: which was drawn from one. The duration decides about the traces, not about their
        places."""
        spec = self.cache.spec
        return draft_under(
            spec.conditions[variant],
            int(self.cache.keys[row]),
            duration_s=duration_s,
            seed=spec.seed,
            spec=spec.sheet,
            variant=variant,
        )


class EvaluationSet(Dataset[Sample]):
    """One variant of every record, unchanged.

    Args:
        cache: the drawn records.
        variant: which of the cache's conditions.
        part: (rank, processes), for one process's share of the records: no record is seen twice.
        view: how much of a recording its signal shows.
    """

    def __init__(
        self, *, cache: InkCache, variant: int, part: tuple[int, int] = (0, 1), view: SignalView = SignalView.WHOLE
    ) -> None:
        self.cache = cache
        self.view = view
        self.variant = variant
        self.rows = cache.rows[part[0] :: part[1]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        row = self.rows[index]
        has_image = self.cache.inks.shape[1] > 0
        return Sample(
            signal=torch.from_numpy(seen_signal(self.cache, int(row), self.view)),
            image=_image(self.cache, np.array(self.cache.inks[row, self.variant])) if has_image else NO_IMAGE,
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
        )


def seen_signal(cache: InkCache, row: int, view: SignalView) -> np.ndarray:
    """A record's signal as it is judged, float32 (12, T)."""
    signal = np.array(cache.signals[row])
    if view.judged is SignalView.WHOLE:
        return signal
    return sheet_view(signal, sampling_rate=cache.spec.signal.sampling_rate)


def _image(cache: InkCache, ink: np.ndarray) -> Tensor:
    """uint8 (H, W) -> (1, H, W)"""
    return torch.from_numpy(normalise(ink[None], cache.spec.preprocess)[0])
