"""Which records of a source go into a packed store first: every positive, then the others in an order of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vizecg.data.pool import bounded_map
from vizecg.data.source import ReadRecord, RecordSource
from vizecg.records.packing import UNKNOWN_LABELS, pack_labels
from vizecg.spec import InputRefusedError

_BLOCK = 64


class Group(str, Enum):
    """What the labels of a record make it, in the order in which records are taken."""

    POSITIVES = "positives"
    NEGATIVES = "negatives"
    UNKNOWN = "unknown"


def group_of(packed_labels: int) -> Group:
    """Any of the labels, none of them, or not known."""
    if packed_labels == UNKNOWN_LABELS:
        return Group.UNKNOWN
    return Group.POSITIVES if packed_labels else Group.NEGATIVES


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Places of a source's records by their group, each in the order in which they are taken."""

    places: dict[Group, list[int]]

    @classmethod
    def of(cls, source: RecordSource, *, seed: int, workers: int = 1) -> Choice:
        """The order depends on the seed and a record's id alone; a source that must be read to tell labels is read."""
        places: dict[Group, list[int]] = {group: [] for group in Group}
        for place, labels in enumerate(_labels(source, workers)):
            places[group_of(labels)].append(place)

        def rank(place: int) -> bytes:
            return hashlib.sha256(f"{seed}:{source.record_ids[place]}".encode()).digest()

        return cls(places={group: sorted(indices, key=rank) for group, indices in places.items()})


def _labels(source: RecordSource, workers: int) -> Sequence[int]:
    if source.packed_labels is not None:
        return source.packed_labels
    jobs = ((source.read, source.items[start : start + _BLOCK]) for start in range(0, len(source), _BLOCK))
    return [labels for block in bounded_map(_read_labels, jobs, workers=workers) for labels in block]


def _read_labels(job: tuple[ReadRecord, Sequence[Any]]) -> list[int]:
    """In a worker; what cannot be read is not known."""
    read, items = job
    packed = []
    for item in items:
        try:
            packed.append(pack_labels(read(item).labels))
        except InputRefusedError:
            packed.append(UNKNOWN_LABELS)
    return packed
