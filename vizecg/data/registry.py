"""Every source of records by its name: what ``--data`` and the options of the exporter can say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from vizecg.data.choices import source_place
from vizecg.data.packed.source import packed_source
from vizecg.data.source import (
    ReadRecord,
    RecordSource,
    indexed_source,
    ptbxl_source,
    relabelled,
    sheets_source,
    synthetic_source,
    varied_source,
)
from vizecg.data.store.read import store_source
from vizecg.records.code15.index import EXAMS_FILE
from vizecg.records.code15.tracings import Code15, read_exam
from vizecg.records.code15.unit import named_with_unit
from vizecg.records.code_test import TRACINGS_FILE, CodeTest
from vizecg.records.on_identity import OnIdentity
from vizecg.records.ptbxl import SPLITS
from vizecg.records.splits import SPLIT_NAMES, SplitRule, check_split
from vizecg.records.wfdb.folder import WfdbFolder, read_entry
from vizecg.spec import CODE6, LabelSet, UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file

VARIED = "synthetic-varied"
SYNTHETIC_SIZES = {"train": 2000, "val": 400, "test": 400}


@dataclass(frozen=True, kw_only=True)
class SourceRequest:
    """What is wanted of a source; each takes what it understands.

    Attributes:
        root: folder (or file) of the data.
        split: ``train``, ``val`` or ``test``.
        rule: how sources without a split of their own are split.
        folds: PTB-XL's, in place of those of the split.
        resolution: PTB-XL's, 100 or 500 Hz.
        labels: what is to be told of every record.
        unlabelled: the diagnoses do not matter: records are to be drawn, whatever labels their table has.
        table: of a WFDB folder, in place of its own.
        values_per_mv: stored by CODE-15% and CODE-test for a millivolt; None for the releases'.
        seed, size: of synthetic records; every split has a seed of its own.
        verify: read a store whole before it is used.
        on_identity: what becomes of records whose limb leads do not fit each other; those of a store, and synthetic
            ones, are as they were made.
    """

    root: Path | None = None
    split: str = "train"
    rule: SplitRule = field(default_factory=SplitRule)
    folds: tuple[int, ...] | None = None
    resolution: int = 100
    labels: LabelSet = CODE6
    unlabelled: bool = False
    table: Path | None = None
    values_per_mv: float | None = None
    seed: int = 0
    size: int | None = None
    verify: bool = False
    on_identity: OnIdentity = OnIdentity.SKIP

    def folder(self, name: str) -> Path:
        """``root``; UsageError where it was not named."""
        if self.root is None:
            raise UsageError(f"--data {name} needs --root, {NEEDS[name]}")
        return self.root


def _ptbxl(request: SourceRequest) -> RecordSource:
    folds = request.folds or SPLITS[request.split]
    return ptbxl_source(
        request.folder("ptbxl"), folds=folds, resolution=request.resolution, labels=request.labels,
        on_identity=request.on_identity,
    )  # fmt: skip


def _code15(request: SourceRequest) -> RecordSource:
    dataset = Code15(
        root=request.folder("code15"),
        labels=None if request.unlabelled else request.labels,
        values_per_mv=request.values_per_mv,
    )
    return indexed_source(
        f"{named_with_unit('CODE-15%', dataset.values_per_mv)} {_rule(request)}",
        dataset.select(request.split, request.rule),
        read=_exam_reader(dataset, request),
        left_out=dataset.left_out,
        fingerprint=_with_unit(sha256_file(dataset.folder / EXAMS_FILE), dataset),
        labels=request.labels.names,
    )


def _code_test(request: SourceRequest) -> RecordSource:
    if request.split != "test":
        raise UsageError(f"CODE-test is a test set, it has no split {request.split}")
    dataset = CodeTest(root=request.folder("code-test"), labels=request.labels, values_per_mv=request.values_per_mv)
    return indexed_source(
        named_with_unit("CODE-test", dataset.values_per_mv),
        dataset.exams,
        read=_exam_reader(dataset, request),
        fingerprint=_with_unit(sha256_file(dataset.gold), dataset),
        labels=request.labels.names,
    )


def _exam_reader(dataset: Code15 | CodeTest, request: SourceRequest) -> ReadRecord:
    return partial(
        read_exam, folder=dataset.folder, labels=len(request.labels), values_per_mv=dataset.values_per_mv,
        on_identity=request.on_identity,
    )  # fmt: skip


def _with_unit(index: str, dataset: Code15 | CodeTest) -> str:
    """The same index with another unit is other records."""
    return sha256_bytes(f"{index} {dataset.values_per_mv:g}".encode())


def _wfdb(request: SourceRequest) -> RecordSource:
    dataset = WfdbFolder(
        root=request.folder("wfdb"), table=request.table, labels=None if request.unlabelled else request.labels
    )
    return indexed_source(
        f"WFDB folder {dataset.root.resolve().name} {_rule(request)}",
        dataset.select(request.split, request.rule),
        read=partial(read_entry, root=dataset.root, labels=len(request.labels), on_identity=request.on_identity),
        record_id="name",
        left_out=dataset.left_out,
        fingerprint="" if dataset.table is None else sha256_file(dataset.table),
        labels=request.labels.names,
    )


def _folder(request: SourceRequest) -> RecordSource:
    from vizecg.records import formats

    labels = None if request.unlabelled else request.labels
    dataset = formats.records_folder(request.folder("folder"), table=request.table, labels=labels)
    return indexed_source(
        f"folder {dataset.root.resolve().name} {_rule(request)}",
        dataset.select(request.split, request.rule),
        read=partial(
            formats.read_entry, root=dataset.root, labels=len(request.labels), on_identity=request.on_identity
        ),
        record_id="name",
        left_out=dataset.left_out,
        fingerprint="" if dataset.table is None else sha256_file(dataset.table),
        labels=request.labels.names,
    )


def _challenge(request: SourceRequest) -> RecordSource:
    from vizecg.records.challenge import challenge_names, read_challenge
    from vizecg.records.codes import Vocabulary, check_coded

    root = request.folder("challenge")
    check_coded(request.labels, Vocabulary.SNOMED, source="a Challenge set")
    names = challenge_names(root, split=request.split, rule=request.rule)
    if not names:
        raise UsageError(f"{root}: there is no record in split {request.split}")
    return RecordSource(
        name=f"Challenge set {root.resolve().name} {_rule(request)}",
        items=names,
        record_ids=names,
        patient_ids=[None] * len(names),
        read=partial(read_challenge, root=root, labels=request.labels, on_identity=request.on_identity),
        labels=request.labels.names,
    )


def _store(request: SourceRequest) -> RecordSource:
    root = request.folder("store")
    kind = packed_source if root.is_file() else store_source
    source = kind(root, split=request.split, verify=request.verify)
    return source if request.unlabelled else relabelled(source, request.labels)


def _sheets(request: SourceRequest) -> RecordSource:
    return sheets_source(
        request.folder("sheets"), split=request.split, rule=request.rule, labels=request.labels, table=request.table
    )


def _made(request: SourceRequest, *, make: Callable[..., RecordSource]) -> RecordSource:
    size = SYNTHETIC_SIZES[request.split] if request.size is None else request.size
    source = make(size, seed=request.seed + SPLIT_NAMES.index(request.split))
    # They are drawn anew for every wish: what is not asked for was not forgotten.
    return relabelled(source, request.labels.ignoring(source.labels))


def _rule(request: SourceRequest) -> str:
    return f"{request.split} of split seed {request.rule.seed}"


SOURCES: dict[str, Callable[[SourceRequest], RecordSource]] = {
    "ptbxl": _ptbxl,
    "code15": _code15,
    "code-test": _code_test,
    "wfdb": _wfdb,
    "folder": _folder,
    "challenge": _challenge,
    "store": _store,
    "sheets": _sheets,
    "synthetic": partial(_made, make=synthetic_source),
    VARIED: partial(_made, make=varied_source),
}
NEEDS = {
    "ptbxl": "the folder of ptbxl_database.csv",
    "code15": "the folder of exams.csv, or one part in it",
    "code-test": f"the folder of {TRACINGS_FILE}",
    "wfdb": "a folder of WFDB records",
    "folder": "a folder of records of WFDB or of recorders' formats",
    "challenge": "a folder of .mat and .hea files",
    "store": "a folder or a packed file made by vizecg prepare",
    "sheets": "a folder made by vizecg-edge sheets",
}
"""What ``--root`` is; a source that is not here needs none."""
DEFAULT_SPLITS = {"code-test": "test"}
"""The split to evaluate on where none is named; ``val`` for the sources that are not here."""


def build_source(name: str, request: SourceRequest) -> RecordSource:
    """The source of this name, or ``NAME:FOLDER`` in place of the request's root.

    Raises:
        UsageError: no such source or split, or what it needs is not there.
        InputRefusedError: none of its records can be used.
    """
    name, root = source_place(name, request.root)
    request = replace(request, root=root)
    if name not in SOURCES:
        raise UsageError(f"unknown --data {name!r}: expected one of {', '.join(SOURCES)}")
    if request.values_per_mv is not None and name not in ("code15", "code-test"):
        raise UsageError(f"--values-per-mv is for code15 and code-test: --data {name} tells its own unit")
    check_split(request.split)
    source = SOURCES[name](request)
    if request.on_identity in (OnIdentity.DERIVE, OnIdentity.KEEP):
        told = json.dumps([source.fingerprint, request.on_identity.value])
        source = replace(source, fingerprint=sha256_bytes(told.encode()))
    if request.labels.labels == CODE6.labels:
        return source
    # The same index tells other labels to another set: what is kept of the one is not that of the other.
    told = json.dumps([source.fingerprint, request.labels.to_dict()], sort_keys=True)
    return replace(source, fingerprint=sha256_bytes(told.encode()))


def parse_source(text: str, request: SourceRequest) -> RecordSource:
    """``ptbxl:FOLDER``, ``synthetic`` and so on; raises as ``build_source``."""
    name, _, folder = text.partition(":")
    if name not in SOURCES or bool(folder) != (name in NEEDS):
        forms = ", ".join(f"{known}:FOLDER" if known in NEEDS else known for known in SOURCES)
        raise UsageError(f"unknown source {text!r}: expected one of {forms}")
    return build_source(text, request)
