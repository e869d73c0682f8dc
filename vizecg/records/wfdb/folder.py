"""A folder of WFDB records with an optional table of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vizecg.records.on_identity import OnIdentity
from vizecg.records.packing import UNKNOWN_LABELS, unpack_labels
from vizecg.records.record import EcgRecord
from vizecg.records.splits import SplitRule, check_split
from vizecg.records.tables import labelled_rows
from vizecg.records.wfdb.record import read_wfdb
from vizecg.spec import CODE6, LabelSet, UsageError

LABELS_FILE = "labels.csv"
COLUMNS = ("record", "patient_id", "split", "age")
"""That a table may have beside the labels."""


@dataclass(frozen=True, kw_only=True)
class WfdbEntry:
    """One record of a folder: ``name`` is the path of its header below the folder, without ``.hea``."""

    name: str
    patient_id: str | None = None
    packed_labels: int = UNKNOWN_LABELS


class WfdbFolder:
    """A folder of WFDB records, searched recursively.

    Args:
        root: the folder.
        table: a CSV with the columns ``record``, the labels (or none of them), and where wanted ``patient_id`` and
            ``split``; default: ``labels.csv`` in the folder, if it is there. With a table, only the records it
            names are used. Without one the diagnoses are not known.
        labels: by the names of the table's columns; None where the diagnoses do not matter.
        names: of the records that are there, where they are not WFDB's alone. A table may leave out the ending of a
            file where that leaves no doubt.

    Attributes:
        table: the table that is used, if any.
        left_out: record -> why it cannot be used: named by the table and not there, or there and not named.

    Raises:
        UsageError: no folder, no record, or a wrong table.
    """

    def __init__(
        self,
        *,
        root: Path,
        table: Path | None = None,
        labels: LabelSet | None = CODE6,
        names: Sequence[str] | None = None,
    ) -> None:
        self.root = Path(root)
        self.left_out: dict[str, str] = {}
        headers = find_headers(self.root) if names is None else list(names)
        self.table = table or (self.root / LABELS_FILE if (self.root / LABELS_FILE).is_file() else None)
        self._splits: dict[str, str] = {}
        self.entries = (
            [WfdbEntry(name=name) for name in headers]
            if self.table is None
            else self._labelled(self.table, headers, labels)
        )

    def select(self, split: str, rule: SplitRule) -> list[WfdbEntry]:
        """The entries of one split: by the table where it says, else by the rule."""
        check_split(split)
        return [
            entry
            for entry in self.entries
            if split == rule.stated_or(self._splits.get(entry.name), patient_id=entry.patient_id, record_id=entry.name)
        ]

    def _labelled(self, path: Path, headers: list[str], labels: LabelSet | None) -> list[WfdbEntry]:
        if not path.is_file():
            raise UsageError(f"{path} does not exist: expected a CSV with a column 'record' and the labels")
        there, entries = _by_name(headers), {}
        for row in labelled_rows(path, labels, key="record", known=COLUMNS):
            stated = row.text("record").removesuffix(".hea")
            name = there.get(stated, stated)
            if name in entries:
                raise UsageError(f"{row.where}: record {name} is there twice")
            if stated not in there:
                self.left_out[name] = f"record {name}: named by {path.name} line {row.line}, but not there"
                continue
            entries[name] = WfdbEntry(name=name, patient_id=row.patient_id, packed_labels=row.packed_labels)
            if row.split is not None:
                self._splits[name] = row.split
        for name in headers:
            if name not in entries:
                self.left_out[name] = f"record {name}: {path.name} does not name it"
        return [entries[name] for name in headers if name in entries]


def read_entry(
    entry: WfdbEntry, *, root: Path, labels: int = len(CODE6), on_identity: OnIdentity = OnIdentity.SKIP
) -> EcgRecord:
    """Read and check one record, of so many ``labels``; see ``read_wfdb``."""
    return read_wfdb(
        root / entry.name,
        record_id=entry.name,
        labels=unpack_labels(entry.packed_labels, labels),
        patient_id=entry.patient_id,
        on_identity=on_identity,
    )


def _by_name(names: Sequence[str]) -> dict[str, str]:
    """What a table may call a record -> its name: that, and less its ending where no other record is called so."""
    short = Counter(name.rpartition(".")[0] for name in names)
    fewer = {name.rpartition(".")[0]: name for name in names}
    return {less: name for less, name in fewer.items() if less and short[less] == 1} | {name: name for name in names}


def headers_in(root: Path) -> list[str]:
    """Names of all WFDB records below a folder, sorted, with slashes and without ``.hea``."""
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.hea"))


def find_headers(root: Path) -> list[str]:
    """As ``headers_in``.

    Raises:
        UsageError: no folder, or no record in it.
    """
    if not root.is_dir():
        raise UsageError(f"{root} does not exist: expected a folder of WFDB records")
    names = headers_in(root)
    if not names:
        raise UsageError(f"{root} holds no WFDB record: expected .hea files there or in folders below")
    return names
