"""Starting the process of a step, watching it, and ending it with everything that it has started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg_lab.gpu.worker import COMPLAINT, ERROR

GRACE_S = 8.0
"""For a training to write its last state when it is asked to stop."""
_POLL_S = 0.1
_TELL_S = 10.0
_TAIL_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Ended:
    """``why`` is None where the step is done; ``result`` may be there all the same."""

    why: str | None
    result: dict[str, Any] | None


def run_child(
    target: str,
    *,
    request: Path,
    result: Path,
    log: Path,
    limit_s: float,
    tell: Callable[[str], None],
    threads: int | None = None,
) -> Ended:
    """Run a step to its end or its limit; ``tell`` gets the last line of its log every ten seconds.

    ``threads`` are those of its computation, and of each of its processes; None leaves them alone.
    An exception that comes here meanwhile, as of a signal, ends the step too: it may write its state first.
    """
    result.unlink(missing_ok=True)
    with log.open("ab") as handle:
        # Of a step that is begun again there is an older log.
        handle.write(f"--- at most {limit_s:.0f} s\n".encode())
        handle.flush()
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "vizecg_lab.gpu.worker", target, str(request), str(result)],
            env={**os.environ, **({} if threads is None else {"OMP_NUM_THREADS": str(threads)})},
            stdin=subprocess.PIPE,
            stdout=handle,
            stderr=handle,
            # A group of its own, so that it can be ended with its workers, and none of them gets our Ctrl-C.
            start_new_session=True,
        )
    began = told = time.monotonic()
    try:
        while process.poll() is None:
            time.sleep(_POLL_S)
            now = time.monotonic()
            if now - began > limit_s:
                _show_stacks(process)
                _end(process)
                return Ended(why=f"not done within {limit_s:.0f} s", result=_read(result)[0])
            if now - told >= _TELL_S:
                told = now
                tell(last_line(log))
    finally:
        _end(process)
    return _ended(process.returncode, result, log)


def last_line(log: Path) -> str:
    """The last line of a log that says something, without control characters."""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = handle.read().decode(errors="replace").replace("\r", "\n")
    lines = ["".join(c for c in line if c.isprintable()).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _ended(code: int, result: Path, log: Path) -> Ended:
    found, error = _read(result)
    if error is not None:
        return Ended(why=error, result=found)
    if code == 0 and found is not None:
        return Ended(why=found.get(COMPLAINT), result=found)
    how = f"its process was ended by signal {-code}" if code < 0 else f"its process ended with exit code {code}"
    return Ended(why=f"{how}: {last_line(log)[:200]}", result=found)


def _read(result: Path) -> tuple[dict[str, Any] | None, str | None]:
    """What a step has left, None for nothing, and its error."""
    if not result.is_file():
        return None, None
    found: dict[str, Any] = json.loads(result.read_text())
    error = found.pop(ERROR, None)
    return found or None, error


def _show_stacks(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGUSR1)
        time.sleep(2 * _POLL_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask, wait, and kill what is left of its group; nothing where all of it has ended."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
