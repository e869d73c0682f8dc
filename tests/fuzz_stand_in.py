"""What a worker of the fuzzer runs in its tests: cases that do what their names say."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from vizecg_lab.fuzzing.cases import Case
from vizecg_lab.fuzzing.targets import Outcome


def start() -> Callable[[Case], Outcome]:
    return _run


def _run(case: Case) -> Outcome:
    if case.name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if case.name == "leave":
        os._exit(3)
    if case.name == "loop":
        while True:
            pass
    if case.name == "greed":
        # Held for a moment, and given back before the answer.
        content = bytearray(os.urandom(1 << 20)) * 200
        time.sleep(0.05)
        del content
    if case.name == "noise":
        os.write(2, b"a library complains\n")
    return Outcome(said="done")
