"""Commands as a user types them, each in a process of its own that need not import its libraries anew.

Starting Python with torch and Lightning takes seconds, far more than most commands do. A server process imports them
once (the forkserver of ``multiprocessing``; it runs nothing else, so it has no threads and no state), and every command
is forked from it: with its own arguments, environment, folder, output and exit code. What a test says about imports
themselves, or about variables that libraries read when they are loaded, wants ``subprocess.run``.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from children import CHILD_LIMIT_S

WITH_LIBRARIES = ("vizecg.train.loop", "vizecg_export.build", "vizecg_edge.pipeline", "scipy.stats")
"""Imported once, each with all that it imports (torchvision as ours import it); what is not installed is left out."""


class Command:
    """A command that runs, or has ended."""

    def __init__(self, process: ForkServerProcess, folder: Path) -> None:
        self._process, self._folder = process, folder

    @property
    def code(self) -> int | None:
        """Of its end, the negative signal where one ended it; None while it runs."""
        return self._process.exitcode

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._read("stdout")

    @property
    def stderr(self) -> str:
        return self._read("stderr")

    def _read(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def wait(self, timeout: float = CHILD_LIMIT_S) -> int:
        """Its exit code; an AssertionError with what it said, where it has not ended by then."""
        self._process.join(timeout)
        assert self.code is not None, f"it still runs after {timeout:g} s:\n{self.stderr}"
        return self.code

    def kill(self) -> None:
        """At once, and be sure of it."""
        self._process.kill()
        self._process.join()


@contextmanager
def started(module: str, *arguments: object, environment: Mapping[str, str] | None = None) -> Iterator[Command]:
    """``python -m module arguments...``, away from a terminal; killed at the end of the block where it still runs.

    Args:
        environment: variables added to those of this process.
    """
    context = multiprocessing.get_context("forkserver")
    # A loader of the training may have named its own, which count until the server is started.
    context.set_forkserver_preload(list(WITH_LIBRARIES))
    forkserver.ensure_running()
    words = [str(argument) for argument in arguments]
    variables = {**os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory(prefix="command-") as name:
        process = context.Process(target=_become, args=(module, words, variables, Path.cwd(), Path(name)))
        process.start()
        command = Command(process, Path(name))
        try:
            yield command
        finally:
            command.kill()


def run_command(
    module: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``started``, and waited for."""
    with started(module, *arguments, environment=environment) as command:
        code = command.wait()
        return subprocess.CompletedProcess([module, *arguments], code, stdout=command.stdout, stderr=command.stderr)


def _become(module: str, words: list[str], variables: dict[str, str], cwd: Path, folder: Path) -> None:
    """In the new process: what the interpreter would have at its start."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        opened = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.path.insert(0, str(cwd))
    sys.argv = [module, *words]
    # It may have been imported with the libraries: run as the program, it is another module.
    sys.modules.pop(module, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
