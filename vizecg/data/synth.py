"""Synthetic data sets in the formats of real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from vizecg.data.choices import SynthFormat
from vizecg.data.source import RecordSource
from vizecg.data.store.build import build_store
from vizecg.data.store.spec import StoreSpec
from vizecg.records import EcgRecord
from vizecg.records.code15.write import write_code15
from vizecg.records.splits import SPLIT_NAMES, SplitRule
from vizecg.records.synthetic import synthesise, synthetic_record
from vizecg.records.wfdb.write import write_wfdb
from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically

MARKER = "synth.json"


@dataclass(frozen=True, kw_only=True)
class SynthSpec:
    """What is made: the mixed set of a seed, or records that all show ``labels`` (none of them: normal ECGs)."""

    kind: SynthFormat
    n: int
    seed: int = 0
    labels: tuple[str, ...] | None = None
    parts: int = 1

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"the number of records must be positive, got {self.n}")
        _record(0, seed=self.seed, labels=self.labels)  # fails now for labels that exclude each other

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value, "labels": None if self.labels is None else list(self.labels)}


def synth(folder: Path, *, spec: SynthSpec, advance: Callable[[int], None] = lambda records: None) -> None:
    """Make a data set; the same settings in the same folder make the same files again.

    Raises:
        UsageError: the folder is not empty and was not made with these settings.
    """
    marker = folder / MARKER
    if spec.kind is SynthFormat.STORE:
        rule = SplitRule(seed=spec.seed)
        sources = {name: _source(spec, rule, name) for name in SPLIT_NAMES}
        filled = {name: source for name, source in sources.items() if len(source)}
        settings = {"data": "synth", **spec.to_dict()}
        build_store(folder, sources=filled, spec=StoreSpec(settings=settings), advance=advance)
        return
    folder.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps(spec.to_dict(), indent=1) + "\n"
    if marker.is_file() and marker.read_text(encoding="utf-8") != wanted:
        raise UsageError(f"{folder} holds synthetic records of other settings: name another folder or delete it")
    if not marker.is_file() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and was not made by vizecg synth: name another folder")
    write_atomically(marker, wanted)
    records = _counted(spec, advance)
    if spec.kind is SynthFormat.CODE15:
        write_code15(folder, records, parts=spec.parts)
    else:
        write_wfdb(folder, records)


def _record(index: int, *, seed: int, labels: tuple[str, ...] | None) -> EcgRecord:
    if labels is None:
        return synthetic_record(index, seed=seed)
    record = synthesise(labels, seed=(seed << 32) + index)
    return replace(record, record_id=_name(index, seed), patient_id=_name(index, seed))


def _name(index: int, seed: int) -> str:
    return f"synthetic-{seed}-{index}"


def _counted(spec: SynthSpec, advance: Callable[[int], None]) -> Iterator[EcgRecord]:
    for index in range(spec.n):
        yield _record(index, seed=spec.seed, labels=spec.labels)
        advance(1)


def _source(spec: SynthSpec, rule: SplitRule, split: str) -> RecordSource:
    """One split of the set; every synthetic record is a patient of its own."""
    names = {index: _name(index, spec.seed) for index in range(spec.n)}
    chosen = [i for i, name in names.items() if rule.split_of(patient_id=name, record_id=name) == split]
    ids = [names[index] for index in chosen]
    return RecordSource(
        name=f"synthetic seed {spec.seed}",
        items=chosen,
        record_ids=ids,
        patient_ids=ids,
        read=partial(_record, seed=spec.seed, labels=spec.labels),
    )
