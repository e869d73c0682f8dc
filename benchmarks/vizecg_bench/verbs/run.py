"""``vizecg-bench run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vizecg_bench.run.protocol import ProtocolName


def add_run_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(run)


def run(
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    device: Annotated[
        str,
        typer.Option(
            help="local, jetson, jetson:USER@HOST, adb, adb:SERIAL ($VIZECG_ANDROID_RUNNER).", metavar="DEVICE"
        ),
    ] = "local",
    protocol: Annotated[ProtocolName, typer.Option(help="quick, or full: figures that count.")] = ProtocolName.QUICK,
    pack: Annotated[Path | None, typer.Option(help="Evaluation pack (vizecg-bench pack); none: no accuracy.")] = None,
    section: Annotated[list[str] | None, typer.Option(help="Of the pack; repeatable. Default: all.")] = None,
    contender: Annotated[list[str] | None, typer.Option(help="Name; repeatable. Default: all.")] = None,
    threads: Annotated[list[int] | None, typer.Option(min=1, help="Repeatable. Default: 1 and one per core.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Behind the bundle. Default: the shipped one.", show_default=False)
    ] = None,
    references: Annotated[
        bool, typer.Option(help="Also the float network in torch, and other precisions and engines.")
    ] = True,
    sustain: Annotated[str | None, typer.Option(help="Who endures. Default: the bundle's first artefact.")] = None,
    sustained_s: Annotated[float | None, typer.Option(min=0, help="Seconds of that. Default: the protocol's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the order of turns and of the intervals.")] = 0,
    handicap: Annotated[
        list[str] | None, typer.Option(help="NAME=MS: slow a contender, to see that `compare` notices.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="adb: leave the files on the phone.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report with plots.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write tables.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
) -> None:
    """Latency, memory and accuracy of every artefact of a bundle, beside the float network, on the device itself."""
    from vizecg_bench.report.table import print_result
    from vizecg_bench.report.write import check_writable, write_reports
    from vizecg_bench.run.protocol import protocol as protocol_of
    from vizecg_bench.run.request import RunRequest, parse_handicaps
    from vizecg_bench.run.start import start_run

    # An hour of measuring must not be lost to a wrong path.
    for path in (out, markdown, html):
        check_writable(path)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    request = RunRequest(
        bundle=bundle, protocol=protocol_of(protocol, sustained_s=sustained_s, seed=seed),
        threads=tuple(dict.fromkeys(threads or ())), names=tuple(contender or ()), pack=pack,
        sections=tuple(section or ()), checkpoint=checkpoint, references=references, sustained=sustain,
        handicaps=parse_handicaps(handicap or []), keep=keep,
    )  # fmt: skip
    result = start_run(device, request, console=console)
    print_result(result, Console())
    write_reports(result, json=out, markdown=markdown, html=html)
