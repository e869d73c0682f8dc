"""Which Python interpreters this machine has that really run and can make a virtual environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def _candidates(version: str) -> Iterator[Path]:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"))
    yield from (Path(folder) / f"python{version}" for folder in ("/usr/local/bin", "/usr/bin"))


def find_interpreter(version: str) -> Path | None:
    """The first interpreter of `version` ("3.10") that runs; a pyenv shim may exist and not run."""
    for candidate in _candidates(version):
        try:
            done = subprocess.run([candidate, "-c", PROBE], capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None
