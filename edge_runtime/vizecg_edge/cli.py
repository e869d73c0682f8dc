"""The ``vizecg-edge`` command."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec import INTENDED_USE
from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg_edge.verbs.build import build
from vizecg_edge.verbs.doctor import doctor
from vizecg_edge.verbs.run import run
from vizecg_edge.verbs.selftest import selftest
from vizecg_edge.verbs.sheets import sheets
from vizecg_edge.verbs.watch import watch

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg-edge")] = False) -> None:
    """Reads photographs of printed 12-lead ECGs, offline."""


for verb in (run, watch, sheets, build, selftest, doctor):
    app.command(epilog=INTENDED_USE)(verb)


def main() -> None:
    """Entry point of ``vizecg-edge``."""
    run_app(app)


if __name__ == "__main__":
    main()
