"""A process that is kept for many cases, and whose death, silence or greed is noticed from outside."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from vizecg_lab.fuzzing.cases import Case
from vizecg_lab.fuzzing.targets import Outcome

LOOK_EVERY_S = 0.02
STARTED_WITHIN_S = 120.0
WAITING = 3
MIB = 1024
"""The kernel tells memory in KiB."""

Start = Callable[[], Callable[[Case], Outcome]]


@dataclass(frozen=True, kw_only=True)
class CaseLimits:
    """Of one case: seconds of processor time, ``WAITING`` times that by the clock, and the process's largest resident
    memory in MiB."""

    seconds: float = 10.0
    memory_mib: int = 1024


@dataclass(frozen=True, kw_only=True)
class Ran:
    """``seconds``: of processor time. ``memory_mib``: the largest of the process during the case, 0 where the system
    does not tell. ``noise``: what libraries wrote to stderr."""

    outcome: Outcome
    seconds: float
    memory_mib: int
    noise: str = ""


class Worker:
    """Starts a process, and another one when that is lost.

    Args:
        start: called in the process; gives what runs a case there. It must be importable or a partial of such.
        limits: of each case.
    """

    def __init__(self, *, start: Start, limits: CaseLimits | None = None) -> None:
        self._start, self._limits = start, limits or CaseLimits()
        self._process: Any = None
        self._pipe: Connection | None = None
        self.started = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def run(self, case: Case) -> Ran:
        """Run a case; it always comes back.

        Raises:
            RuntimeError: the process does not even start.
        """
        pipe = self._ready()
        began, spent = time.perf_counter(), cpu_s(self._process.pid)
        pipe.send(case)
        largest = 0
        while True:
            try:
                if pipe.poll(LOOK_EVERY_S):
                    outcome, largest, noise = pipe.recv()
                    seconds = cpu_s(self._process.pid) - spent
                    ran = Ran(outcome=outcome, seconds=seconds, memory_mib=largest, noise=noise)
                    return self._judged(ran)
            except (EOFError, ConnectionResetError):
                return self._lost(self._death(), spent, largest)
            # The kernel's own account would come too late for one who takes everything.
            largest = max(largest, memory_mib(self._process.pid, "VmRSS"))
            if largest > 2 * self._limits.memory_mib:
                return self._lost(f"over {2 * self._limits.memory_mib} MiB of memory", spent, largest)
            busy, waited = cpu_s(self._process.pid) - spent, time.perf_counter() - began
            if busy > self._limits.seconds or waited > WAITING * self._limits.seconds:
                return self._lost(f"no answer within {self._limits.seconds:g} s", spent, largest)

    def _judged(self, ran: Ran) -> Ran:
        if ran.outcome.fault is None and ran.memory_mib > self._limits.memory_mib:
            fault = f"over {self._limits.memory_mib} MiB of memory"
            return Ran(outcome=Outcome(said=ran.outcome.said, fault=fault), seconds=ran.seconds,
                       memory_mib=ran.memory_mib, noise=ran.noise)  # fmt: skip
        return ran

    def _lost(self, why: str, spent: float, largest: int) -> Ran:
        seconds = max(0.0, cpu_s(self._process.pid) - spent)
        self.close()
        return Ran(outcome=Outcome(said="lost", fault=why), seconds=seconds, memory_mib=largest)

    def _death(self) -> str:
        self._process.join(timeout=10)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"the process died of {signal.Signals(-code).name}"
        return f"the process ended with code {code}"

    def _ready(self) -> Connection:
        if self._process is not None and self._pipe is not None:
            return self._pipe
        # A fresh interpreter: a fork would share the parent's locks and threads.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._start), daemon=True)
        self._process.start()
        theirs.close()
        self.started += 1
        try:
            if not self._pipe.poll(STARTED_WITHIN_S):
                raise RuntimeError(f"the process does not start within {STARTED_WITHIN_S:g} s")
            self._pipe.recv()
        except EOFError:
            why = self._death()
            self._process = None
            raise RuntimeError(f"{why} before its first case") from None
        return self._pipe


def memory_mib(pid: int | str, field: str) -> int:
    """``VmRSS`` or ``VmHWM`` of a process in MiB; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in text.splitlines() if line.startswith(f"{field}:")]
    return int(found[0].split()[1]) // MIB if found else 0


def cpu_s(pid: int) -> float:
    """Processor time that a process has taken; 0 where the system does not tell."""
    try:
        # The name, which may hold anything, ends with the last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(pipe: Connection, start: Start) -> None:
    run = start()
    errors = _Errors()
    pipe.send(None)
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        _forget_peak()
        outcome = run(case)
        pipe.send((outcome, memory_mib("self", "VmHWM"), errors.take()))


def _forget_peak() -> None:
    """Let the kernel begin the largest memory anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


class _Errors:
    """What anything in this process, C libraries too, writes to stderr."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("stderr") if hasattr(os, "memfd_create") else -1
        if self._descriptor >= 0:
            sys.stderr.flush()
            os.dup2(self._descriptor, 2)

    def take(self) -> str:
        """The first kilobyte, and forget the rest."""
        if self._descriptor < 0:
            return ""
        sys.stderr.flush()
        text = os.pread(self._descriptor, 1000, 0)
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return text.decode(errors="replace")
