"""The ``vizecg-bench`` command."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg_bench.verbs.accuracy import accuracy
from vizecg_bench.verbs.compare import compare
from vizecg_bench.verbs.demo import demo
from vizecg_bench.verbs.pack import pack
from vizecg_bench.verbs.robustness import robustness
from vizecg_bench.verbs.run import run
from vizecg_bench.verbs.show import show

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg-bench")] = False) -> None:
    """Measures vizecg: every number it prints can be had again with the same command."""


for verb in (pack, accuracy, robustness, run, show, compare, demo):
    app.command()(verb)


def main() -> None:
    """Entry point of ``vizecg-bench``."""
    run_app(app, extras=("train", "bench"))


if __name__ == "__main__":
    main()
