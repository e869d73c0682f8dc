"""``vizecg-bench run``: every artefact of a bundle, measured on the device itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vizecg.spec.commands import takes
from vizecg.spec.options import BundleOption, FiguresOption, HtmlOption, MarkdownOption, SeedOption
from vizecg_bench.run.protocol import ProtocolName
from vizecg_bench.verbs.options import SectionOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is measured where, by which protocol, and where the result goes."""

    bundle: BundleOption = None
    device: Annotated[
        str,
        typer.Option(
            help="local, jetson, jetson:USER@HOST, adb, adb:SERIAL ($VIZECG_ANDROID_RUNNER).", metavar="DEVICE"
        ),
    ] = "local"
    protocol: Annotated[ProtocolName, typer.Option(help="quick, or full: figures that count.")] = ProtocolName.QUICK
    pack: Annotated[Path | None, typer.Option(help="Evaluation pack (vizecg-bench pack); none: no accuracy.")] = None
    section: SectionOption = None
    contender: Annotated[list[str] | None, typer.Option(help="Name; repeatable. Default: all.")] = None
    threads: Annotated[list[int] | None, typer.Option(min=1, help="Repeatable. Default: 1 and one per core.")] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="Behind the bundle. Default: the shipped one.", show_default=False)
    ] = None
    references: Annotated[
        bool, typer.Option(help="Also the float network in torch, and other precisions and engines.")
    ] = True
    sustain: Annotated[str | None, typer.Option(help="Who endures. Default: the bundle's first artefact.")] = None
    sustained_s: Annotated[float | None, typer.Option(min=0, help="Seconds of that. Default: the protocol's.")] = None
    seed: SeedOption = 0
    handicap: Annotated[
        list[str] | None, typer.Option(help="NAME=MS: slow a contender, to see that `compare` notices.")
    ] = None
    keep: Annotated[bool, typer.Option("--keep", help="adb: leave the files on the phone.")] = False
    html: HtmlOption = None
    markdown: MarkdownOption = None
    figures: FiguresOption = None


@takes(Options)
def run(options: Options) -> None:
    """Latency, memory and accuracy of every artefact of a bundle, beside the float network, on the device itself."""
    from vizecg_bench.devices.start import start_run
    from vizecg_bench.report.table import print_result
    from vizecg_bench.report.write import write_reports
    from vizecg_bench.run.protocol import protocol as protocol_of
    from vizecg_bench.run.request import RunRequest, parse_handicaps

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    request = RunRequest(
        bundle=options.bundle,
        protocol=protocol_of(options.protocol, sustained_s=options.sustained_s, seed=options.seed),
        threads=tuple(dict.fromkeys(options.threads or ())), names=tuple(options.contender or ()), pack=options.pack,
        sections=tuple(options.section or ()), checkpoint=options.checkpoint, references=options.references,
        sustained=options.sustain, handicaps=parse_handicaps(options.handicap or []), keep=options.keep,
    )  # fmt: skip
    result = start_run(options.device, request, console=console)
    print_result(result, Console())
    write_reports(result, json=options.figures, markdown=options.markdown, html=options.html)
