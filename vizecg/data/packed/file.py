"""A packed store: chosen records in one small file, for a machine that cannot fetch them.

The file is ``MAGIC``, blocks of samples (``packed_coding``), the table of the records, the header as JSON, and a tail
that tells where the header is and its sha256. The header has the sha256 of every other part, and a hash of itself, so
that a changed byte anywhere is found; it declares the size of every part, and none is unpacked beyond that.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.packed.coding import BYTES_PER_ROW, KEPT_LEADS, MAX_ROWS, decode, expand
from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.records.splits import SPLIT_NAMES
from vizecg.spec import LabelSet, StoreError, UsageError
from vizecg.spec.fingerprint import sha256_bytes

SCHEMA_VERSION = 1
CODING = "differences in time, rows of leads, LZMA2"
MAGIC = b"vizecg packed store\n"
TAIL = struct.Struct("<Q32s8s")
TAIL_MAGIC = b"endpack\n"
MAX_PART_BYTES = 16 * 2**20
MAX_TABLE_BYTES = 256 * 2**20
"""Unpacked: a million records take a quarter of it."""
MAX_RATIO = 500
"""Unpacked over packed: records are 5 to 8, and what nobody recorded can be 7,000."""
COLUMNS = ("record_id", "patient_id", "split", "labels", "samples", "place")


@dataclass(frozen=True, kw_only=True)
class PackedBlock:
    """One part of samples: ``samples`` of each of its records, in the order of the table."""

    offset: int
    packed: int
    sha256: str
    rows: int
    records: int


@dataclass(frozen=True, kw_only=True)
class PackedStore:
    """An opened file, its header and table verified.

    Attributes:
        path: the file.
        header: what it says of itself.
        columns: of the records in the order of the blocks; ``place`` is where their source had them in its split.
        skipped: what was skipped when the store was made, and why.
        blocks: where the samples lie.
    """

    path: Path
    header: Mapping[str, Any]
    columns: Mapping[str, list[Any]]
    skipped: list[dict[str, Any]]
    blocks: tuple[PackedBlock, ...]

    @property
    def content_sha256(self) -> str:
        return str(self.header["content_sha256"])

    @property
    def step_uv(self) -> float:
        return float(self.header["step_uv"])

    @property
    def sampling_rate(self) -> float:
        return float(self.header["sampling_rate"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in order."""
        return tuple(self.header["labels"])

    def __len__(self) -> int:
        return len(self.columns["record_id"])

    def parts(self) -> Iterator[bytes]:
        """One block after the other as it lies in the file.

        Raises:
            StoreError: a block was changed.
        """
        with self.path.open("rb") as file:
            for number, block in enumerate(self.blocks):
                file.seek(block.offset)
                data = file.read(block.packed)
                if sha256_bytes(data) != block.sha256:
                    raise StoreError(f"{self.path} was changed: block {number} has another sha256")
                yield data

    def steps(self) -> Iterator[np.ndarray]:
        """int16 (rows, 8) of one block after the other.

        Raises:
            StoreError: a block was changed or is damaged.
        """
        for number, (block, data) in enumerate(zip(self.blocks, self.parts(), strict=True)):
            try:
                yield decode(data, rows=block.rows)
            except StoreError as error:
                raise StoreError(f"{self.path}: block {number} {error}") from error

    def check(self) -> None:
        """Read every byte, a second for some hundred MiB; raises as ``parts``."""
        for _ in self.parts():
            pass

    def verify(self) -> None:
        """Read and unpack every byte; raises as ``steps``."""
        for _ in self.steps():
            pass


def content_hash(header: Mapping[str, Any]) -> str:
    """sha256 over the header without this hash: it has the hash of every other part."""
    rest = {name: value for name, value in header.items() if name != "content_sha256"}
    return sha256_bytes(json.dumps(rest, sort_keys=True).encode())


def open_packed(path: Path) -> PackedStore:
    """Open a file; its header and its table of records are verified, blocks when they are read.

    Raises:
        UsageError: there is no such file.
        StoreError: damaged, cut short, of another schema, or no packed store at all.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: expected a file made by vizecg prepare --pack")
    try:
        with path.open("rb") as file:
            header, header_start = _header(file, path)
            return _opened(file, path, header, header_start)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise StoreError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _header(file: Any, path: Path) -> tuple[dict[str, Any], int]:
    size = path.stat().st_size
    if file.read(len(MAGIC)) != MAGIC:
        raise StoreError(f"{path} is no packed store: expected a file made by vizecg prepare --pack")
    if size < len(MAGIC) + TAIL.size:
        raise StoreError(f"{path} is cut short: {size} bytes")
    file.seek(size - TAIL.size)
    length, digest, ending = TAIL.unpack(file.read(TAIL.size))
    start = size - TAIL.size - length
    if ending != TAIL_MAGIC or length > MAX_PART_BYTES or start < len(MAGIC):
        raise StoreError(f"{path} is cut short: it does not end as a packed store")
    file.seek(start)
    text = file.read(length)
    if sha256_bytes(text) != digest.hex():
        raise StoreError(f"{path} was changed: its header has another sha256")
    header = json.loads(text)
    if header["schema_version"] != SCHEMA_VERSION or header["coding"] != CODING:
        raise StoreError(f"{path}: schema {header['schema_version']}, this version reads {SCHEMA_VERSION}")
    if header["content_sha256"] != content_hash(header):
        raise StoreError(f"{path} was changed: its header is not that of its content hash")
    if header["leads"] != list(KEPT_LEADS):
        raise StoreError(f"{path} holds leads {header['leads']}, not those read here")
    LabelSet.of_names(header["labels"])  # raises for what are no names of labels
    if not (0 < header["step_uv"] <= 1000 and 50 <= header["sampling_rate"] <= 5000):
        raise StoreError(f"{path}: {header['step_uv']} microvolts a step, {header['sampling_rate']} Hz")
    return header, start


def _opened(file: Any, path: Path, header: dict[str, Any], header_start: int) -> PackedStore:
    offset, blocks = len(MAGIC), []
    for entry in header["blocks"]:
        block = PackedBlock(offset=offset, **entry)
        _check_size(path, block.packed, unpacked=block.rows * BYTES_PER_ROW)
        if not (0 < block.rows <= MAX_ROWS and 0 < block.records <= block.rows):
            raise StoreError(f"{path}: a block of {block.rows} rows, expected 1 to {MAX_ROWS}")
        blocks.append(block)
        offset += block.packed
    table = header["table"]
    if table["unpacked"] > MAX_TABLE_BYTES:
        raise StoreError(f"{path}: a table of {table['unpacked']} bytes, expected at most {MAX_TABLE_BYTES}")
    _check_size(path, table["packed"], unpacked=table["unpacked"])
    if offset + table["packed"] != header_start:
        raise StoreError(f"{path} has {header_start - offset} bytes for a table of {table['packed']}")
    file.seek(offset)
    data = file.read(table["packed"])
    if sha256_bytes(data) != table["sha256"]:
        raise StoreError(f"{path} was changed: its table of records has another sha256")
    columns = json.loads(expand(data, size=table["unpacked"]))
    skipped = columns.pop("skipped")
    _check_columns(path, columns, blocks, labels=len(header["labels"]))
    return PackedStore(path=path, header=header, columns=columns, skipped=skipped, blocks=tuple(blocks))


def _check_size(path: Path, packed: int, *, unpacked: int) -> None:
    if not (0 < packed <= MAX_PART_BYTES and 0 <= unpacked <= MAX_RATIO * packed):
        raise StoreError(f"{path}: a part of {packed} bytes that would become {unpacked}, more than any record does")


def _check_columns(path: Path, columns: dict[str, list[Any]], blocks: list[PackedBlock], *, labels: int) -> None:
    records = sum(block.records for block in blocks)
    if any(len(columns[name]) != records for name in COLUMNS):
        raise StoreError(f"{path}: its table has not the {records} records of its blocks")
    ends = np.cumsum([block.records for block in blocks])
    samples = np.array(columns["samples"], dtype=np.int64)
    for block, end in zip(blocks, ends, strict=True):
        if samples[end - block.records : end].min() < 1 or samples[end - block.records : end].sum() != block.rows:
            raise StoreError(f"{path}: the samples of its records are not those of its blocks")
    if np.array(columns["place"], dtype=np.int64).min() < 0 or not set(columns["split"]) <= set(SPLIT_NAMES):
        raise StoreError(f"{path}: its table has places or splits that cannot be")
    if not all(type(one) is int and UNKNOWN_LABELS <= one < 2**labels for one in columns["labels"]):
        raise StoreError(f"{path}: its table has labels that cannot be")
    if any(type(name) is not str for name in columns["record_id"]):
        raise StoreError(f"{path}: its table has ids that are no text")
    if any(name is not None and type(name) is not str for name in columns["patient_id"]):
        raise StoreError(f"{path}: its table has patients that are no text")
