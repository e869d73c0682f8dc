"""Work split among processes that know nothing of each other, such as those of a job array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vizecg.data.source import RecordSource
from vizecg.spec import UsageError

_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """The ``number``-th of ``of`` shares, from 1: every ``of``-th unit of the work, whatever a unit is, so that all
    have as much to do. Which units those are depends on nothing else.

    Raises:
        UsageError: there is no such share.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise UsageError(f"--shard {self}: expected K/N with K from 1 to N")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``2/3``"""
        match = _SHARD.fullmatch(text)
        if match is None:
            raise UsageError(f"--shard {text!r}: expected K/N, as 2/3")
        return cls(number=int(match[1]), of=int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def name(self) -> str:
        """Within names of files: ``2-of-3``"""
        return f"{self.number}-of-{self.of}"

    def takes(self, unit: int) -> bool:
        """Whether a unit, counted from 0, is of this share."""
        return unit % self.of == self.number - 1


def missing_told(missing: Sequence[Shard]) -> str:
    """``shards 2/3, 3/3``"""
    shown = ", ".join(map(str, missing[:5]))
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return f"shard{'s' if len(missing) > 1 else ''} {shown}{more}"


def all_shards(of: int) -> list[Shard]:
    return [Shard(number=number, of=of) for number in range(1, of + 1)]


def share_places(units: int, shard: Shard, *, unit: int = 1) -> list[int]:
    """Which of ``units`` records are of a share, where ``unit`` neighbours stay together."""
    return [place for place in range(units) if shard.takes(place // unit)]


def share_of(source: RecordSource, shard: Shard, *, unit: int = 1) -> RecordSource:
    """The records of a share of a source; see ``share_places``."""
    places = share_places(len(source), shard, unit=unit)
    packed = source.packed_labels
    return replace(
        source,
        items=[source.items[place] for place in places],
        record_ids=[source.record_ids[place] for place in places],
        patient_ids=[source.patient_ids[place] for place in places],
        packed_labels=None if packed is None else [packed[place] for place in places],
    )
