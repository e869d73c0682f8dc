"""``vizecg-edge run``: answer photographs, pages, videos, a camera."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import ExitCode, InputRefusedError, UsageError
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

if TYPE_CHECKING:
    from vizecg_edge.capture.frames import Frames
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.pipeline import Pipeline, Result
    from vizecg_edge.printing import Printer
    from vizecg_edge.streams import BurstSettings

STOPPED = 130
"""What a process exits with that was stopped by Ctrl-C before it was done, as shells have it."""
COMBINE = ("best", "median")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is read, by which network, and where the answers go."""

    inputs: Annotated[
        list[Path] | None,
        typer.Argument(help="Photographs, scans, PDFs, videos, or folders of images.", show_default=False),
    ] = None
    image: Annotated[
        list[Path] | None, typer.Option(help="The same; may be given several times.", show_default=False)
    ] = None
    camera: Annotated[str | None, typer.Option(help="0, /dev/video0, csi, a GStreamer pipeline, or a named pipe.")] = (
        None
    )
    seconds: Annotated[float, typer.Option(min=0.1, help="How much of a video or camera to look at.")] = 10.0
    burst: Annotated[int, typer.Option(min=1, max=50, help="How many of its sharpest frames to try.")] = 5
    combine: Annotated[str, typer.Option(help="best: the best frame's answer; median: of all that were read.")] = "best"
    bundle: BundleOption = None
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one per image or page.")] = False
    schema: Annotated[int, typer.Option(min=1, max=2, help="Of --json: 2; 1 is as before, for one version.")] = 2
    pages: Annotated[
        bool,
        typer.Option("--pages", help="All inputs are pages of one record: its limb and its chest leads. One answer."),
    ] = False
    sheet: Annotated[
        int | None,
        typer.Option(
            min=1, show_default=False, help="Which to read of pictures that show several, row by row from the left."
        ),
    ] = None
    recursive: Annotated[bool, typer.Option("--recursive", help="Of folders read the folders in them, too.")] = False
    save_sheet: Annotated[
        str | None, typer.Option(metavar="PATH", help="Save the rectified sheet: .png or .jpg, or a folder.")
    ] = None
    overlay: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Save photograph, sheet and answer in one picture: .png or .jpg, or a folder."
        ),
    ] = None
    threads: ThreadsOption = 0
    backend: BackendOption = BackendKind.AUTO
    artefact: ArtefactOption = None
    check: CheckOption = True
    trust: TrustOption = None
    signature: SignatureOption = None
    rate_limits: RateLimitsOption = None
    report: Annotated[
        str | None, typer.Option(metavar="PATH", help="Save a one-page report: .html or .pdf, or a folder.")
    ] = None
    report_format: Annotated[ReportFormat, typer.Option(help="Of reports in a folder.")] = ReportFormat.HTML
    signal: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Save the leads as signals: .csv, .hea (WFDB) or .edf, or a folder of .csv files."
        ),
    ] = None
    redrawn: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Save the traces as they were read, drawn over the page: .png or .jpg, or a folder."
        ),
    ] = None
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Where something was found, shade on overlay and report what the answer depends on."
        ),
    ] = False


@takes(Options)
def run(options: Options) -> None:
    """Answer photographs: a probability for each label, or why not. Exit code 7 when every image was refused.

    Folders that are named for output are made. A file is replaced only if it was made by this program; a path that
    leads nowhere, or a folder without images, is a wrong option (2): nothing is read.
    """
    from vizecg_edge.capture.folders import find_files
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.judge.rate_limits import RateLimits
    from vizecg_edge.outputs import make_all
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.printing import Printer, say
    from vizecg_edge.process import use_threads
    from vizecg_edge.report.outputs import picture_output, report_output
    from vizecg_edge.signal_outputs import signal_output
    from vizecg_edge.streams import BurstSettings, Combine

    paths = [*(options.image or []), *(options.inputs or [])]
    if bool(paths) == (options.camera is not None):
        raise UsageError("expected photographs, folders or videos, or --camera alone")
    if options.combine not in COMBINE:
        raise UsageError(f"--combine {options.combine}: expected {' or '.join(COMBINE)}")
    listing = find_files(paths, recursive=options.recursive)
    if options.pages:
        _check_pages(options, listing.files)
    if options.sheet is not None:
        _check_sheet(options, listing.files)
    several = len(listing.files) > 1 and not options.pages
    printer = Printer(
        as_json=options.as_json,
        schema=options.schema,
        save_sheet=picture_output(options.save_sheet, option="--save-sheet", several=several),
        overlay=picture_output(options.overlay, option="--overlay", several=several),
        report=report_output(options.report, kind=options.report_format, several=several),
        signal=signal_output(options.signal, several=several),
        redrawn=picture_output(options.redrawn, option="--redrawn", several=several),
        explain=options.explain,
    )
    if options.explain and options.overlay is None and options.report is None:
        raise UsageError("--explain is drawn into --overlay or --report: give one of them")
    make_all((printer.save_sheet, printer.overlay, printer.report, printer.signal, printer.redrawn))
    pipeline = Pipeline(
        bundle=options.bundle, threads=options.threads, backend=options.backend, artefact=options.artefact,
        check=options.check, trust=options.trust, signature=options.signature,
        rate_limits=None if options.rate_limits is None else RateLimits.parse(options.rate_limits),
    )  # fmt: skip
    use_threads(options.threads)
    if not options.as_json:
        say(pipeline.bundle_id.backend_reason)
    for note in pipeline.notes:
        say(note)
    if listing.skipped:
        say(f"{listing.skipped} other files in the folders were skipped")
    job = _Job(
        pipeline=pipeline,
        printer=printer,
        settings=BurstSettings(seconds=options.seconds, burst=options.burst, combine=Combine(options.combine)),
        sheet=options.sheet,
    )
    with Interrupt() as interrupt:
        if options.camera is not None:
            job.answer_camera(options.camera, interrupt)
        elif options.pages:
            job.answer_pages(listing.files)
        else:
            job.answer_files(listing.files, interrupt)
    if job.left:
        say(f"stopped: {job.left} of {len(listing.files)} files were not read")
        raise typer.Exit(STOPPED)
    if not job.answered:
        raise typer.Exit(int(ExitCode.MISSING_TOOL if job.missing_tool else ExitCode.REFUSED))


def _check_pages(options: Options, files: Sequence[Path]) -> None:
    from vizecg_edge.capture.folders import is_stream

    if options.camera is not None or any(is_stream(path) for path in files):
        raise UsageError("--pages takes photographs, scans and PDFs, no camera or video")


def _check_sheet(options: Options, files: Sequence[Path]) -> None:
    from vizecg_edge.capture.folders import is_stream

    if options.pages or options.camera is not None or any(is_stream(path) for path in files):
        raise UsageError("--sheet takes photographs, scans and PDFs one by one, no --pages, camera or video")


class _Job:
    """All inputs of one command. ``sheet``: of pictures that show several; ``answered``: how many pictures; ``left``:
    files that were not begun."""

    def __init__(
        self, *, pipeline: Pipeline, printer: Printer, settings: BurstSettings, sheet: int | None = None
    ) -> None:
        self.pipeline = pipeline
        self.printer = printer
        self.sheet = sheet
        self.settings = settings
        self.answered = 0
        self.left = 0
        self.missing_tool = False

    def answer_files(self, files: Sequence[Path], interrupt: Interrupt) -> None:
        with progress(len(files)) as step:
            for number, path in enumerate(files):
                if interrupt.asked:
                    self.left = len(files) - number
                    return
                for result in self._results(path, interrupt):
                    self._count(result)
                step()

    def answer_pages(self, files: Sequence[Path]) -> None:
        from vizecg_edge.capture import file_shots
        from vizecg_edge.pages import read_pages

        self._count(read_pages(self.pipeline, [shot for path in files for shot in file_shots(path)]))

    def answer_camera(self, camera: str, interrupt: Interrupt) -> None:
        from vizecg_edge.capture.live import open_camera

        self._count(self._stream(camera, lambda: open_camera(camera, interrupt), interrupt))

    def _results(self, path: Path, interrupt: Interrupt) -> Iterator[Result]:
        from vizecg_edge.capture import file_shots
        from vizecg_edge.capture.folders import is_pipe, is_stream
        from vizecg_edge.capture.frames import VideoFile
        from vizecg_edge.capture.live import open_pipe
        from vizecg_edge.chosen import chosen_sheet

        if is_stream(path):
            opened = partial(open_pipe, path, interrupt) if is_pipe(path) else partial(VideoFile, path=path)
            yield self._stream(str(path), opened, interrupt)
            return
        for shot in file_shots(path):
            yield self.pipeline.run_shot(chosen_sheet(shot, self.sheet))
            if interrupt.asked:
                return

    def _stream(self, name: str, opened: Callable[[], Frames], interrupt: Interrupt) -> Result:
        from vizecg_edge.capture.shots import refused_shot
        from vizecg_edge.printing import say
        from vizecg_edge.streams import answer_stream

        try:
            return answer_stream(self.pipeline, opened(), settings=self.settings, interrupt=interrupt, say=say)
        except InputRefusedError as error:
            return self.pipeline.run_shot(refused_shot(name, error))

    def _count(self, result: Result) -> None:
        from vizecg_edge.rectify.reasons import MISSING_TOOL

        self.answered += result.answer.answered
        self.missing_tool |= MISSING_TOOL in result.answer.reasons
        self.printer.show(result, self.pipeline)


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """What to call after each file; it moves a bar where a person looks on."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    # Answers that go into a file must not pass through the bar's console.
    with Progress(console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda: bar.advance(task)
