"""``vizecg-edge watch``: answer every image that is put into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.checks import printable
from vizecg.spec.commands import takes
from vizecg.spec.options import BundleOption, ThreadsOption
from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.report.kinds import ReportFormat
from vizecg_edge.verbs.options import (
    ArtefactOption,
    BackendOption,
    CheckOption,
    RateLimitsOption,
    SignatureOption,
    TrustOption,
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which folder is watched, by which network, and where the answers go."""

    folder: Annotated[Path, typer.Argument(help="Folder that images and PDFs are put into.", show_default=False)]
    out: Annotated[
        Path | None, typer.Option(help="Folder of the answers, made if need be; default: beside the images.")
    ] = None
    report: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Also a one-page report of every page, into this folder.")
    ] = None
    report_format: Annotated[ReportFormat, typer.Option(help="Of the reports.")] = ReportFormat.HTML
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the folder.")] = 1.0
    once: Annotated[bool, typer.Option("--once", help="Answer what is there, then end.")] = False
    bundle: BundleOption = None
    threads: ThreadsOption = 0
    backend: BackendOption = BackendKind.AUTO
    artefact: ArtefactOption = None
    check: CheckOption = True
    trust: TrustOption = None
    signature: SignatureOption = None
    rate_limits: RateLimitsOption = None


@takes(Options)
def watch(options: Options) -> None:
    """Write NAME.EXT.json for every image NAME.EXT, and a row for every page into results.csv.

    A file of several pages has a list of answers. It goes on until Ctrl-C; what is answered already is skipped, until
    the image or the bundle changes. results.csv is added to, never written anew: no page is in it twice. One watch
    writes into a folder: a second one ends with exit code 2.
    """
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.judge.rate_limits import RateLimits
    from vizecg_edge.outputs import Output, make_all
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.printing import say
    from vizecg_edge.process import use_threads
    from vizecg_edge.report.outputs import report_output
    from vizecg_edge.watch.folder import FolderWatch
    from vizecg_edge.watch.lock import FolderLock
    from vizecg_edge.words import LONGEST_NAME

    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is not a folder")
    reports = report_output(options.report, kind=options.report_format, several=True)
    answers = Output(path=options.out or options.folder, folder=True, option="--out", ending=".json")
    make_all((answers, reports))
    with FolderLock(answers.path) as lock, Interrupt() as interrupt:
        if not lock.held:
            say(f"{printable(answers.path, LONGEST_NAME)} cannot be locked here: no other watch may write into it")
        pipeline = Pipeline(
            bundle=options.bundle, threads=options.threads, backend=options.backend, artefact=options.artefact,
            check=options.check, trust=options.trust, signature=options.signature,
            rate_limits=None if options.rate_limits is None else RateLimits.parse(options.rate_limits),
        )  # fmt: skip
        use_threads(options.threads)
        watched = FolderWatch(pipeline=pipeline, folder=options.folder, out=answers.path, say=say, report=reports)
        for note in pipeline.notes:
            say(note)
        named = printable(options.folder, LONGEST_NAME)
        say(f"watching {named} with {pipeline.bundle_id.backend_reason}; Ctrl-C ends it")
        watched.run(interrupt, interval_s=options.interval, once=options.once)
    say(f"{watched.answered} answered, {watched.refused} refused, {watched.known} answered before")
