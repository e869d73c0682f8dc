"""What the four command line tools share: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NoReturn

from vizecg.spec.errors import ExitCode, VizecgError

if TYPE_CHECKING:
    import typer


def run_app(app: typer.Typer) -> NoReturn:
    """Run a typer application and exit with the code of the error class that stopped it.

    With ``--json`` among the arguments the error is also printed to stdout as an object.
    """
    try:
        app()
    except VizecgError as error:
        fail(error, as_json="--json" in sys.argv)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(int(ExitCode.ENVIRONMENT))
    sys.exit(int(ExitCode.OK))


def fail(error: VizecgError, *, as_json: bool) -> NoReturn:
    """Print one line on stderr (and the object on stdout), then exit with the error's code."""
    if as_json:
        print(json.dumps(error.to_dict()))
    print(f"error: {error}", file=sys.stderr)
    sys.exit(int(error.exit_code))
