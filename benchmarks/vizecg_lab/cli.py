"""``python -m vizecg_lab VERB``. Each verb imports what it measures inside the function."""

from __future__ import annotations

import typer

from vizecg.spec.commands import HELP
from vizecg.spec.console import run_app
from vizecg_lab.verbs.fuzz import add_fuzz_verb
from vizecg_lab.verbs.gpu_run import add_gpu_verbs
from vizecg_lab.verbs.not_ecg import add_not_ecg_verb
from vizecg_lab.verbs.photos import add_rectifier_verbs
from vizecg_lab.verbs.render import add_render_verb
from vizecg_lab.verbs.stages import add_edge_verbs
from vizecg_lab.verbs.study import add_training_verbs

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)
add_training_verbs(app)
add_gpu_verbs(app)
add_render_verb(app)
add_rectifier_verbs(app)
add_not_ecg_verb(app)
add_edge_verbs(app)
add_fuzz_verb(app)


@app.callback()
def root_command() -> None:
    """Studies of vizecg itself, from a checkout: every number it prints can be had again with the same command."""


def main() -> None:
    """Entry point of ``python -m vizecg_lab``."""
    run_app(app, extras=("train", "peers", "bench"))
