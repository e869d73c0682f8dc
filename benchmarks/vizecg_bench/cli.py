"""The ``vizecg-bench`` command. Each verb imports what it measures inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import vizecg
from vizecg.spec.console import run_app
from vizecg_bench.pack.cli import add_pack_verbs
from vizecg_bench.report.cli import add_report_verbs
from vizecg_bench.run.cli import add_run_verbs

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
add_pack_verbs(app)
add_run_verbs(app)
add_report_verbs(app)


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"vizecg-bench {vizecg.__version__}")
        raise typer.Exit


@app.callback()
def root_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Measures vizecg: every number it prints can be had again with the same command."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures and the JSON.")] = Path("demo"),
    label: Annotated[list[str] | None, typer.Option(help="Diagnosis of the synthetic ECG; repeatable.")] = None,
    seed: int = 5,
) -> None:
    """Make an ECG, print it, photograph it, read it."""
    from vizecg_bench.demo import run_demo

    files = run_demo(out, labels=tuple(["AF"] if label is None else label), seed=seed)
    print(f"picture: {files.picture}\nJSON: {files.answer}")


@app.command()
def gate(
    root: Annotated[Path, typer.Option(help="PTB-XL folder.")],
    fold: Annotated[int, typer.Option(min=1, max=10)] = 9,
    limit: Annotated[int, typer.Option(min=20, help="Number of records.")] = 300,
    photographs: Annotated[int, typer.Option(min=4, max=11, help="Of each record.")] = 6,
    risk: Annotated[float, typer.Option(min=0, max=1, help="Most of the answered that may be wrong.")] = 0.02,
    flips: Annotated[
        float, typer.Option(min=0, max=1, help="Most of a class's decided pairs unlike the clean rendering's.")
    ] = 0.002,
    undecided: Annotated[float, typer.Option(min=0, max=1, help="Most of a class's pairs left undecided.")] = 0.02,
    photos_dir: Annotated[
        list[Path] | None, typer.Option("--photos", help="Folder of real ones that stay answered; repeatable.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Finished records are kept here.", show_default="~/.cache/vizecg/gate")
    ] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the risk-coverage curves to this PNG.")] = None,
) -> None:
    """Choose the quality gate and the undecided bands on photographs from mild to unreadable."""
    from vizecg_bench.gate import cache_folder, measure_gate

    measure_gate(
        root=root, fold=fold, limit=limit, photographs=photographs, risk=risk, flips=flips, undecided=undecided,
        photos=photos_dir or [], bundle=bundle, cache=cache or cache_folder(), out=out, plot=plot,
    )  # fmt: skip


def main() -> None:
    """Entry point of ``vizecg-bench``."""
    run_app(app, install="pip install 'vizecg[train,bench]'")


if __name__ == "__main__":
    main()
