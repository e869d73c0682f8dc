"""The ``vizecg-bench`` command. Each verb imports what it measures inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg_bench.verbs.pack import add_pack_verbs
from vizecg_bench.verbs.run import add_run_verbs
from vizecg_bench.verbs.show import add_report_verbs

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)
add_pack_verbs(app)
add_run_verbs(app)
add_report_verbs(app)


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg-bench")] = False) -> None:
    """Measures vizecg: every number it prints can be had again with the same command."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures and the JSON.")] = Path("demo"),
    label: Annotated[list[str] | None, typer.Option(help="Diagnosis of the synthetic ECG; repeatable.")] = None,
    seed: int = 5,
) -> None:
    """Make an ECG, print it, photograph it, read it."""
    from vizecg_bench.verbs.demo import run_demo

    files = run_demo(out, labels=tuple(["AF"] if label is None else label), seed=seed)
    print(f"picture: {files.picture}\nJSON: {files.answer}")


def main() -> None:
    """Entry point of ``vizecg-bench``."""
    run_app(app, extras=("train", "bench"))


if __name__ == "__main__":
    main()
