"""Samples whose pictures are drawn anew every time, on the device that trains.

Workers of a data loader draft pictures, which takes no signal; what they hand on is packed in one piece of memory. The
device holds what is drawn of every record, and ``samples_on_device`` draws, photographs, rectifies and changes the
pictures of a whole batch there. The first epoch's pictures are those that a cache of the same specification would hold,
to within a few grey levels; every later epoch has others of the same conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vizecg.data.augment import InkChange, draw_ink_change
from vizecg.data.batch.augment import InkChanges, change_inks, pack_changes
from vizecg.data.batch.drafts import DraftBatch, batch_of_drafts, inks_from_drafts
from vizecg.data.batch.fused import fusing
from vizecg.data.batch.transfer import Parcel, TensorBatch
from vizecg.data.cache import InkCache
from vizecg.data.dataset import Draw, Sample, maybe_emptied, maybe_misread, sample_rng, seen_signal
from vizecg.data.row_signals import drawn_rows
from vizecg.data.signal_changes import SignalChanges
from vizecg.data.signal_view import SignalView
from vizecg.data.trace_truth import trace_truth
from vizecg.render import PictureDraft, draft_under
from vizecg.spec import Condition, UsageError
from vizecg.spec.preprocess import PreprocessSpec


class FreshSample(NamedTuple):
    """A picture that is drafted and not yet drawn: of the traces in ``row`` of ``DrawnSignals``, which have so many
    ``samples`` to be drawn, ``change`` None where it stays as it is; signal (12, T), labels (labels,) and trace as of
    ``Sample``, the last None where it is not asked for."""

    draft: PictureDraft
    row: int
    samples: int
    change: InkChange | None
    signal: np.ndarray
    labels: np.ndarray
    trace: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class SampleBatch(TensorBatch):
    """B packed ``FreshSample``s; ``changes`` None where no picture is changed, ``trace`` where none is asked for."""

    pictures: DraftBatch
    changes: InkChanges | None
    signal: Tensor
    labels: Tensor
    trace: Tensor | None = None


def _drafted(
    cache: InkCache, row: int, condition: Condition, *, variant: int, change: InkChange | None, version: int = 0
) -> FreshSample:
    """The picture that ``vizecg.render.sheet_under`` draws for a cache of this specification; ``version``: of which of
    a record's traces, where there are several."""
    if cache.drawn is None:
        raise ValueError("expected a cache of printable signals")
    traces = cache.drawn.row_of(row, version)
    draft = draft_under(
        condition,
        int(cache.keys[row]),
        duration_s=float(cache.drawn.seconds[traces]),
        seed=cache.spec.seed,
        spec=cache.spec.sheet,
        variant=variant,
    )
    return FreshSample(
        draft=draft,
        row=traces,
        samples=int(cache.drawn.samples[traces]),
        change=change,
        signal=np.array(cache.signals[row]),
        labels=np.array(cache.labels[row]),
    )


class FreshTrainingSet(Dataset[FreshSample]):
    """The samples of ``TrainingSet`` with another picture in every epoch: the same sequence, conditions and changes.

    Args:
        cache: of the records, without pictures (``CacheSpec.conditions`` empty, ``printable``).
        conditions: one of them is drawn for every sample, as one of a cache's variants is.
        seed: of the augmentation.
        emptiness, misread, view, recorders: as of ``TrainingSet``. Of the traces that a cache stores of each record
            for recorders (``CacheSpec.recorder_variants``) each condition has its own.
        traces: whether samples tell where the traces of their pictures lie.
    """

    def __init__(
        self,
        *,
        cache: InkCache,
        conditions: Sequence[Condition],
        seed: int = 0,
        emptiness: float = 0.0,
        misread: float = 0.0,
        traces: bool = False,
        view: SignalView = SignalView.WHOLE,
        recorders: float = 0.0,
    ) -> None:
        self.cache = cache
        self.signals = SignalChanges(
            sampling_rate=cache.spec.signal.sampling_rate, seed=seed, view=view, recorders=recorders
        )
        self.conditions = tuple(conditions)
        self.seed = seed
        self.emptiness = emptiness
        self.misread = misread
        self.traces = traces

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, draw: Draw) -> FreshSample:
        spec = self.cache.spec.preprocess
        row = int(self.cache.rows[draw.row])
        rng = sample_rng(seed=self.seed, epoch=draw.epoch, row=row)
        chosen = int(rng.integers(len(self.conditions)))
        size = (spec.height, spec.width)
        change = draw_ink_change(rng, size=size)
        variant = chosen + draw.epoch * len(self.conditions)
        sample = _drafted(self.cache, row, self.conditions[chosen], variant=variant, change=change, version=chosen)
        draft, place = sample.draft, Draw(draw.epoch, row)
        for changed, share in ((maybe_emptied, self.emptiness), (maybe_misread, self.misread)):
            if share:
                change = changed(change, lambda: draft, share=share, seed=self.seed, draw=place, size=size)
        sample = sample._replace(change=change)
        if self.traces and self.cache.drawn is not None:
            rows = drawn_rows(self.cache.drawn, sample.row, sample.draft.sheet.boxes, self.cache.spec.sheet)
            sample = sample._replace(trace=trace_truth(rows, sample.draft, change, size=size))
        return sample._replace(signal=self.signals.of(sample.signal, rng, epoch=draw.epoch, row=row))


class FreshEvaluationSet(Dataset[FreshSample]):
    """One variant of every record, always the same picture: that of ``EvaluationSet``.

    Args:
        cache: of the records, without pictures.
        condition: how they are printed.
        variant: place of the condition among those of a cache that held them.
        part: (rank, processes), for one process's share of the records: no record is seen twice.
        view: how much of a recording its signal shows.
    """

    def __init__(
        self,
        *,
        cache: InkCache,
        condition: Condition,
        variant: int,
        part: tuple[int, int] = (0, 1),
        view: SignalView = SignalView.WHOLE,
    ) -> None:
        self.cache = cache
        self.view = view
        self.condition = condition
        self.variant = variant
        self.rows = cache.rows[part[0] :: part[1]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> FreshSample:
        row = int(self.rows[index])
        sample = _drafted(self.cache, row, self.condition, variant=self.variant, change=None)
        return sample._replace(signal=seen_signal(self.cache, row, self.view))


def pack_samples(samples: Sequence[FreshSample], *, chunk: int) -> Parcel[SampleBatch]:
    """The ``collate_fn`` of a loader; ``chunk`` pictures are drawn at once."""
    traces = [sample.trace for sample in samples if sample.trace is not None]
    changes = [sample.change for sample in samples if sample.change is not None]
    if len(changes) not in (0, len(samples)):
        raise ValueError(f"expected changes of all {len(samples)} samples or of none, got {len(changes)}")
    return Parcel.of(
        SampleBatch(
            pictures=batch_of_drafts(
                [sample.draft for sample in samples],
                records=[sample.row for sample in samples],
                samples=[sample.samples for sample in samples],
                chunk=chunk,
            ),
            changes=pack_changes(changes) if changes else None,
            signal=torch.from_numpy(np.stack([sample.signal for sample in samples])),
            labels=torch.from_numpy(np.stack([sample.labels for sample in samples])),
            trace=torch.from_numpy(np.stack(traces)) if traces else None,
        )
    )


def signals_on_device(cache: InkCache, device: torch.device) -> Tensor:
    """What is drawn of the records of a cache: int16 (n, 12, samples), 96 kB a record and version.

    Raises:
        UsageError: the device has no room for it.
    """
    if cache.drawn is None:
        raise ValueError("expected a cache of printable signals")
    try:
        return torch.from_numpy(np.array(cache.drawn.signals)).to(device)
    except torch.OutOfMemoryError as error:
        gibibytes = cache.drawn.signals.nbytes / 2**30
        raise UsageError(
            f"{device} has no room for the {gibibytes:.1f} GiB of signals of {len(cache.record_ids)} records: "
            "use pictures=cached"
        ) from error


def samples_on_device(
    parcel: Parcel[SampleBatch], signals: Tensor, spec: PreprocessSpec, *, fuse: bool = False
) -> Sample:
    """Draw what a parcel drafts where it lies: signal (B, 12, T), image (B, 1, H, W), labels (B, labels).

    Args:
        parcel: of ``pack_samples``.
        signals: of ``signals_on_device``, of the same cache.
        spec: of the images.
        fuse: have torch.compile make few kernels of the many steps; see ``vizecg.data.batch.fused``.
    """
    batch = parcel.open()
    with fusing(fuse):
        inks = inks_from_drafts(batch.pictures, signals, preprocess=spec)
    if batch.changes is not None:
        inks = change_inks(inks, batch.changes)
    # The same operations in the same order as ``vizecg.spec.preprocess.normalise``.
    image = inks[:, None].float().div_(255).sub_(spec.mean).div_(spec.std)
    trace = batch.signal.new_zeros(len(image), 0) if batch.trace is None else batch.trace
    return Sample(signal=batch.signal, image=image, labels=batch.labels, trace=trace)
