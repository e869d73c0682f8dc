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
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path

from children import CHILD_LIMIT_S

WITH_LIBRARIES = ("vizecg.train.loop", "vizecg_export.build", "vizecg_edge.pipeline", "scipy.stats")
"""Imported once, each with all that it imports (torchvision as ours import it); what is not installed is left out."""


def run_command(
    module: str,
    *arguments: object,
    environment: Mapping[str, str] | None = None,
    timeout: float = CHILD_LIMIT_S,
) -> subprocess.CompletedProcess[str]:
    """``python -m module arguments...``, away from a terminal.

    Args:
        environment: variables added to those of this process.
        timeout: seconds after which it is killed.

    Raises:
        subprocess.TimeoutExpired: it was.
    """
    context = multiprocessing.get_context("forkserver")
    # A loader of the training may have named its own, which count until the server is started.
    context.set_forkserver_preload(list(WITH_LIBRARIES))
    forkserver.ensure_running()
    words = [str(argument) for argument in arguments]
    variables = {**os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory(prefix="command-") as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        process = context.Process(target=_become, args=(module, words, variables, Path.cwd(), output, errors))
        process.start()
        try:
            process.join(timeout)
            if process.is_alive():
                raise subprocess.TimeoutExpired([module, *words], timeout, output=_text(output), stderr=_text(errors))
        finally:
            if process.is_alive():
                process.kill()
                process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return subprocess.CompletedProcess([module, *words], code, stdout=_text(output), stderr=_text(errors))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _become(module: str, words: list[str], variables: dict[str, str], folder: Path, output: Path, errors: Path) -> None:
    """In the new process: what the interpreter would have at its start."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    for path, descriptor in ((output, 1), (errors, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = [module, *words]
    # It may have been imported with the libraries: run as the program, it is another module.
    sys.modules.pop(module, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
