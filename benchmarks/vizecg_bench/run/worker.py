"""A process that holds one contender. The parent sends a ``ContenderSpec``, then commands; see ``Command``.

``python -m vizecg_bench.run.worker DESCRIPTOR``: one end of a ``multiprocessing.Pipe``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from vizecg.spec import VizecgError
from vizecg_bench.run.contenders import ContenderSpec
from vizecg_bench.run.messages import Burst, Command, Failed, Ready


def serve(connection: Connection) -> None:
    """Load what the parent sends, answer its commands until it hangs up."""
    spec, images = connection.recv()
    try:
        worker = _Worker(spec, images)
    except VizecgError as error:
        connection.send(Failed(why=str(error)))
        return
    # Engines raise what they like; the parent has to name this one and go on with the others.
    except Exception as error:
        connection.send(Failed(why=(str(error).strip().splitlines() or [type(error).__name__])[0]))
        return
    connection.send(worker.ready)
    answers: dict[Command, Callable[[Any], object]] = {
        Command.RUN: worker.run,
        Command.LOGITS: worker.logits,
        Command.MEMORY: worker.memory,
    }
    with contextlib.suppress(EOFError), contextlib.closing(worker.backend):
        while True:
            command, argument = connection.recv()
            try:
                connection.send(answers[command](argument))
            except VizecgError as error:
                connection.send(Failed(why=str(error)))


class _Worker:
    def __init__(self, spec: ContenderSpec, images: np.ndarray) -> None:
        from vizecg_bench.run.engines import engine_version, open_engine

        began = time.perf_counter()
        self.backend = open_engine(spec)
        loaded = time.perf_counter()
        logits = self.backend.logits(images[:1])
        first = time.perf_counter()
        self._images, self._next, self._pause_s = images, 0, spec.handicap_ms / 1000
        self.ready = Ready(
            engine=self.backend.name,
            version=engine_version(spec.engine, self.backend),
            load_s=loaded - began,
            first_s=first - loaded,
            logits=logits,
        )

    def run(self, count: int) -> Burst:
        times, inside = [], []
        spent = _cpu_s()
        for _ in range(count):
            image = self._images[self._next : self._next + 1]
            self._next = (self._next + 1) % len(self._images)
            start = time.perf_counter()
            self.backend.logits(image)
            if self._pause_s:
                time.sleep(self._pause_s)
            times.append((time.perf_counter() - start) * 1000)
            microseconds = getattr(self.backend, "execution_us", None)
            if microseconds is not None:
                inside.append(microseconds / 1000)
        return Burst(milliseconds=tuple(times), cpu_s=_cpu_s() - spent, engine_milliseconds=tuple(inside))

    def logits(self, image: np.ndarray) -> np.ndarray:
        return self.backend.logits(image)

    def memory(self, _: None) -> float:
        import psutil

        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        return sum(_most_kib(process.pid) for process in processes) / 1024


def _cpu_s() -> float:
    """Processor seconds of this process and its living children: a native runner is one."""
    import psutil

    # Not psutil for this process: the kernel's figures come in steps of 10 ms.
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system
    return total


def _most_kib(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


if __name__ == "__main__":
    # Libraries print to stdout as they please: it is the parent's.
    os.dup2(2, 1)
    serve(Connection(int(sys.argv[1])))
