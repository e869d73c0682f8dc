"""Predictions of several processes, each of its share of the records, put together as one process makes them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from vizecg.data.sharding import Shard, all_shards, missing_told, share_of
from vizecg.data.source import RecordSource
from vizecg.spec import Condition, StoreError, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.train.evaluation.predict import BATCH, Classifier, Predictions, predict_any

_NAME = re.compile(r"\d+-of-(\d+)")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is predicted: one condition of the records of one source by one classifier.

    ``name`` is that of its files in the folder of the parts.
    """

    name: str
    classifier: Classifier
    source: RecordSource
    condition: Condition
    seed: int

    def about(self) -> dict[str, Any]:
        """What must be the same in all parts."""
        listed = "\n".join([self.source.fingerprint, *self.source.record_ids])
        return {
            "model": self.classifier.fingerprint,
            "stream": self.classifier.stream,
            "condition": self.condition.value,
            "seed": self.seed,
            "labels": list(self.classifier.labels.names),
            "data": self.source.name,
            "records": len(self.source),
            "records_sha256": sha256_bytes(listed.encode()),
        }


def predict_part(work: Work, folder: Path, *, shard: Shard, cache: Path, workers: int) -> Predictions:
    """Write the part of one share, unless it is there already.

    Blocks of neighbouring records stay together, as one process takes them too: what a network computes can depend on
    its batch by a rounding.

    Raises:
        UsageError: a part of other work is there, and as ``predict``.
    """
    path = _path(folder, work, shard)
    if path.is_file():
        return _together(work, [_read(path, work)])
    mine = share_of(work.source, shard, unit=BATCH)
    place = {name: row for row, name in enumerate(work.source.record_ids)}
    found = predict_any(
        work.classifier, source=mine, condition=work.condition, cache=cache, seed=work.seed, workers=workers
    )
    own = {name: reason for name, reason in found.refused.items() if name not in work.source.left_out}
    content = io.BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        about=_text({**work.about(), "refused": own}),
        rows=np.array([place[name] for name in found.record_ids], np.int64),
        logits=found.logits,
        labels=found.labels,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())
    return found


def merged_parts(work: Work, folder: Path) -> Predictions:
    """What one process predicts of all records.

    Raises:
        UsageError: a part is missing, of other work, or of another number of shares.
        StoreError: one is damaged.
    """
    found = _together(work, [_read(_path(folder, work, shard), work) for shard in _shards(folder, work)])
    named = {*found.record_ids, *found.refused}
    lost = next((name for name in work.source.record_ids if name not in named), None)
    if lost is not None:
        raise StoreError(f"{folder}: no part tells of record {lost}")
    return found


def _together(work: Work, parts: Sequence[Mapping[str, Any]]) -> Predictions:
    """In the order of the source."""
    refused = {name: reason for part in parts for name, reason in part["refused"].items()}
    rows = np.concatenate([part["rows"] for part in parts])
    order = np.argsort(rows, kind="stable")
    source = work.source
    return Predictions(
        record_ids=tuple(source.record_ids[int(row)] for row in rows[order]),
        patient_ids=tuple(source.patient_ids[int(row)] for row in rows[order]),
        logits=np.concatenate([part["logits"] for part in parts])[order],
        labels=np.concatenate([part["labels"] for part in parts])[order],
        refused={**source.left_out, **{name: refused[name] for name in source.record_ids if name in refused}},
    )


def _shards(folder: Path, work: Work) -> list[Shard]:
    """All that there must be."""
    names = [path.name.removeprefix(f"{work.name}.").removesuffix(".npz") for path in folder.glob(f"{work.name}.*.npz")]
    ways = {int(match[1]) for name in names if (match := _NAME.fullmatch(name))}
    if len(ways) != 1:
        told = " and of ".join(map(str, sorted(ways)))
        what = f"parts of {told} shares: delete those of one way" if ways else f"no part of {work.name}"
        raise UsageError(f"{folder} holds {what}, as vizecg evaluate --shard K/N makes them")
    shards = all_shards(ways.pop())
    missing = [shard for shard in shards if not _path(folder, work, shard).is_file()]
    if missing:
        raise UsageError(f"{folder} lacks {missing_told(missing)} of {work.name}: run vizecg evaluate --shard there")
    return shards


def _path(folder: Path, work: Work, shard: Shard) -> Path:
    return folder / f"{work.name}.{shard.name}.npz"


def _read(path: Path, work: Work) -> dict[str, Any]:
    try:
        # Opened here: numpy leaves a damaged file open.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            part = {name: file[name] for name in ("rows", "logits", "labels")}
            about = json.loads(file["about"].tobytes())
        part["refused"] = about.pop("refused")
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise StoreError(f"{path} is damaged: delete it and run its shard again ({error})") from error
    _check_same(path, about, work.about())
    return part


def _check_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UsageError(f"{path} was made with {name} = {found.get(name)}, now {value}: use the same options")


def _text(about: Mapping[str, Any]) -> np.ndarray:
    return np.frombuffer(json.dumps(about).encode(), np.uint8)
