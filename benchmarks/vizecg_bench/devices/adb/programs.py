"""One ExecuTorch program on a phone: its answers, its starts, and its memory."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from vizecg.spec import BundleError
from vizecg.spec.decide import DecisionRule
from vizecg_bench.devices.adb.faults import AdbError, Fault
from vizecg_bench.devices.adb.folder import RUNNER, Folder
from vizecg_bench.run.contenders import Role, contender_key
from vizecg_bench.run.schema import Start
from vizecg_edge.backends.runner import RunnerBackend

RUN_S = 60.0
"""Longest time for one inference, of a slow phone."""
_CLOCK = re.compile(r"^@(\d{18,20}) (\d{18,20})$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A ``.pte`` file on a number of threads, before it is anywhere. ``rule`` None takes the float network's."""

    name: str
    role: Role
    artefact: str
    precision: str
    file: Path
    threads: int
    rule: DecisionRule | None = None

    @property
    def key(self) -> str:
        return contender_key(self.name, self.threads)


@dataclass(frozen=True, kw_only=True)
class BackToBack:
    """One run of the runner over files: inference after inference, with nothing in between.

    Attributes:
        milliseconds: of the timed runs.
        cpu_over_wall: processor time over time.
        peak_memory_mib: of the runner's process.
        load_ms: of loading.
        first_ms: the first inference of all.
    """

    milliseconds: tuple[float, ...]
    cpu_over_wall: float
    peak_memory_mib: float
    load_ms: float
    first_ms: float


def open_backend(
    folder: Folder, program: Program, *, remote: PurePosixPath, shape: tuple[int, int, int, int], labels: int
) -> RunnerBackend:
    """The program in a runner on the phone that is held open, asked through ``adb shell``.

    Raises:
        AdbError: the runner crashed, or the phone went away.
        BundleError: it does not load the program.
    """
    try:
        return RunnerBackend(
            model=Path(remote), input_shape=shape, labels=labels, threads=program.threads,
            runner=Path(RUNNER), launcher=folder.launcher, timeout=RUN_S,
        )  # fmt: skip
    except BundleError as error:
        raise explained(error, folder) from error


def logits(backend: RunnerBackend, image: np.ndarray, folder: Folder) -> np.ndarray:
    """float32 (1, 1, H, W) -> (labels,). Raises AdbError, BundleError as ``open_backend``."""
    try:
        return backend.logits(image)
    except BundleError as error:
        raise explained(error, folder) from error


def explained(error: BundleError, folder: Folder) -> AdbError | BundleError:
    """What the client of the runner says of a dead process, by its cause."""
    if not folder.adb.present():
        return AdbError(Fault.DISCONNECTED)
    text = str(error)
    # adb ends with 0 where the connection was lost, and the runner with 0 only when it is told to.
    if "its runner died (exit code 0)" in text:
        return AdbError(Fault.DISCONNECTED)
    code = re.search(r"ended with (\d+)", text)
    signalled = code is not None and int(code[1]) > 128
    return AdbError(Fault.RUNNER_CRASHED, text) if signalled or "its runner died" in text else error


def run_files(
    folder: Folder, program: Program, *, remote: PurePosixPath, inputs: PurePosixPath, warm_up: int, repeat: int
) -> BackToBack:
    """Time the inputs of a file on the phone.

    Raises:
        AdbError, BundleError: as ``Folder.run``.
    """
    done = folder.run(*_arguments(program, remote, inputs, warm_up, repeat), timeout=RUN_S * (warm_up + repeat))
    return _times(done.out)


def start(
    folder: Folder, program: Program, *, remote: PurePosixPath, inputs: PurePosixPath, repeats: int
) -> tuple[Start, float]:
    """Fresh processes, one inference each: medians, and the largest memory in MiB. Files stay in the phone's cache.

    Raises:
        AdbError, BundleError: as ``Folder.run``.
    """
    command = shlex.join([str(RUNNER), *_arguments(program, remote, inputs, 0, 1)])
    # Both times are the phone's own: the way through adb takes longer than many a start.
    timed = f'a=$(date +%s%N); {command}; c=$?; b=$(date +%s%N); echo "@$a $b"; (exit $c)'
    rows, memory = [], 0.0
    for _ in range(repeats):
        out = folder.run_command(timed, timeout=RUN_S).out
        clock = _CLOCK.search(out)
        if clock is None:
            raise AdbError(Fault.FAILED, "`date +%s%N` gives no nanoseconds")
        times = _times(out[: clock.start()])
        rows.append(((int(clock[2]) - int(clock[1])) / 1e6, times.load_ms, times.first_ms))
        memory = max(memory, times.peak_memory_mib)
    whole, load, first = (round(float(value), 3) for value in np.median(np.array(rows), axis=0))
    return Start(repeats=repeats, process_to_answer=whole, load=load, first_inference=first), memory


def _arguments(
    program: Program, remote: PurePosixPath, inputs: PurePosixPath, warm_up: int, repeat: int
) -> tuple[str, ...]:
    numbers = {"--threads": program.threads, "--warmup": warm_up, "--repeat": repeat}
    options = [text for name, number in numbers.items() for text in (name, str(number))]
    return ("--model", str(remote), *options, "--inputs", str(inputs))


def _times(text: str) -> BackToBack:
    """Raises BundleError for what the runner does not print."""
    try:
        found: dict[str, Any] = json.loads(text)
        times = [max(int(value), 1) / 1000 for value in found["us"]]
        return BackToBack(
            milliseconds=tuple(times),
            cpu_over_wall=round(int(found["cpu_us"]) / 1000 / sum(times), 3),
            peak_memory_mib=round(int(found["peak_memory_kib"]) / 1024, 1),
            load_ms=float(found["load_ms"]),
            first_ms=int(found["first_us"]) / 1000,
        )
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise BundleError(f"{RUNNER.name} on the phone gave no times, but {text.strip()[:80]!r}") from error
