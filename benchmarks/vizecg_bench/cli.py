"""The ``vizecg-bench`` command. Each verb imports what it measures inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg_bench.edge_cli import add_edge_verbs
from vizecg_bench.gpu.cli import add_gpu_verbs
from vizecg_bench.pack.cli import add_pack_verbs
from vizecg_bench.report.cli import add_report_verbs
from vizecg_bench.run.cli import add_run_verbs
from vizecg_bench.training_cli import add_training_verbs

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)
add_training_verbs(app)
add_edge_verbs(app)
add_gpu_verbs(app)
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


@app.command(name="not-ecg")
def not_ecg(
    limit: Annotated[int, typer.Option(min=20, help="Pictures without an ECG.")] = 200,
    others: Annotated[int, typer.Option(min=0, help="Of each unsupported layout, speed and gain.")] = 4,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Save the pictures that were answered here.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Pictures that are not ECGs: at most 1 % may be answered (else exit code 5)."""
    from vizecg_bench.not_ecg import measure_not_ecg

    measure_not_ecg(limit=limit, others=others, bundle=bundle, keep=keep, out=out)


@app.command()
def photos(
    photos_dir: Annotated[Path, typer.Option("--photos", help="Folder with photos.csv's images.")],
    table: Annotated[Path, typer.Option(help="photos.csv: image, ecg_id.")],
    root: Annotated[Path, typer.Option(help="PTB-XL folder with the records behind the photographs.")],
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    sheets: Annotated[Path | None, typer.Option(help="Save every rectified sheet and overlay here.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Real photographs of known records: answered share, and how far answers are from the clean rendering's."""
    from vizecg_bench.photos import measure_photos

    measure_photos(photos_dir=photos_dir, table=table, root=root, bundle=bundle, sheets=sheets, out=out)


@app.command()
def rectify(
    root: Annotated[Path, typer.Option(help="PTB-XL folder.")],
    fold: Annotated[int, typer.Option(min=1, max=10)] = 9,
    limit: Annotated[int, typer.Option(min=10, help="Number of photographs.")] = 300,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Photographed renderings through rectifier and model: corner errors, answered share, time, AUROC."""
    from vizecg_bench.rectify import measure_rectify

    measure_rectify(root=root, fold=fold, limit=limit, bundle=bundle, out=out)


@app.command()
def render(
    ecg_plot_028: Annotated[
        Path | None,
        typer.Option("--ecg-plot-028", help="Python of an environment with ecg-plot 0.2.8, matplotlib, numpy, pillow."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder. Default: synthetic records.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of all renderers in turn.")] = 12,
    pages: Annotated[int, typer.Option(min=1, help="Records that the quick ones draw in a round.")] = 20,
    compared: Annotated[int, typer.Option(min=1, help="Pages compared with ecg-plot 0.2.8.")] = 20,
    picture: Annotated[Path | None, typer.Option(help="Picture of a page of both, and the difference.")] = None,
    out: Annotated[Path | None, typer.Option("--json", "--out", help="Write the figures to this file.")] = None,
) -> None:
    """Drawing: images per second beside ecg_plot 0.3 and 0.2.8, and likeness to the latter."""
    from vizecg_bench.render import measure_render

    measure_render(
        root=root,
        python_028=ecg_plot_028,
        rounds=rounds,
        pages=pages,
        compared=compared,
        out=out,
        picture=picture,
    )


@app.command()
def startup(
    image: Annotated[Path, typer.Option(help="A photograph; it is enlarged to --megapixels.")],
    megapixels: Annotated[float, typer.Option(min=0.5, max=60)] = 12.0,
    repeats: Annotated[int, typer.Option(min=1)] = 7,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Process start to printed JSON, and peak memory, of ``vizecg-edge run`` on one photograph."""
    from vizecg_bench.startup import measure_startup

    measure_startup(image=image, megapixels=megapixels, repeats=repeats, out=out)


def main() -> None:
    """Entry point of ``vizecg-bench``."""
    run_app(app, extras=("train", "bench"))


if __name__ == "__main__":
    main()
