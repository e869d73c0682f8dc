"""What decides the content of a store, and the claim of one process to build it."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vizecg.data.source import RecordSource
from vizecg.data.store.read import BUILDING, SCHEMA_VERSION
from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class StoreSpec:
    """What decides the content of a store, besides the records: ``settings`` is what the source was asked for."""

    sampling_rate: float = 400.0
    shard_records: int = 512
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 50 <= self.sampling_rate <= 5000:
            raise UsageError(f"the sampling rate must be 50 to 5000 Hz, got {self.sampling_rate:g}")
        if self.shard_records < 1:
            raise UsageError(f"a shard needs at least one record, got {self.shard_records}")

    def key(self, sources: Mapping[str, RecordSource]) -> str:
        """Hash of everything that decides the content, but not of where the source lies."""
        digest = hashlib.sha256(json.dumps([SCHEMA_VERSION, asdict(self)], sort_keys=True).encode())
        for split, source in sources.items():
            digest.update(f"{source.fingerprint}\n".encode())
            for record_id in source.record_ids:
                digest.update(f"{split}\t{record_id}\n".encode())
        return digest.hexdigest()


@contextmanager
def claimed(folder: Path, key: str) -> Iterator[None]:
    """Hold ``building.json``: it says what is being built, and is locked by the one process that builds.

    Raises:
        UsageError: the folder holds other files or a store of other content, or is being built in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / BUILDING
    if not marker.exists():
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty and holds no store: name another folder")
        write_atomically(marker, json.dumps({"key": key}))
    with marker.open("r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{folder}: another process is building this store") from None
        if json.loads(handle.read()).get("key") != key:
            raise other_store(folder)
        yield
        marker.unlink()


def other_store(folder: Path) -> UsageError:
    return UsageError(
        f"{folder} holds a store of other records or settings: name another folder, delete it, or use the same options"
    )
