"""Writing the file of a packed store: part after part, then what tells of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from vizecg.data.packed.coding import compress
from vizecg.data.packed.file import CODING, COLUMNS, MAGIC, SCHEMA_VERSION, TAIL, TAIL_MAGIC, content_hash
from vizecg.data.packed.parts import PackedPart, PackResult
from vizecg.spec.fingerprint import sha256_bytes

_BLOCK_ENTRY_BYTES = 192
_HEADER_BYTES = 8192
_FEW_LABELS, _LABEL_BYTES = 16, 256
"""Names and counts of more labels than these take more of the header, so much each."""


@dataclass(kw_only=True)
class PackedWriter:
    """Takes results one after the other; ``size`` is an upper bound of the bytes of the file as it stands."""

    file: BinaryIO
    labels: int
    blocks: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    skipped: list[dict[str, Any]] = field(default_factory=list)
    size: int = len(MAGIC) + TAIL.size + _HEADER_BYTES

    def __post_init__(self) -> None:
        self.file.write(MAGIC)
        self.size += _LABEL_BYTES * max(0, self.labels - _FEW_LABELS)

    @staticmethod
    def cost(result: PackResult) -> int:
        """Bytes that ``add`` would add at most."""
        skipped = sum(len(json.dumps(vars(lost))) for lost in result.skipped)
        return sum(part.size + _BLOCK_ENTRY_BYTES for part in result.parts) + skipped

    def add(self, result: PackResult) -> None:
        self.size += self.cost(result)
        for part in result.parts:
            self._add_part(part)
        for lost in result.skipped:
            self.skip(lost.record_id, lost.reason, split=result.split)

    def skip(self, record: str, reason: str, *, split: str | None) -> None:
        self.skipped.append({"record": record, "split": split, "reason": reason})

    def _add_part(self, part: PackedPart) -> None:
        self.file.write(part.data)
        digest = sha256_bytes(part.data)
        self.blocks.append(
            {"packed": len(part.data), "sha256": digest, "rows": part.rows, "records": len(part.table)}
        )  # fmt: skip
        for row in part.table:
            for name, value in zip(COLUMNS, row, strict=True):
                self.columns[name].append(value)

    def finish(self, header: Mapping[str, Any]) -> None:
        """Table, header and tail."""
        table = json.dumps({**self.columns, "skipped": self.skipped}, separators=(",", ":")).encode()
        packed = compress(table)
        whole = {
            "schema_version": SCHEMA_VERSION,
            "coding": CODING,
            **header,
            "blocks": self.blocks,
            "table": {"packed": len(packed), "unpacked": len(table), "sha256": sha256_bytes(packed)},
        }
        text = json.dumps({**whole, "content_sha256": content_hash(whole)}).encode()
        for data in (packed, text, TAIL.pack(len(text), bytes.fromhex(sha256_bytes(text)), TAIL_MAGIC)):
            self.file.write(data)


@contextmanager
def whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name when the block ends without an error, and else is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
