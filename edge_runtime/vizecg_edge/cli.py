"""The ``vizecg-edge`` command."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec import INTENDED_USE
from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg_edge.doctor_command import doctor_command
from vizecg_edge.engine import command as engine_command
from vizecg_edge.run_command import run_command
from vizecg_edge.selftest_command import selftest_command
from vizecg_edge.watch_command import watch_command

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg-edge")] = False) -> None:
    """Reads photographs of printed 12-lead ECGs, offline."""


app.command("run", epilog=INTENDED_USE)(run_command)
app.command("watch", epilog=INTENDED_USE)(watch_command)
app.command("build", epilog=INTENDED_USE)(engine_command.build)
app.command("selftest", epilog=INTENDED_USE)(selftest_command)
app.command("doctor", epilog=INTENDED_USE)(doctor_command)


def main() -> None:
    """Entry point of ``vizecg-edge``."""
    run_app(app)


if __name__ == "__main__":
    main()
