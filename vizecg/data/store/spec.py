"""What decides the content of a store, and the claim of one process to build it."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from vizecg.data.source import RecordSource
from vizecg.data.store.read import BUILDING, SCHEMA_VERSION
from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically

_SHARE = "share-"
"""Beginning of the names of locks: of one share each."""


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

    def about(self, sources: Mapping[str, RecordSource]) -> dict[str, Any]:
        """What ``store.json`` tells of it before one record was read; ``left_out`` is what the sources cannot give."""
        return {
            "source": " + ".join(dict.fromkeys(source.name for source in sources.values())),
            **asdict(self),
            "labels": list(next(iter(sources.values())).labels),
            # Sources of several splits share their index, and so what it cannot give.
            "left_out": {name: reason for source in sources.values() for name, reason in source.left_out.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What ``building.json`` holds: the ``key`` and what is told ``about`` the store, its number of ``shards``, and
    among how many processes they are shared out (``of``; 0: one builds all). Stores that an earlier version began tell
    the key alone."""

    key: str
    about: dict[str, Any] = field(default_factory=dict)
    shards: int = 0
    of: int = 0

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Raises UsageError where nothing is being built."""
        try:
            return cls(**json.loads((folder / BUILDING).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{folder} holds no store that is being built: expected {BUILDING}, as vizecg prepare makes it"
            ) from error


@contextmanager
def claimed(folder: Path, plan: Plan) -> Iterator[None]:
    """Hold ``building.json``, which is removed in the end: it is locked by the one process that builds.

    Raises:
        UsageError: the folder holds other files or a store of other content, or is being built in.
    """
    with _marked(folder, plan) as handle:
        _lock(handle, fcntl.LOCK_EX, folder)
        check_same_store(folder, Plan.read(folder), plan)
        yield
        for path in (*folder.glob(f"{_SHARE}*"), folder / BUILDING):
            path.unlink()


@contextmanager
def claimed_share(folder: Path, plan: Plan, share: str) -> Iterator[None]:
    """Hold one share of a store beside the processes that build the others. ``share`` names it.

    Raises:
        UsageError: as ``claimed``, or the store is shared out in another way.
    """
    with _marked(folder, plan) as handle, (folder / f"{_SHARE}{share}").open("w") as own:
        _lock(handle, fcntl.LOCK_SH, folder)
        _lock(own, fcntl.LOCK_EX, folder)
        begun = Plan.read(folder)
        check_same_store(folder, begun, plan)
        if begun.of != plan.of:
            way = f"in {begun.of} shares" if begun.of else "by one process"
            raise UsageError(f"{folder} is being built {way}, not in {plan.of} shares: use the same --shard K/N")
        yield


@contextmanager
def _marked(folder: Path, plan: Plan) -> Iterator[IO[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / BUILDING
    foreign = any(not path.name.startswith((".vizecg-", _SHARE)) for path in folder.iterdir())
    # Asked for afterwards: another process may have begun meanwhile.
    if not marker.exists():
        if foreign:
            raise UsageError(f"{folder} is not empty and holds no store: name another folder")
        write_atomically(marker, json.dumps(vars(plan)))
    with marker.open("r") as handle:
        yield handle


def _lock(handle: IO[str], kind: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{folder}: another process is building this store") from None


def check_same_store(folder: Path, begun: Plan, now: Plan) -> None:
    """Raise UsageError where a folder holds another store than is wanted; what differs first is named."""
    if begun.key == now.key:
        return
    settings = [{**about, **about.get("settings", {})} for about in (begun.about, now.about)]
    told = (
        f"{name} {settings[0].get(name)}, now {settings[1][name]}"
        for name in settings[1]
        if name not in ("settings", "left_out") and settings[0].get(name, settings[1][name]) != settings[1][name]
    )
    raise UsageError(
        f"{folder} holds a store of other records or settings ({next(told, 'the records differ')}): name another"
        " folder, delete it, or use the same options"
    )
