"""The records whose photographs a gate is fitted on: of each diagnosis some, then any."""

from __future__ import annotations

from functools import cache
from itertools import islice

from vizecg.data.source import RecordSource
from vizecg.records.packing import UNKNOWN_LABELS, unpack_labels
from vizecg.spec import InputRefusedError


def choose_records(source: RecordSource, limit: int) -> list[int]:
    """Places in ``source`` of at most ``limit`` records, in its order.

    Of each diagnosis the first tenth of ``limit``, then the first records whatever they show. Records are read only
    where the index of the source does not tell their diagnoses.
    """

    @cache
    def labels(index: int) -> tuple[float, ...]:
        packed = UNKNOWN_LABELS if source.packed_labels is None else source.packed_labels[index]
        known = unpack_labels(packed, len(source.labels))
        if known is None:
            try:
                known = source.read(source.items[index]).labels
            except InputRefusedError:
                known = None
        return (0.0,) * len(source.labels) if known is None else tuple(known)

    chosen: dict[int, None] = {}
    for column in range(len(source.labels)):
        positives = (index for index in range(len(source)) if labels(index)[column])
        chosen.update(dict.fromkeys(islice(positives, max(1, limit // 10))))
    for index in range(len(source)):
        if len(chosen) >= limit:
            break
        chosen.setdefault(index)
    return sorted(chosen)[:limit]
