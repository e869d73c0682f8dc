"""What the four command line tools share: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from vizecg.spec.checks import first_line, printable
from vizecg.spec.errors import ExitCode, MissingToolError, OutOfMemoryError, OutputError, UsageError, VizecgError
from vizecg.spec.install import pip_install
from vizecg.spec.terminal import plain_streams

if TYPE_CHECKING:
    import typer


_LONGEST = 4000
_ABORTED = 1
_OPENCV_NO_MEMORY = -4


def run_app(app: typer.Typer, *, extras: Sequence[str] = ()) -> NoReturn:
    """Run a typer application and exit with the code of the error class that stopped it.

    With ``--json`` among the arguments the error is also printed to stdout as an object. Wrong options are such errors
    too, and no file's name sends escape codes to the terminal.

    Args:
        app: its commands import what they need when they are called.
        extras: of the project, that bring all of that; without any the project alone does.
    """
    plain_streams()
    try:
        code = _called(app)
        sys.stdout.flush()
    except VizecgError as error:
        fail(error, as_json="--json" in sys.argv)
    except ImportError as error:
        fail(_missing(error, extras), as_json="--json" in sys.argv)
    except OSError as error:
        print(f"error: {printable(error, _LONGEST)}", file=sys.stderr)
        sys.exit(int(ExitCode.ENVIRONMENT))
    except Exception as error:
        if not _of_memory(error):
            raise
        what = f" ({first_line(error)})" if str(error) else ""
        told = f"out of memory{what}: close other programs, or use a smaller picture or batch"
        fail(OutOfMemoryError(told), as_json="--json" in sys.argv)
    sys.exit(code)


def _called(app: typer.Typer) -> int:
    """Run it; the exit code that a command asked for.

    Raises:
        UsageError: arguments that typer refuses, in its words.
    """
    import typer

    # Older releases of typer take their exceptions from click, newer ones have them inside; this one is public in both.
    refusals: Any = typer.BadParameter.__base__
    try:
        code = app(standalone_mode=False)
    except refusals as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
            return int(ExitCode.USAGE)
        path = error.ctx.command_path if error.ctx else ""
        raise UsageError(f"{error.format_message().rstrip('.')} ({path} --help tells more)") from error
    except typer.Abort:
        return _ABORTED
    return code if isinstance(code, int) else int(ExitCode.OK)


def _of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python and numpy say so by one class, OpenCV by a number, torch by a class of its own."""
    opencv = type(error).__module__ == "cv2" and getattr(error, "code", None) == _OPENCV_NO_MEMORY
    return isinstance(error, MemoryError) or opencv or type(error).__name__ == "OutOfMemoryError"


def _missing(error: ImportError, extras: Sequence[str]) -> MissingToolError:
    """What is missing and how to get it. An import error within our own code is a bug and goes on as it is."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("vizecg"):
        return MissingToolError(f"{error.name} is not installed: {pip_install(*extras)}")
    if "cannot open shared object file" in str(error):
        hint = "apt-get install libgl1 libglib2.0-0, or pip install opencv-python-headless in place of opencv-python"
        return MissingToolError(f"a system library is missing ({error}): {hint}")
    raise error


def fail(error: VizecgError, *, as_json: bool) -> NoReturn:
    """Print one line on stderr (and the object on stdout), then exit with the error's code."""
    if as_json and not isinstance(error, OutputError):
        print(json.dumps(error.to_dict()))
    print(f"error: {printable(error, _LONGEST)}", file=sys.stderr)
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
