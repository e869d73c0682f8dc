"""One process at a time trains in the folder of a run."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vizecg.spec import UsageError
from vizecg.train.runs.folder import LOCK
from vizecg.train.runs.record import read_record

_TRIES, _WAIT_S = 5, 0.1
"""A look at whether a run is going on holds the lock for an instant."""


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Hold the lock of a run; the system gives it back however the process ends.

    Raises:
        UsageError: another process holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(run / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(descriptor, run)
        yield
    finally:
        # By name, for workers that were forked meanwhile hold the file open too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def is_held(run: Path) -> bool:
    """Whether a process trains here now."""
    try:
        descriptor = os.open(run / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, run: Path) -> None:
    for attempt in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if attempt + 1 < _TRIES:
                time.sleep(_WAIT_S)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
            print(f"{run}: its file system has no locks: see to it that one process trains here", file=sys.stderr)
            return
    raise UsageError(f"{run}: {_holder(run)} trains in this folder: wait for it, or name another with --out")


def _holder(run: Path) -> str:
    record = read_record(run)
    last = record.starts[-1] if record is not None and record.starts else None
    return "another process" if last is None else f"process {last.process} of {last.host}"
