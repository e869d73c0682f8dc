"""What ``vizecg synth`` does once its options are parsed, and what ``vizecg prepare`` shares with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from vizecg.data.choices import SynthFormat
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.data.synth import SynthSpec, synth
from vizecg.records.splits import SPLIT_NAMES, check_split
from vizecg.spec import UsageError

NORMAL = "normal"
"""``--labels normal``: none of the six."""
_LINE_EVERY_S = 60.0


def run_synth(*, out: Path, n: int, kind: SynthFormat, seed: int, labels: Sequence[str], as_json: bool) -> None:
    """``vizecg synth``"""
    wanted = () if list(labels) == [NORMAL] else tuple(labels)
    spec = SynthSpec(kind=kind, n=n, seed=seed, labels=wanted if labels else None)
    with progress("making", n, quiet=as_json) as advance:
        synth(out, spec=spec, advance=advance)
    result = {"out": str(out), **spec.to_dict()}
    print(json.dumps(result) if as_json else f"{out}: {n} synthetic records as {kind.value}")


def split_sources(
    data: str, request: SourceRequest, *, splits: Sequence[str], limit: int | None
) -> dict[str, RecordSource]:
    """Split -> its source. Without ``splits`` all that are not empty; a split asked for by name must not be.

    Raises:
        UsageError: as ``build_source``, or every split is empty.
    """
    wanted = {check_split(name): None for name in splits} or dict.fromkeys(SPLIT_NAMES)
    sources: dict[str, RecordSource] = {}
    problem: UsageError | None = None
    for split in SPLIT_NAMES:
        if split not in wanted:
            continue
        try:
            source = build_source(data, replace(request, split=split))
        except UsageError as error:
            if splits:
                raise
            problem = error
            continue
        sources[split] = source.limited(limit)
    if not sources and problem is not None:
        raise problem
    return sources


@contextmanager
def progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr with the time that remains; yields the function that moves it.

    The bar is gone when the work is done or an error is told. Where stderr is no terminal, a line a minute.
    """
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        yield _lines(what, total, say=lambda text: console.print(text, highlight=False))
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("eta"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _lines(what: str, total: int, *, say: Callable[[str], None]) -> Callable[[int], None]:
    start = said = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = time.monotonic()
        if now - said >= _LINE_EVERY_S:
            said = now
            left = (now - start) / done * (total - done)
            say(f"{what}: {done} of {total}, {left / 60:.0f} minutes left")

    return advance
