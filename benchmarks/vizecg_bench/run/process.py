"""The parent's side of a worker process."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from types import TracebackType
from typing import IO, Any

import numpy as np

from vizecg.spec import BundleError
from vizecg_bench.run.contenders import ContenderSpec
from vizecg_bench.run.messages import Burst, Command, Failed, Ready

LOAD_TIMEOUT_S = 600.0
"""Compiling with torch takes a minute or two on a small machine, TensorRT longer."""
RUN_TIMEOUT_S = 300.0


class WorkerProcess:
    """A contender in a process of its own, loaded; use ``with``, or close it.

    Args:
        spec: the contender.
        images: float32 (n, 1, H, W), preprocessed; they are taken in turn.

    Raises:
        BundleError: it does not load; the message says why.
    """

    def __init__(self, spec: ContenderSpec, images: np.ndarray) -> None:
        self.spec = spec
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._connection, theirs = multiprocessing.Pipe()
        began = time.perf_counter()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vizecg_bench.run.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
            )
        try:
            self.ready: Ready = self._ask((spec, images), Ready, timeout_s=LOAD_TIMEOUT_S)
        except BaseException:
            self.close()
            raise
        self.answered_s = time.perf_counter() - began
        """From the start of the process to its first answer."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, count: int) -> Burst:
        """``count`` timed runs."""
        return self._ask((Command.RUN, count), Burst)

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,)."""
        return self._ask((Command.LOGITS, image), np.ndarray)

    def peak_memory_mib(self) -> float:
        """Most memory that it had so far."""
        return self._ask((Command.MEMORY, None), float)

    def close(self) -> None:
        """End the process; more than once does no harm."""
        self._connection.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, message: object, wanted: type[Any], *, timeout_s: float = RUN_TIMEOUT_S) -> Any:
        connection: Connection[Any, Any] = self._connection
        if connection.closed:
            raise BundleError(f"{self.spec.key}: its process is closed")
        try:
            connection.send(message)
            if not connection.poll(timeout_s):
                raise BundleError(f"{self.spec.key} gave no answer within {timeout_s:g} s")
            answer = connection.recv()
        except (EOFError, ConnectionError) as error:
            raise BundleError(f"{self.spec.key}: its process ended ({self._ended()})") from error
        if isinstance(answer, Failed):
            raise BundleError(answer.why)
        if not isinstance(answer, wanted):
            raise BundleError(f"{self.spec.key} answered with {type(answer).__name__}, not {wanted.__name__}")
        return answer

    def _ended(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it hangs"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {lines[-1].strip()}" if lines else how
