"""ExecuTorch programs in the native runner (edge_runtime/runner), a process of its own that this one talks to.

``executorch.runtime`` imports torch; the runner does not. docs/runner.md describes the frames that go to and fro.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from vizecg.spec import BundleError, InputRefusedError, MissingToolError
from vizecg.spec.errors import ExitCode
from vizecg_edge.backends.base import thread_count

VARIABLE = "VIZECG_RUNNER"
PROGRAM = "vizecg-runner"
_REQUEST = struct.Struct("<4sI")
_ANSWER = struct.Struct("<4sIQI")
_MOST_MESSAGE = 4096
_INFO_TIMEOUT_S = 30.0


def find_runner(explicit: Path | None = None) -> Path:
    """The runner's file: ``explicit``, else ``$VIZECG_RUNNER``, else the first on the PATH.

    Raises:
        MissingToolError: there is none.
    """
    named = str(explicit) if explicit is not None else os.environ.get(VARIABLE) or PROGRAM
    program = shutil.which(named)
    if program is None:
        raise MissingToolError(
            f"no native runner at {named!r}: build it with `sh edge_runtime/runner/build.sh` and name it in ${VARIABLE}"
        )
    return Path(program)


class RunnerBackend:
    """An ExecuTorch artefact in a native runner that lives as long as this object; close it, or use ``with``.

    Threads that share one wait for each other.

    Args:
        model: the ``.pte`` file.
        input_shape: (1, 1, H, W) that the bundle's preprocessing gives.
        labels: how many logits it must give.
        threads: computation threads; 0 takes one per core this process may use.
        runner: the runner's file; None looks for it (``find_runner``).
        launcher: a command that runs the rest of its arguments elsewhere, pipes and exit code handed through, as
            ``adb shell -T`` does. ``model`` and ``runner`` are then files there, ``threads`` 0 one per core there.
        timeout: seconds that one inference may take.

    Raises:
        MissingToolError: there is no runner.
        BundleError: the file does not load, or has other inputs or outputs than its manifest says.
    """

    name = "executorch-runner-cpu"

    def __init__(
        self,
        *,
        model: Path,
        input_shape: tuple[int, int, int, int],
        labels: int,
        threads: int = 0,
        runner: Path | None = None,
        launcher: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> None:
        self._model, self._input_shape, self._timeout = model, input_shape, timeout
        self._labels = labels
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.execution_us = 0
        """Time of the last inference as the runner measured it, without the way to it and back."""
        program = runner if launcher and runner is not None else find_runner(runner)
        command = [*launcher, str(program), "--model", str(model)]
        if threads or not launcher:
            command += ["--threads", str(thread_count(threads))]
        self.info = _info(command, model)
        _check_shapes(self.info, model, input_shape, labels)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._process = subprocess.Popen(
            [*command, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,).

        Raises:
            InputRefusedError: another shape, or values that are not finite.
            BundleError: the runner failed, died or took too long; this object is then closed.
        """
        if image.shape != self._input_shape:
            raise InputRefusedError(f"the runner takes an image of {self._input_shape}, not {image.shape}")
        payload = np.ascontiguousarray(image, dtype="<f4")
        request = _REQUEST.pack(b"VZQ1", payload.size) + payload.tobytes()
        with self._lock:
            status, body = self._exchange(request, time.monotonic() + self._timeout)
        if status:
            message = body.decode(errors="replace")
            if status == ExitCode.REFUSED:
                raise InputRefusedError(message)
            raise BundleError(f"{self._model}: {message}")
        return np.frombuffer(body, dtype="<f4").astype(np.float32)

    def _exchange(self, request: bytes, until: float) -> tuple[int, bytes]:
        """One request, one answer: its status, and its payload or message."""
        if self._process is None:
            raise BundleError(f"{self._model}: its runner is closed")
        try:
            self._send(request, until)
            magic, status, self.execution_us, count = _ANSWER.unpack(self._receive(_ANSWER.size, until))
            if magic != b"VZA1" or (count > _MOST_MESSAGE if status else count != self._labels):
                raise _BrokenError("answered out of step")
            return status, self._receive(count if status else 4 * count, until)
        except _BrokenError as error:
            raise self._failed(str(error)) from error
        except OSError as error:
            raise self._failed("died") from error

    def close(self) -> None:
        """End the runner; more than once does no harm."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        # The end of its input is the runner's sign to go.
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._errors.close()

    def __enter__(self) -> RunnerBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # __init__ may have failed before there was a process.
        if getattr(self, "_process", None) is not None:
            self.close()

    def _send(self, data: bytes, until: float) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        pipe, rest = self._process.stdin.fileno(), memoryview(data)
        while rest:
            if not select.select([], [pipe], [], max(0.0, until - time.monotonic()))[1]:
                raise _BrokenError(f"gave no answer within {self._timeout:g} s")
            # A pipe that select calls ready takes PIPE_BUF bytes at once; more would block past the timeout.
            rest = rest[os.write(pipe, rest[: select.PIPE_BUF]) :]

    def _receive(self, size: int, until: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe, data = self._process.stdout.fileno(), b""
        while len(data) < size:
            if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
                raise _BrokenError(f"gave no answer within {self._timeout:g} s")
            part = os.read(pipe, size - len(data))
            if not part:
                raise _BrokenError("died")
            data += part
        return data

    def _failed(self, what: str) -> BundleError:
        """Kill the runner, which is of no use any more, and say what is known."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.2)
        self._process.kill()
        code = self._process.wait()
        self._errors.seek(0)
        last = _last_line(self._errors.read())
        self.close()
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return BundleError(f"{self._model}: its runner {what} ({last or ended})")


class _BrokenError(Exception):
    """What the runner did in place of answering."""


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _info(command: list[str], model: Path) -> dict[str, Any]:
    """What the runner says of the model.

    Raises:
        BundleError: the runner does not start or does not load the model.
    """
    try:
        done = subprocess.run([*command, "--info"], capture_output=True, timeout=_INFO_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise BundleError(f"{model}: its runner gave no answer within {_INFO_TIMEOUT_S:g} s") from error
    except OSError as error:
        raise BundleError(f"{command[0]} does not run here: {error.strerror}") from error
    if done.returncode:
        ended = f"ended with {done.returncode}"
        raise BundleError(f"{model}: its runner cannot load it: {_last_line(done.stderr) or ended}")
    try:
        info = json.loads(done.stdout)
        if not isinstance(info, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise BundleError(f"{command[0]} is not the native runner: --info gave no JSON object") from error
    return info


def _check_shapes(info: dict[str, Any], model: Path, input_shape: tuple[int, int, int, int], labels: int) -> None:
    """Raise BundleError unless the program takes ``input_shape`` and gives one row of ``labels`` logits."""
    wanted = {"inputs": list(input_shape), "outputs": [1, labels]}
    try:
        forward = {method["name"]: method for method in info["methods"]}.get("forward", {})
        tensors = {side: [(tensor["shape"], tensor["dtype"]) for tensor in forward[side]] for side in wanted}
    except (AttributeError, KeyError, TypeError) as error:
        raise BundleError(f"{model}: the runner tells of no method `forward`") from error
    for side, shape in wanted.items():
        if tensors[side] != [(shape, "float32")]:
            raise BundleError(f"{model}: expected {side} float32 {shape}, found {tensors[side]}")
