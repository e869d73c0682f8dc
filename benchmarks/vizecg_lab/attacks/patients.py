"""The records that are drawn: those whose unspoilt page is decided rightly, of every class and of none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vizecg.records import EcgRecord
from vizecg.spec import InputRefusedError, UsageError
from vizecg_lab.attacks.edges import Said
from vizecg_lab.leads.drawn import shuffled
from vizecg_lab.leads.strata import by_rarest_label

if TYPE_CHECKING:
    from vizecg.records.ptbxl import PtbxlEntry

Ask = Callable[[EcgRecord, bool], Said]
"""The answer to the control of a record, flat or photographed."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A record and the answers to its control."""

    record: EcgRecord
    flat: Said
    photo: Said

    def control(self, *, photographed: bool) -> Said:
        return self.photo if photographed else self.flat


@dataclass(frozen=True, kw_only=True)
class Patients:
    """Those that are drawn; ``tried``: records that were looked at for them."""

    chosen: tuple[Patient, ...]
    tried: int

    def other(self, place: int) -> EcgRecord:
        """The next record that has other labels, or the next."""
        own = self.chosen[place].record
        following = [self.chosen[(place + k) % len(self.chosen)].record for k in range(1, len(self.chosen))]
        unlike = (one for one in following if _labels(one) != _labels(own))
        return next(unlike, following[0] if following else own)

    def by_class(self, names: Sequence[str]) -> dict[str, int]:
        """How many have each label, and none."""
        found: Counter[str] = Counter(dict.fromkeys((*names, "none"), 0))
        for one in self.chosen:
            own = [name for name, value in zip(names, _labels(one.record), strict=True) if value]
            found.update(own or ["none"])
        return dict(found)


def patients(root: Path, *, fold: int, count: int, ids: Sequence[int], ask: Ask) -> Patients:
    """Records of PTB-XL whose control is decided rightly in every class, flat and photographed.

    Args:
        root: folder of PTB-XL.
        fold: they are of, class after class, see ``in_turn``.
        count: how many.
        ids: ECG ids to take instead, as many of them as are decided rightly.
        ask: asks the control.

    Raises:
        UsageError: there are none.
    """
    from vizecg.records.ptbxl import Ptbxl

    dataset = Ptbxl(root=root)
    if ids:
        entries = dataset.select(ids=ids)
    else:
        entries = in_turn(dataset.select(folds=[fold]), fold)
    chosen: list[Patient] = []
    tried = 0
    for entry in entries:
        if len(chosen) == (count if not ids else len(ids)):
            break
        tried += 1
        try:
            record = dataset.read(entry)
        except InputRefusedError:
            continue
        patient = decided_rightly(record, ask)
        if patient is not None:
            chosen.append(patient)
    if not chosen:
        raise UsageError("no record has an unspoilt page that is decided rightly")
    return Patients(chosen=tuple(chosen), tried=tried)


def in_turn(entries: Sequence[PtbxlEntry], fold: int) -> list[PtbxlEntry]:
    """All entries in an order in which each class comes once, by a record's rarest label, and none twice, as long as
    there are any.

    Raises:
        UsageError: the fold has no records.
    """
    strata = by_rarest_label(shuffled(entries, fold))
    turn: list[int | None] = [*range(len(entries[0].labels))]
    turn[len(turn) // 2 : len(turn) // 2] = [None]
    turn.append(None)
    taken = []
    while any(strata.values()):
        taken += [strata[key].pop(0) for key in turn if strata.get(key)]
    return taken


def decided_rightly(record: EcgRecord, ask: Ask) -> Patient | None:
    """A record with the answers to its control, or None where one of them is not right in every class."""
    labels = [value > 0 for value in _labels(record)]
    said = []
    for photographed in (False, True):
        one = ask(record, photographed)
        if one.decisions is None or list(one.decisions.values()) != labels:
            return None
        said.append(one)
    return Patient(record=record, flat=said[0], photo=said[1])


def _labels(record: EcgRecord) -> tuple[float, ...]:
    return () if record.labels is None else tuple(record.labels.tolist())
