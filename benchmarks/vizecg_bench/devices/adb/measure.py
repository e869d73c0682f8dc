"""The measured part of a run on a phone: programs start, take turns, answer the golden sheets, and one endures."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from rich.console import Console

from vizecg.spec import BundleError, DecisionRule, ParityError, VizecgError
from vizecg.spec.golden import GoldenSheets, answer_golden
from vizecg.spec.parity import LIMITS
from vizecg_bench.devices.adb.faults import AdbError, Fault
from vizecg_bench.devices.adb.folder import Folder
from vizecg_bench.devices.adb.heat import Watch
from vizecg_bench.devices.adb.programs import BackToBack, Program, logits, open_backend, run_files, start
from vizecg_bench.run.measure import POINT_S, progress_bar, share_done, sustained_of
from vizecg_bench.run.schema import LeftOut, ProtocolPart, Start, Sustained, SustainedPoint
from vizecg_edge.backends.runner import RunnerBackend


@dataclass(kw_only=True)
class Runs:
    """What was seen of one program; ``turns`` and ``round_trips`` in milliseconds."""

    program: Program
    remote: PurePosixPath
    backend: RunnerBackend
    start: Start
    peak_memory_mib: float
    back_to_back: BackToBack
    turns: list[tuple[float, ...]] = field(default_factory=list)
    round_trips: list[float] = field(default_factory=list)
    first_at: float | None = None
    last_at: float = 0.0

    @property
    def count(self) -> int:
        return sum(map(len, self.turns))

    @property
    def span_s(self) -> float:
        return 0.0 if self.first_at is None else self.last_at - self.first_at


@dataclass(frozen=True, kw_only=True)
class Sheets(GoldenSheets):
    """What is computed; ``remote``: where the first of them lies on the phone."""

    remote: PurePosixPath

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (1, 1, int(self.images.shape[2]), int(self.images.shape[3]))


@contextlib.contextmanager
def started(
    folder: Folder, programs: Sequence[tuple[Program, PurePosixPath]], *, sheets: Sheets, protocol: ProtocolPart,
    watch: Watch, console: Console,
) -> Iterator[tuple[list[Runs], list[LeftOut]]]:  # fmt: skip
    """Start every program ``start_repeats`` times, then hold one process of each open, and check its answers.

    Yields:
        Those that run, and those that do not load, crash, or do not compute what the float network computes.

    Raises:
        AdbError: the phone went away.
    """
    found, left_out = [], []
    with contextlib.ExitStack() as stack:
        with progress_bar(console) as progress:
            task = progress.add_task("starting", total=len(programs))
            for program, remote in programs:
                progress.update(task, description=f"starting {program.key}")
                watch.wait()
                try:
                    found.append(_start(folder, program, remote, sheets, protocol, stack))
                except (BundleError, ParityError, AdbError) as error:
                    left_out.append(_left_out(program, error))
                progress.advance(task)
        yield found, left_out


def _start(
    folder: Folder, program: Program, remote: PurePosixPath, sheets: Sheets, protocol: ProtocolPart,
    stack: contextlib.ExitStack,
) -> Runs:  # fmt: skip
    began, memory = start(folder, program, remote=remote, inputs=sheets.remote, repeats=protocol.start_repeats)
    times = run_files(
        folder, program, remote=remote, inputs=sheets.remote, warm_up=protocol.warm_up_runs, repeat=4 * protocol.burst
    )
    labels = sheets.logits.shape[1]
    backend = stack.enter_context(open_backend(folder, program, remote=remote, shape=sheets.shape, labels=labels))
    answers = answer_golden(lambda image: logits(backend, image, folder), sheets, rule=DecisionRule.plain(labels))
    # Speed at the price of other answers is none.
    answers.check(limits=LIMITS[program.precision], artefact=program.key)
    return Runs(
        program=program,
        remote=remote,
        backend=backend,
        start=began,
        peak_memory_mib=max(memory, times.peak_memory_mib),
        back_to_back=times,
    )


def take_turns(
    folder: Folder, runs: Sequence[Runs], *, sheets: Sheets, protocol: ProtocolPart, watch: Watch, console: Console
) -> tuple[list[LeftOut], bool]:
    """Bursts of every program in turn, in another order each round, until all have enough runs and span.

    Returns:
        The programs that crashed on the way, and whether the phone stayed until the end. The turns so far are kept.

    Raises:
        AdbError: the phone went away before every program had a turn.
    """
    generator, active = np.random.default_rng(protocol.seed), list(runs)
    left_out: list[LeftOut] = []
    try:
        with progress_bar(console) as progress:
            task = progress.add_task("taking turns", total=1.0)
            for one in runs:
                left_out += _turn(folder, one, sheets, protocol.warm_up_runs, keep=False)
            active = _surviving(active, left_out)
            while (
                active
                and (enough := min(share_done(protocol, runs=one.count, span_s=one.span_s) for one in active)) < 1.0
            ):
                progress.update(task, completed=enough)
                watch.wait()
                for index in generator.permutation(len(active)):
                    left_out += _turn(folder, active[index], sheets, protocol.burst, keep=True)
                active = _surviving(active, left_out)
            progress.update(task, completed=1.0)
    except AdbError as error:
        if error.fault not in (Fault.DISCONNECTED, Fault.TIMEOUT) or not all(one.turns for one in active):
            raise
        return left_out, False
    return left_out, True


def _surviving(runs: Sequence[Runs], left_out: Sequence[LeftOut]) -> list[Runs]:
    gone = {one.name for one in left_out}
    return [one for one in runs if one.program.key not in gone]


def _turn(folder: Folder, one: Runs, sheets: Sheets, count: int, *, keep: bool) -> list[LeftOut]:
    """``count`` runs of one program; what to say if it does not survive them."""
    times, trips = [], []
    try:
        # The first run finds its threads asleep and its weights out of the cache.
        logits(one.backend, sheets.images[:1], folder)
        began = time.perf_counter()
        for index in range(count):
            sent = time.perf_counter()
            logits(one.backend, sheets.images[index % len(sheets.images)][None], folder)
            trips.append(1000 * (time.perf_counter() - sent))
            times.append(max(one.backend.execution_us, 1) / 1000)
    except (BundleError, AdbError) as error:
        return [_left_out(one.program, error)]
    if keep:
        one.first_at = began if one.first_at is None else one.first_at
        one.last_at = time.perf_counter()
        one.turns.append(tuple(times))
        one.round_trips.extend(trips)
    return []


def _left_out(program: Program, error: VizecgError) -> LeftOut:
    """What belongs to one program; what befell the phone is raised again."""
    if isinstance(error, AdbError) and error.fault is not Fault.RUNNER_CRASHED:
        raise error
    return LeftOut(name=program.key, why=str(error))


def sustain(
    folder: Folder, one: Runs, *, sheets: Sheets, seconds: float, watch: Watch, console: Console,
    point_s: float = POINT_S,
) -> Sustained | None:  # fmt: skip
    """One program, a stretch of inferences after the other: between them its process starts anew, which is short.

    Returns:
        None where the phone went away before the first stretch had ended.

    Raises:
        AdbError, BundleError: the program crashed.
    """
    points: list[SustainedPoint] = []
    began = time.perf_counter()
    one_ms = float(np.median(one.back_to_back.milliseconds))
    with progress_bar(console) as progress:
        task = progress.add_task(f"sustained run of {one.program.key}", total=seconds)
        while (at := time.perf_counter() - began) < seconds:
            progress.update(task, completed=at)
            repeat = max(1, round(1000 * min(point_s, seconds - at) / one_ms))
            try:
                times = run_files(
                    folder, one.program, remote=one.remote, inputs=sheets.remote, warm_up=0, repeat=repeat
                )
                status = watch.look(counts=False)
            except AdbError as error:
                if error.fault not in (Fault.DISCONNECTED, Fault.TIMEOUT):
                    raise
                break
            one_ms = float(np.median(times.milliseconds))
            points.append(
                SustainedPoint(
                    at_s=round((at + time.perf_counter() - began) / 2, 2),
                    runs=len(times.milliseconds),
                    p50=round(one_ms, 4),
                    temperature=status.temperatures.get(watch.source or ""),
                    mhz=status.mhz,
                )
            )
    if not points:
        return None
    return sustained_of(points, seconds=time.perf_counter() - began)
