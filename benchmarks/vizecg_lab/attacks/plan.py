"""Which page is drawn when: any beginning of the row has all kinds alike, and the whole of it everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vizecg_lab.attacks.kinds import Kind

_STRIDE, _STEP = 7, 3
"""From one kind to the next, and from one way to the next, by so many records."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One page: a kind, in one of its ways, of a record by its place among the records."""

    kind: Kind
    way: str
    record: int
    photographed: bool

    def key(self, record_id: str) -> str:
        """By which it is kept and drawn."""
        return f"{self.kind.name}/{self.way}/{record_id}/{'photo' if self.photographed else 'flat'}"


def drawings(kinds: Sequence[Kind], *, records: int, sample: int | None = None) -> list[Drawing]:
    """All ways of all kinds on all records, each flat or photographed by turns; or the first ``sample`` of them."""
    return list(islice(_in_turn(kinds, records), sample))


def _in_turn(kinds: Sequence[Kind], records: int) -> Iterator[Drawing]:
    most = max((len(kind.ways) for kind in kinds), default=0)
    for turn in range(most * records):
        for place, kind in enumerate(kinds):
            if turn < len(kind.ways) * records:
                round_, number = divmod(turn, len(kind.ways))
                yield Drawing(
                    kind=kind,
                    way=list(kind.ways)[number],
                    record=(_STRIDE * place + _STEP * number + round_) % records,
                    photographed=(place + number + round_) % 2 == 1,
                )
