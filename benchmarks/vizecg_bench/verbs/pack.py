"""The verbs of evaluation packs: ``pack`` makes one, ``accuracy`` and ``robustness`` run one through the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg_edge.backends.kinds import BackendKind

PackArgument = Annotated[Path, typer.Argument(help="Made by vizecg-bench pack.")]
BundleOption = Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")]
ArtefactOption = Annotated[
    list[str] | None, typer.Option("--artefact", help="Of the bundle; repeatable. Default: all that run here.")
]
BackendOption = Annotated[
    list[BackendKind] | None, typer.Option("--backend", help="Engine; repeatable. Default: each artefact's best.")
]
ThreadsOption = Annotated[int, typer.Option(min=0, help="0: one per core.")]
RuleOption = Annotated[bool, typer.Option("--float-rule", help="Decide by the float network's thresholds.")]
BootstrapsOption = Annotated[int, typer.Option(min=20, help="Resamples of the records.")]
JsonOption = Annotated[Path | None, typer.Option("--json", "--out", help="Write the figures to this file.")]


def add_pack_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(pack)
    app.command()(accuracy)
    app.command()(robustness)


def pack(
    data: Annotated[str, typer.Option(help="Labelled records: ptbxl:FOLDER, code15:FOLDER ... or synthetic.")],
    out: Annotated[Path, typer.Option(help="The pack.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Default: the shipped model's.")] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    limit: Annotated[int | None, typer.Option(min=12, help="Only the first N records.")] = None,
    every: Annotated[bool, typer.Option("--all/--no-all", help="Hold all records, clean and photographed.")] = True,
    robust: Annotated[
        int,
        typer.Option("--robustness", min=0, help="Records drawn at every strength of every condition, say 150."),
    ] = 0,
    photos: Annotated[Path | None, typer.Option(help="Folder with photos.csv's images.")] = None,
    table: Annotated[Path | None, typer.Option(help="photos.csv: image, ecg_id; for --photos.")] = None,
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder for --photos. Default: that of --data.")] = None,
    rule_of: Annotated[
        Path | None, typer.Option(help="Take this bundle's thresholds for the float network; default: fit them.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="Whose gate chooses the photographs. Default: shipped.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Drawn sheets are kept here.", show_default="~/.cache/vizecg/pack")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the drawing.")] = 0,
) -> None:
    """Make an evaluation pack: sheets, labels and the float network's logits, for devices without data and torch."""
    from vizecg.spec.files import user_cache
    from vizecg_bench.pack.build import PackRequest, Photographs, build_pack

    photographs = None
    if photos is not None:
        name, _, folder = data.partition(":")
        records = root or (Path(folder) if name == "ptbxl" else None)
        if table is None or records is None:
            raise UsageError("--photos needs --table and, unless --data is ptbxl:FOLDER, --root")
        photographs = Photographs(folder=photos, table=table, root=records)
    made = build_pack(
        PackRequest(
            data=data, out=out, cache=cache or user_cache() / "pack", fitting_cache=cache or user_cache() / "export",
            checkpoint=checkpoint, split=split, limit=limit,
            drawn=every, robustness=robust, photographs=photographs, rule_of=rule_of, bundle=bundle, workers=workers,
            seed=seed,
        ),
        say=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    sheets = sum(section.header.n for section in made.sections.values())
    print(f"{out}: {len(made.sections)} sections, {sheets} sheets, {out.stat().st_size / 2**20:.0f} MiB, {made.sha256}")


def accuracy(
    pack: PackArgument,
    bundle: BundleOption = None,
    artefact: ArtefactOption = None,
    backend: BackendOption = None,
    section: Annotated[list[str] | None, typer.Option("--section", help="Repeatable. Default: all.")] = None,
    threads: ThreadsOption = 0,
    float_rule: RuleOption = False,
    bootstraps: BootstrapsOption = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    out: JsonOption = None,
) -> None:
    """A pack through the edge's own engines: figures with intervals, beside the float network's; decision flips."""
    from vizecg_bench.pack.measure import MeasureRequest, measure_accuracy

    measure_accuracy(
        MeasureRequest(
            pack=pack, bundle=bundle, artefacts=tuple(artefact or ()), kinds=tuple(backend or ()),
            sections=tuple(section or ()), threads=threads, float_rule=float_rule, bootstraps=bootstraps, seed=seed,
            out=out,
        )
    )  # fmt: skip


def robustness(
    pack: PackArgument,
    bundle: BundleOption = None,
    artefact: ArtefactOption = None,
    backend: BackendOption = None,
    threads: ThreadsOption = 0,
    float_rule: RuleOption = False,
    bootstraps: BootstrapsOption = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write the curves to this PNG.")] = None,
    out: JsonOption = None,
) -> None:
    """A pack's conditions at growing strengths: does quantisation break first where the photograph is worst?"""
    from vizecg_bench.pack.measure import MeasureRequest, measure_robustness

    if plot is not None and plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {plot}: expected a name that ends in .png")
    measure_robustness(
        MeasureRequest(
            pack=pack, bundle=bundle, artefacts=tuple(artefact or ()), kinds=tuple(backend or ()), threads=threads,
            float_rule=float_rule, bootstraps=bootstraps, seed=seed, out=out,
        ),
        plot=plot,
    )  # fmt: skip
