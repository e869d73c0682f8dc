"""How far long work has come and how long it will take: a bar for people, a line a minute for logs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY_S = 60.0
_LATELY_S = 600.0
"""By what was done in this time the rest is reckoned: what an earlier start has done comes all at once."""


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


def _lines(
    what: str, total: int, *, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[int], None]:
    said = clock()
    done = 0
    # (when, how much was done then), of the last while; what is done within the first second was so before.
    lately = deque([(said, 0)])

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = clock()
        if len(lately) == 1 and now - lately[0][0] < 1:
            lately[0] = (now, done)
        if now - said < _LINE_EVERY_S:
            return
        said = now
        lately.append((now, done))
        while len(lately) > 2 and now - lately[1][0] > _LATELY_S:
            lately.popleft()
        (before, had), rest = lately[0], total - done
        left = f", {duration((now - before) / (done - had) * rest)} left" if done > had else ""
        say(f"{what}: {done} of {total}{left}")

    return advance


def duration(seconds: float) -> str:
    """``41 s``, ``6 min``, ``3.2 h``"""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
