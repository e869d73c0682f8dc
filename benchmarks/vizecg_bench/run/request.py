"""What a user asks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vizecg.spec import UsageError
from vizecg_bench.run.protocol import ProtocolName
from vizecg_bench.run.schema import ProtocolPart


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run.

    Attributes:
        bundle: its folder; None takes the shipped one.
        protocol: how much is measured.
        threads: numbers of computation threads, each contender runs on each; none leaves it to the device.
        names: of the contenders; all for none.
        pack: evaluation pack; None measures no accuracy.
        sections: of the pack; all for none.
        checkpoint: behind the bundle; None takes the shipped one.
        references: also measure the same checkpoint in other precisions, exported for it.
        sustained: name of the contender that endures; None takes the bundle's default artefact.
        handicaps: contender -> milliseconds of pause in each run.
        keep: leave the files on a phone.
    """

    bundle: Path | None
    protocol: ProtocolPart
    threads: tuple[int, ...]
    names: tuple[str, ...] = ()
    pack: Path | None = None
    sections: tuple[str, ...] = ()
    checkpoint: Path | None = None
    references: bool = True
    sustained: str | None = None
    handicaps: Mapping[str, float] = field(default_factory=dict)
    keep: bool = False

    @property
    def is_full(self) -> bool:
        return self.protocol.name == ProtocolName.FULL.value


def parse_handicaps(texts: list[str]) -> dict[str, float]:
    """``NAME=MILLISECONDS`` each.

    Raises:
        UsageError: anything else.
    """
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError as error:
            raise UsageError(f"a handicap is NAME=MILLISECONDS, not {text!r}") from error
        if not (name and 0 < found[name] < 10_000):
            raise UsageError(f"a handicap is NAME=MILLISECONDS, more than 0, not {text!r}")
    return found
