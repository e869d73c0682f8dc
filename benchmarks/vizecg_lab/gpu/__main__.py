"""``python -m vizecg_lab.gpu``: ``gpu-run`` where nothing of this project is installed."""

from __future__ import annotations

import typer

from vizecg.spec.commands import HELP
from vizecg.spec.console import run_app
from vizecg_lab.verbs.gpu_run import gpu_run

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command(context_settings=HELP)(gpu_run)

if __name__ == "__main__":
    run_app(app, extras=("train", "bench"))
