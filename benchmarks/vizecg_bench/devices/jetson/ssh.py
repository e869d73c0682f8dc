"""The ``ssh`` program, and one board behind it. Nothing but sh, tar and cat is wanted there.

Files go through tar within ssh, not through scp: one program, one set of keys and settings, and no protocol that
depends on the versions of both sides.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from vizecg.spec import ExitCode, MissingToolError, UsageError, VizecgError

VARIABLE = "VIZECG_SSH"
INSTALL = "sudo apt-get install openssh-client"
# Nothing may ask for a password or hang: a board that goes away is noticed within a minute.
OPTIONS = (
    "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
    "-o", "ServerAliveCountMax=4", "-o", "LogLevel=ERROR",
)  # fmt: skip
QUICK_S = 60.0
SSH_FAILED = 255
HOST = re.compile(r"([A-Za-z0-9_][\w.-]*@)?(\[[0-9A-Fa-f:.%\w]+\]|[A-Za-z0-9_][\w.:-]*)")
"""[USER@]HOST. What begins with a dash would be an option of ssh."""
_DENIED = re.compile(r"Permission denied|Too many authentication failures")
_UNKNOWN = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED")
_AWAY = re.compile(
    r"Could not resolve|Name or service not known|timed out|refused|No route to host|unreachable|reset|closed"
    r"|not responding|Broken pipe|disconnect",
    re.IGNORECASE,
)


class RemoteError(VizecgError):
    """What went wrong on the board, or on the way to it. ``exit_code`` is that of the run there, if it was that."""

    def __init__(self, message: str, *, exit_code: ExitCode = ExitCode.ENVIRONMENT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command of the board that ended."""

    code: int
    out: str
    complaint: str


class Ssh:
    """One board; everything that is asked of it goes through the program.

    Args:
        host: ``USER@HOST``, or a name of ssh's configuration.

    Raises:
        UsageError: that is no host.
        MissingToolError: there is no ssh.
    """

    def __init__(self, host: str) -> None:
        if HOST.fullmatch(host) is None:
            raise UsageError(f"{host!r} is no host: jetson:USER@HOST is expected")
        named = os.environ.get(VARIABLE) or "ssh"
        program = shutil.which(named)
        if program is None:
            raise MissingToolError(f"no ssh program at {named!r}: {INSTALL}, or name it in ${VARIABLE}")
        self.host = host
        self._command = (program, *OPTIONS, host)

    def shell(self, script: str, *, timeout: float = QUICK_S) -> Done:
        """Run lines of sh on the board, whatever they exit with.

        Raises:
            RemoteError: the board could not be asked, or went away.
        """
        try:
            done = subprocess.run(
                [*self._command, _quoted(script)],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise RemoteError(f"{self.host} gave no answer within {timeout:g} s") from error
        self._check(done.returncode, done.stderr)
        return Done(code=done.returncode, out=done.stdout, complaint=_last(done.stderr) or _last(done.stdout))

    def send(self, files: Mapping[str, Path], folder: str, *, console: Console) -> None:
        """Copy files and folders into ``folder`` of the board, under the names that they have as keys.

        Raises:
            RemoteError: the board went away, or has no room.
        """
        total = sum(_size(path) for path in files.values())
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with self._open(f"exec tar -x -f - -C {shlex.quote(folder)}") as process, Progress(
            *columns, console=console, disable=not console.is_terminal
        ) as progress:  # fmt: skip
            stdin, stderr = _pipes(process)
            counted = _Counted(stdin, progress, total, f"copying to {self.host}")
            try:
                with tarfile.open(fileobj=counted, mode="w|", dereference=True) as archive:  # type: ignore[call-overload]
                    for name, path in files.items():
                        archive.add(path, arcname=name)
                stdin.close()
            except BrokenPipeError:
                # tar's or ssh's own words say why; closing tries once more to write.
                with contextlib.suppress(BrokenPipeError):
                    stdin.close()
            said = stderr.read().decode(errors="replace")
            code = process.wait()
        self._check(code, said)
        if code:
            raise RemoteError(
                f"the files could not be copied to {self.host}: {_last(said) or f'tar exited with {code}'}"
            )

    def watch(self, command: str) -> Done:
        """Run a long command; what it says on stderr is said here as it comes, but for its error.

        The command is ended when this process goes away: a run that nobody waits for would disturb the next.

        Raises:
            RemoteError: the board went away.
        """
        # While this process lives, `cat` finds no end of its input.
        script = (
            f'exec 3<&0\n{command} < /dev/null &\nrun=$!\n(cat <&3; kill "$run") > /dev/null 2>&1 &\nwatch=$!\n'
            'wait "$run"\ncode=$?\nkill "$watch"\nexit "$code"\n'
        )
        complaint, lines = "", []
        with self._open(script) as process:
            for raw in _pipes(process)[1]:
                line = raw.decode(errors="replace")
                if line.strip():
                    complaint = line.strip()
                    lines.append(complaint)
                if not line.startswith("error: "):
                    sys.stderr.write(line)
                    sys.stderr.flush()
            code = process.wait()
        self._check(code, "\n".join(lines[-5:]))
        return Done(code=code, out="", complaint=complaint.removeprefix("error: "))

    def _open(self, script: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, _quoted(script)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def _check(self, code: int, said: str) -> None:
        """Raise for what ssh itself complains of."""
        if code != SSH_FAILED:
            return
        line = _last(said) or "it gives no reason"
        if _UNKNOWN.search(said):
            raise RemoteError(
                f"{self.host} is not known, or its key has changed: ssh {self.host} once by hand ({line})"
            )
        if _DENIED.search(said):
            raise RemoteError(f"{self.host} lets nobody in without a password: ssh-copy-id {self.host} ({line})")
        if _AWAY.search(said):
            raise RemoteError(f"{self.host} cannot be reached: {line}")
        raise RemoteError(f"ssh to {self.host} failed: {line}")


class _Counted:
    """A pipe that tells a progress bar what went through."""

    def __init__(self, pipe: IO[bytes], progress: Progress, total: int, title: str) -> None:
        self._pipe, self._progress = pipe, progress
        self._task = progress.add_task(title, total=total)

    def write(self, data: bytes) -> int:
        self._pipe.write(data)
        self._progress.advance(self._task, len(data))
        return len(data)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Its input and its errors."""
    if process.stdin is None or process.stderr is None:
        raise ValueError("the process was started without pipes")
    return process.stdin, process.stderr


def _quoted(script: str) -> str:
    """For the login shell of the board, whichever that is."""
    return f"exec sh -c {shlex.quote(script)}"


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
