"""Making a packed store: validation whole, then as much of the training split as the budget holds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from vizecg.data.choices import OnBad
from vizecg.data.packed.choice import Choice, Group
from vizecg.data.packed.coding import KEPT_LEADS, MAX_ROWS
from vizecg.data.packed.file import PackedStore, open_packed
from vizecg.data.packed.parts import PackJob, PackResult, PackSpec, pack
from vizecg.data.packed.write import PackedWriter, whole_or_not_at_all
from vizecg.data.pool import bounded_map
from vizecg.data.source import RecordSource
from vizecg.data.store.summary import counts_of, patients_in_two_splits
from vizecg.spec import InputRefusedError, StoreError, UsageError

TRAIN = "train"
DEFAULT_STEP_UV = 20.0
STEPS_UV = (10.0, 20.0)
_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class PackRequest:
    """What is wanted of a packed store.

    Attributes:
        step_uv: microvolts of a step, one of ``STEPS_UV``.
        sampling_rate: Hz; None for that of the records, which must be the same for all.
        budget_mib: MiB of the file; None for no limit.
        seed: of the order in which negatives are taken.

    Raises:
        UsageError: a value is out of range.
    """

    step_uv: float = DEFAULT_STEP_UV
    sampling_rate: float | None = None
    budget_mib: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.step_uv not in STEPS_UV:
            listed = " or ".join(f"{step:g}" for step in STEPS_UV)
            raise UsageError(f"--step-uv must be {listed} microvolts, got {self.step_uv:g}")
        if self.sampling_rate is not None and not 50 <= self.sampling_rate <= 5000:
            raise UsageError(f"the sampling rate must be 50 to 5000 Hz, got {self.sampling_rate:g}")
        if self.budget_mib is not None and self.budget_mib <= 0:
            raise UsageError(f"--budget-mib must be positive, got {self.budget_mib:g}")


def build_packed(
    path: Path,
    *,
    sources: Mapping[str, RecordSource],
    request: PackRequest,
    workers: int = 1,
    on_bad: OnBad = OnBad.SKIP,
    advance: Callable[[int], None] = lambda records: None,
    note: Callable[[dict[str, str]], None] = lambda told: None,
) -> PackedStore:
    """Make a packed store and open it; the same arguments give the same bytes, however many the workers.

    Args:
        path: of the file, which must not exist.
        sources: split -> its records. Of ``train`` every positive, then negatives in the order of a hash, then
            records of unknown labels, as far as the budget goes; other splits whole.
        request: how they are kept.
        workers: processes.
        on_bad: ``fail`` stops at the first record that cannot be used.
        advance: called with the number of records done since the last call.
        note: called with what is to be told of a record that is taken: ``record``, ``split``, ``code``, ``reason``.

    Raises:
        UsageError: the file exists, or the budget does not hold the splits that are kept whole.
        InputRefusedError: with ``fail``, or when not one record can be used.
        StoreError: a worker was killed.
    """
    if path.exists():
        raise UsageError(f"{path} exists: name another file, or delete it")
    lost = {name: reason for source in sources.values() for name, reason in source.left_out.items()}
    if lost and on_bad is OnBad.FAIL:
        raise InputRefusedError(next(iter(lost.values())), reason="bad_record")
    spec, count = _spec_and_count(sources, request)
    try:
        with whole_or_not_at_all(path) as file:
            packing = _Packing(
                writer=PackedWriter(file=file, labels=len(next(iter(sources.values())).labels)),
                spec=spec,
                count=count,
                workers=workers,
                on_bad=on_bad,
                advance=advance,
                note=note,
            )
            for name, reason in lost.items():
                packing.writer.skip(name, reason, split=None)
            for split, source in sources.items():
                if split != TRAIN:
                    packing.take(split, source, range(len(source)))
            left_out = _train(packing, sources, request)
            _finish(packing.writer, sources, request, spec, left_out)
    except BrokenProcessPool as error:
        raise StoreError("a worker process was killed (out of memory?): nothing was written") from error
    return open_packed(path)


def _spec_and_count(sources: Mapping[str, RecordSource], request: PackRequest) -> tuple[PackSpec, int]:
    """How signals are kept, and how many records make a block, by the first record that can be read."""
    for source in sources.values():
        for item in source.items:
            try:
                record = source.read(item)
            except InputRefusedError:
                continue
            rate = request.sampling_rate or record.sampling_rate
            spec = PackSpec(step_uv=request.step_uv, sampling_rate=rate, resampled=request.sampling_rate is not None)
            return spec, max(1, int(MAX_ROWS / (record.duration_s * rate)))
    raise InputRefusedError("not one record can be used", reason="bad_record")


@dataclass(frozen=True, kw_only=True)
class _Packing:
    """Takes records into the file; ``count`` of them at a time."""

    writer: PackedWriter
    spec: PackSpec
    count: int
    workers: int
    on_bad: OnBad
    advance: Callable[[int], None]
    note: Callable[[dict[str, str]], None]

    def take(self, split: str, source: RecordSource, places: Sequence[int], *, budget: int | None = None) -> int:
        """Add the records at ``places`` as long as the file stays within ``budget`` bytes; how many were taken."""
        sent: deque[PackJob] = deque()

        def jobs() -> Iterator[PackJob]:
            for start in range(0, len(places), self.count):
                records = [
                    (place, source.items[place], source.record_ids[place], source.patient_ids[place])
                    for place in places[start : start + self.count]
                ]
                sent.append(PackJob(split=split, read=source.read, records=records, spec=self.spec))
                yield sent[-1]

        taken = 0
        for result in bounded_map(pack, jobs(), workers=self.workers):
            job = sent.popleft()
            room = None if budget is None else budget - self.writer.size
            fits = room is None or self.writer.cost(result) <= room
            if room is not None and not fits:
                result = self._shortened(job, self.writer.cost(result), room)
            if result.skipped and self.on_bad is OnBad.FAIL:
                raise InputRefusedError(result.skipped[0].reason, reason="bad_record")
            self.writer.add(result)
            for told in result.noted:
                self.note(told)
            self.advance(result.records)
            taken += result.records
            if not fits:
                break
        return taken

    def _shortened(self, job: PackJob, cost: int, room: int) -> PackResult:
        """The first records of a job, as many as there is room for."""
        count = len(job.records)
        while cost > room:
            count = min(count - 1, int(count * room / cost))
            if count < 1:
                return PackResult(split=job.split, records=0)
            result = pack(job.first(count))
            cost = self.writer.cost(result)
        return result


def _train(packing: _Packing, sources: Mapping[str, RecordSource], request: PackRequest) -> dict[str, dict[str, int]]:
    """Take what the budget holds of the training split; split -> counts of what it does not hold."""
    budget = None if request.budget_mib is None else int(request.budget_mib * _MIB)
    if budget is not None and packing.writer.size > budget:
        raise UsageError(
            f"--budget-mib {request.budget_mib:g} does not hold the records that are kept whole (all splits but "
            f"{TRAIN}): they need {math.ceil(packing.writer.size / _MIB * 10) / 10:g} MiB"
        )
    if TRAIN not in sources:
        return {}
    source = sources[TRAIN]
    choice = Choice.of(source, seed=request.seed, workers=packing.workers)
    missing = dict.fromkeys(Group, 0)
    for group, places in choice.places.items():
        if not any(missing.values()):
            missing[group] = len(places) - packing.take(TRAIN, source, places, budget=budget)
        else:
            missing[group] = len(places)
    packing.advance(sum(missing.values()))
    return {TRAIN: {"records": sum(missing.values()), **{group.value: count for group, count in missing.items()}}}


def _finish(
    writer: PackedWriter,
    sources: Mapping[str, RecordSource],
    request: PackRequest,
    spec: PackSpec,
    left_out: Mapping[str, Mapping[str, int]],
) -> None:
    if not writer.blocks:
        why = f": {writer.skipped[0]['reason']}" if writer.skipped else f" within {request.budget_mib} MiB"
        raise InputRefusedError(f"not one record can be used{why}", reason="bad_record")
    labels = next(iter(sources.values())).labels
    writer.finish(
        {
            "source": " + ".join(dict.fromkeys(source.name for source in sources.values())),
            "leads": list(KEPT_LEADS),
            "labels": list(labels),
            "step_uv": spec.step_uv,
            "sampling_rate": spec.sampling_rate,
            "seed": request.seed,
            "counts": counts_of([writer.columns], labels),
            "left_out": left_out,
            "patients_in_two_splits": patients_in_two_splits([writer.columns]),
        }
    )
