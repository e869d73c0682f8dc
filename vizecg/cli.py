"""The ``vizecg`` command: data, pictures, training, evaluation."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg.verbs.evaluate import evaluate
from vizecg.verbs.experts import experts
from vizecg.verbs.join import join
from vizecg.verbs.labels import labels_app
from vizecg.verbs.photograph import photograph
from vizecg.verbs.prepare import prepare
from vizecg.verbs.render import render
from vizecg.verbs.runs import runs
from vizecg.verbs.slim import slim
from vizecg.verbs.synth import synth
from vizecg.verbs.train import train

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Training side of vizecg.", pretty_exceptions_enable=False,
    context_settings=HELP,
)  # fmt: skip


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg")] = False) -> None:
    """Training side of vizecg."""


for verb in (prepare, synth, render, photograph, train, evaluate, experts, slim, join):
    app.command()(verb)
app.add_typer(labels_app, name="labels")
app.add_typer(runs, name="runs")


def main() -> None:
    """Entry point of ``vizecg``."""
    run_app(app, extras=("train",))


if __name__ == "__main__":
    main()
