"""``python -m vizecg_lab.gpu``: ``gpu-run`` where nothing of this project is installed."""

from __future__ import annotations

import typer

from vizecg.spec.console import run_app
from vizecg_lab.gpu.cli import gpu_run

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(gpu_run)

if __name__ == "__main__":
    run_app(app, install="pip install 'vizecg[train,bench]'")
