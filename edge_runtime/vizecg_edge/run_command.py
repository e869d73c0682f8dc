"""``vizecg-edge run``: answer photographs, pages, videos, a camera."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import ExitCode, InputRefusedError, UsageError
from vizecg_edge.backends.kinds import BackendKind

if TYPE_CHECKING:
    from vizecg_edge.capture.frames import Frames
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.pipeline import Pipeline, Result
    from vizecg_edge.printing import Printer
    from vizecg_edge.streams import BurstSettings

STOPPED = 130
"""What a process exits with that was stopped by Ctrl-C before it was done, as shells have it."""
COMBINE = ("best", "median")


def run_command(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(help="Photographs, scans, PDFs, videos, or folders of images.", show_default=False),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(help="The same; may be given several times.", show_default=False)
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="0, /dev/video0, csi, a GStreamer pipeline, or a named pipe.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How much of a video or camera to look at.")] = 10.0,
    burst: Annotated[int, typer.Option(min=1, max=50, help="How many of its sharpest frames to try.")] = 5,
    combine: Annotated[
        str, typer.Option(help="best: the best frame's answer; median: of all that were read.")
    ] = "best",
    bundle: Annotated[Path | None, typer.Option(help="Bundle of the model; default: the shipped one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one per image or page.")] = False,
    save_sheet: Annotated[
        Path | None, typer.Option(help="Save the rectified sheet: a file, or a folder for several images.")
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Save photograph, sheet and answer side by side: file or folder.")
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Computation threads; 0: one per core.")] = 0,
    backend: Annotated[BackendKind, typer.Option(help="Engine; auto takes the best here.")] = BackendKind.AUTO,
    artefact: Annotated[str | None, typer.Option(help="Name of an artefact; default: the engine's best.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Save a one-page report: .html or .pdf, or a folder for several images.")
    ] = None,
    explain: Annotated[bool, typer.Option(help="Shade what the answer depends on, in overlay and report.")] = False,
) -> None:
    """Answer photographs: six probabilities, or the reason why not. Exit code 7 when every image was refused."""
    from vizecg_edge.capture.folders import find_files
    from vizecg_edge.capture.interrupt import Interrupt
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.printing import Printer, check_target, say
    from vizecg_edge.process import use_threads
    from vizecg_edge.report.write import check_report
    from vizecg_edge.streams import BurstSettings, Combine

    paths = [*(image or []), *(inputs or [])]
    if bool(paths) == (camera is not None):
        raise UsageError("expected photographs, folders or videos, or --camera alone")
    if combine not in COMBINE:
        raise UsageError(f"--combine {combine}: expected {' or '.join(COMBINE)}")
    found = find_files(paths)
    if paths and not found.files:
        raise InputRefusedError(f"no images in {', '.join(map(str, paths))}", reason="no_images")
    for target in (save_sheet, overlay, report):
        check_target(target, several=len(found.files) > 1)
    check_report(report, explain=explain, drawn=overlay is not None)
    pipeline = Pipeline(bundle=bundle, threads=threads, backend=backend, artefact=artefact)
    use_threads(threads)
    if not as_json:
        say(pipeline.bundle_id.backend_reason)
    if found.skipped:
        say(f"{found.skipped} other files in the folders were skipped")
    job = _Job(
        pipeline=pipeline,
        printer=Printer(as_json=as_json, save_sheet=save_sheet, overlay=overlay, report=report, explain=explain),
        settings=BurstSettings(seconds=seconds, burst=burst, combine=Combine(combine)),
    )
    with Interrupt() as interrupt:
        if camera is not None:
            job.answer_camera(camera, interrupt)
        else:
            job.answer_files(found.files, interrupt)
    if job.left:
        say(f"stopped: {job.left} of {len(found.files)} files were not read")
        raise typer.Exit(STOPPED)
    if not job.answered:
        raise typer.Exit(int(ExitCode.MISSING_TOOL if job.missing_tool else ExitCode.REFUSED))


class _Job:
    """All inputs of one command. ``answered``: how many pictures; ``left``: files that were not begun."""

    def __init__(self, *, pipeline: Pipeline, printer: Printer, settings: BurstSettings) -> None:
        self.pipeline = pipeline
        self.printer = printer
        self.settings = settings
        self.answered = 0
        self.left = 0
        self.missing_tool = False

    def answer_files(self, files: Sequence[Path], interrupt: Interrupt) -> None:
        with _progress(len(files)) as step:
            for number, path in enumerate(files):
                if interrupt.asked:
                    self.left = len(files) - number
                    return
                for result in self._results(path, interrupt):
                    self._count(result)
                step()

    def answer_camera(self, camera: str, interrupt: Interrupt) -> None:
        from vizecg_edge.capture.live import open_camera

        self._count(self._stream(camera, lambda: open_camera(camera, interrupt), interrupt))

    def _results(self, path: Path, interrupt: Interrupt) -> Iterator[Result]:
        from vizecg_edge.capture import file_shots
        from vizecg_edge.capture.folders import is_pipe, is_stream
        from vizecg_edge.capture.frames import VideoFile
        from vizecg_edge.capture.live import open_pipe

        if is_stream(path):
            opened = partial(open_pipe, path, interrupt) if is_pipe(path) else partial(VideoFile, path=path)
            yield self._stream(str(path), opened, interrupt)
            return
        for shot in file_shots(path):
            yield self.pipeline.run_shot(shot)
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
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """What to call after each file; it moves a bar where a person looks on."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    # Answers that go into a file must not pass through the bar's console.
    with Progress(console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(), transient=True) as progress:
        task = progress.add_task("reading", total=total)
        yield lambda: progress.advance(task)
