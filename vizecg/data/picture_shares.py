"""Pictures drawn by several processes into one folder: each writes down what it has drawn, and a merge tells it all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vizecg.data.sharding import Shard, all_shards, missing_told
from vizecg.spec import StoreError, UsageError
from vizecg.spec.checks import printable

_NAME = re.compile(r"pictures\.\d+-of-(\d+)\.jsonl")


@dataclass(kw_only=True)
class Ledger:
    """What one share has drawn: a line of JSON says by which options (``about``), each after it what is told of one
    picture, and of which record (``of``, as the source calls it). A share that is stopped goes on after the last one.

    Raises:
        UsageError: it was begun with other options.
    """

    path: Path
    about: dict[str, Any]
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.is_file():
            self.done = _read(self.path, self.about)
        # Anew, without the half line of a process that was killed.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self.about, *self.done.values()]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def add(self, record: str, file: Path, facts: Mapping[str, Any]) -> None:
        """The picture of a record is whole, and this is told of it."""
        line = {"of": record, "file": file.name, **facts}
        self.done[record] = line
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")


def ledger(out: Path, shard: Shard, about: Mapping[str, Any]) -> Ledger:
    """Of one share of the pictures in ``out``."""
    return Ledger(path=out / f"pictures.{shard.name}.jsonl", about=dict(about))


def merged_pictures(out: Path, about: Mapping[str, Any], records: Sequence[str]) -> list[tuple[Path, dict[str, Any]]]:
    """Every picture and what is told of it, in the order of ``records``.

    Raises:
        UsageError: a share is missing, was not ended, or has other options.
        StoreError: a picture is gone.
    """
    ways = {int(match[1]) for path in out.glob("pictures.*") if (match := _NAME.fullmatch(path.name))}
    if len(ways) != 1:
        told = f"in {' and in '.join(map(str, sorted(ways)))} shares" if ways else "by no share"
        raise UsageError(f"{out} holds pictures drawn {told}: expected those of one --shard K/N for each K")
    done: dict[str, dict[str, Any]] = {}
    missing: list[Shard] = []
    for shard in all_shards(ways.pop()):
        path = out / f"pictures.{shard.name}.jsonl"
        own = _read(path, about) if path.is_file() else {}
        wanted = [record for place, record in enumerate(records) if shard.takes(place)]
        if not path.is_file() or any(record not in own for record in wanted):
            missing.append(shard)
        done |= own
    if missing:
        raise UsageError(f"{out} lacks {missing_told(missing)}: run it to its end first")
    lines = [dict(done[record]) for record in records]
    found = [(out / line["file"], {k: v for k, v in line.items() if k not in ("of", "file")}) for line in lines]
    gone = next((path for path, _ in found if not path.is_file()), None)
    if gone is not None:
        raise StoreError(f"{gone} is gone: delete pictures.K-of-N.jsonl of its shard, and run that again")
    return found


def _read(path: Path, about: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    # A line without its end is that of a process that was killed within it.
    try:
        parsed = [json.loads(line) for line in lines if line.endswith("\n")]
        done = {line["of"]: line for line in parsed[1:]}
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: delete it and run its shard again ({error})") from error
    begun = parsed[0] if parsed else {}
    for name, value in about.items():
        if parsed and begun.get(name) != value:
            shown = printable(begun.get(name)), printable(value)
            raise UsageError(f"{path} was begun with {name} = {shown[0]}, now {shown[1]}: use the same options")
    return done
