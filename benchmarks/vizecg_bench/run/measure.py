"""The measured part of a run: contenders start, take turns, answer the golden sheets, and one of them endures."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from vizecg.spec import BundleError, DecisionRule, ParityError
from vizecg.spec.golden import GoldenSheets, answer_golden
from vizecg.spec.parity import LIMITS
from vizecg_bench.run.contenders import ContenderSpec
from vizecg_bench.run.process import WorkerProcess
from vizecg_bench.run.schema import LeftOut, ProtocolPart, Start, Sustained, SustainedPoint

SETTLE_S = 0.02
"""Threads of the engine before spin for a while, and would take the cores of the next one."""
POINT_S = 10.0
"""Length of a stretch of the sustained run."""


@dataclass(kw_only=True)
class Runs:
    """What was seen of one contender."""

    worker: WorkerProcess
    start: Start
    turns: list[tuple[float, ...]] = field(default_factory=list)
    engine_times: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    first_at: float = 0.0
    last_at: float = 0.0

    @property
    def spec(self) -> ContenderSpec:
        return self.worker.spec

    @property
    def count(self) -> int:
        return sum(map(len, self.turns))

    @property
    def span_s(self) -> float:
        return self.last_at - self.first_at


@contextlib.contextmanager
def started(
    specs: Sequence[ContenderSpec], *, protocol: ProtocolPart, golden: GoldenSheets, console: Console
) -> Iterator[tuple[list[Runs], list[LeftOut]]]:
    """Start every contender ``start_repeats`` times, keep the last process of each, and check its answers.

    Yields:
        Those that run, and those that do not load or do not compute what the float network computes.
    """
    with contextlib.ExitStack() as stack, progress_bar(console) as progress:
        task = progress.add_task("starting", total=len(specs))
        found, left_out = [], []
        for spec in specs:
            progress.update(task, description=f"starting {spec.key}")
            try:
                found.append(_start(spec, protocol, golden, stack))
            except (BundleError, ParityError) as error:
                left_out.append(LeftOut(name=spec.key, why=str(error)))
            progress.advance(task)
        progress.stop()
        yield found, left_out


def _start(spec: ContenderSpec, protocol: ProtocolPart, golden: GoldenSheets, stack: contextlib.ExitStack) -> Runs:
    times = []
    for repeat in range(protocol.start_repeats):
        worker = WorkerProcess(spec, golden.images)
        times.append((worker.answered_s, worker.ready.load_s, worker.ready.first_s))
        if repeat + 1 < protocol.start_repeats:
            worker.close()
    stack.callback(worker.close)
    answers = answer_golden(worker.logits, golden, rule=DecisionRule.plain(golden.logits.shape[1]))
    # Speed at the price of other answers is none.
    answers.check(limits=LIMITS[spec.precision], artefact=spec.key)
    whole, load, first = (round(1000 * float(np.median(column)), 3) for column in zip(*times, strict=True))
    start = Start(repeats=len(times), process_to_answer=whole, load=load, first_inference=first)
    return Runs(worker=worker, start=start)


def take_turns(
    runs: list[Runs], *, protocol: ProtocolPart, between: Callable[[], None], console: Console
) -> list[LeftOut]:
    """Bursts of every contender in turn, in another order each round, until all have enough runs and span.

    Args:
        runs: they are filled; those that fail on the way are taken out.
        protocol: how much is enough.
        between: called between rounds.
        console: of the progress bar.

    Returns:
        Those that failed, and how.
    """
    generator = np.random.default_rng(protocol.seed)
    failed: list[LeftOut] = []
    for one in list(runs):
        _guarded(runs, one, failed, partial(one.worker.run, protocol.warm_up_runs))
    with progress_bar(console) as progress:
        task = progress.add_task("taking turns", total=1.0)
        while runs and (enough := min(share_done(protocol, runs=one.count, span_s=one.span_s) for one in runs)) < 1.0:
            progress.update(task, completed=enough)
            between()
            for one in [runs[index] for index in generator.permutation(len(runs))]:
                time.sleep(SETTLE_S)
                _guarded(runs, one, failed, partial(_burst, one, protocol.burst))
        progress.update(task, completed=1.0)
    return failed


def _guarded(runs: list[Runs], one: Runs, failed: list[LeftOut], work: Callable[[], object]) -> None:
    """An engine that dies half-way must not take the others' figures with it."""
    try:
        work()
    except BundleError as error:
        runs.remove(one)
        failed.append(LeftOut(name=one.spec.key, why=f"failed in the run: {error}"))


def _burst(one: Runs, count: int) -> None:
    # The first run finds its threads asleep and its weights out of the cache.
    one.worker.run(1)
    began = time.perf_counter()
    burst = one.worker.run(count)
    one.first_at = one.first_at or began
    one.last_at = time.perf_counter()
    one.turns.append(burst.milliseconds)
    one.engine_times.extend(burst.engine_milliseconds)
    one.cpu_s += burst.cpu_s


def sustain(
    one: Runs, *, seconds: float, reading: Callable[[], tuple[float | None, float | None]], console: Console
) -> Sustained:
    """One contender without pause.

    Args:
        one: which.
        seconds: how long.
        reading: temperature in degrees Celsius and frequency in MHz of the processor, None where not told.
        console: of the progress bar.
    """
    points: list[SustainedPoint] = []
    began = time.perf_counter()
    with progress_bar(console) as progress:
        task = progress.add_task(f"sustained run of {one.spec.key}", total=seconds)
        while (at := time.perf_counter() - began) < seconds:
            progress.update(task, completed=at)
            times = list(one.worker.run(16).milliseconds)
            while time.perf_counter() - began < min(at + POINT_S, seconds):
                times.extend(one.worker.run(16).milliseconds)
            temperature, mhz = reading()
            points.append(
                SustainedPoint(
                    at_s=round((at + time.perf_counter() - began) / 2, 2), runs=len(times),
                    p50=round(float(np.median(times)), 4), temperature=temperature, mhz=mhz,
                )
            )  # fmt: skip
    return sustained_of(points, seconds=time.perf_counter() - began)


def sustained_of(points: Sequence[SustainedPoint], *, seconds: float) -> Sustained:
    """What the stretches of a sustained run come to; at least one."""
    fifth = max(1, len(points) // 5)
    first, last = (float(np.median([point.p50 for point in part])) for part in (points[:fifth], points[-fifth:]))
    return Sustained(seconds=round(seconds, 1), points=tuple(points), slowdown=round(last / first - 1, 4))


def share_done(protocol: ProtocolPart, *, runs: int, span_s: float) -> float:
    """0 to 1: how much of what the protocol wants of a contender is there."""
    span = span_s / protocol.least_span_s if protocol.least_span_s else 1.0
    return min(runs / protocol.least_runs, span, 1.0)


def progress_bar(console: Console) -> Progress:
    """A bar on a terminal, nothing elsewhere: in a log it would be blank lines."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
