"""What the four command line tools share: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from vizecg.spec.errors import ExitCode, MissingToolError, VizecgError

if TYPE_CHECKING:
    import typer


def run_app(app: typer.Typer, *, install: str) -> NoReturn:
    """Run a typer application and exit with the code of the error class that stopped it.

    With ``--json`` among the arguments the error is also printed to stdout as an object.

    Args:
        app: its commands import what they need when they are called.
        install: the command that installs all of that.
    """
    try:
        app(help_option_names=["-h", "--help"])
    except VizecgError as error:
        fail(error, as_json="--json" in sys.argv)
    except ImportError as error:
        fail(_missing(error, install), as_json="--json" in sys.argv)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(int(ExitCode.ENVIRONMENT))
    sys.exit(int(ExitCode.OK))


def _missing(error: ImportError, install: str) -> MissingToolError:
    """What is missing and how to get it. An import error within our own code is a bug and goes on as it is."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("vizecg"):
        return MissingToolError(f"{error.name} is not installed: {install}")
    if "cannot open shared object file" in str(error):
        hint = "apt-get install libgl1 libglib2.0-0, or pip install opencv-python-headless in place of opencv-python"
        return MissingToolError(f"a system library is missing ({error}): {hint}")
    raise error


def fail(error: VizecgError, *, as_json: bool) -> NoReturn:
    """Print one line on stderr (and the object on stdout), then exit with the error's code."""
    if as_json:
        print(json.dumps(error.to_dict()))
    print(f"error: {error}", file=sys.stderr)
    sys.exit(int(error.exit_code))


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Nothing on stderr, from native code either: some libraries report each file of other boards that is not there."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        # Python code writes to sys.stderr, which need not be that descriptor.
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
