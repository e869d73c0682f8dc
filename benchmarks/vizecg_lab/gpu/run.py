"""All steps in turn, each in a process of its own, and what they leave."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from vizecg.spec.files import write_atomically
from vizecg_lab.gpu.child import run_child
from vizecg_lab.gpu.figures import FIGURES, draw_training
from vizecg_lab.gpu.files import check_sizes, pack_logs, travelling_bytes, write_json, written
from vizecg_lab.gpu.options import GpuRunOptions
from vizecg_lab.gpu.plan import STEPS, PlannedStep, Schedule
from vizecg_lab.gpu.report import report_content, report_text
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.state import Status, StepRecord, open_state

REPORT_JSON, REPORT_TEXT = "report.json", "report.md"
_LONGEST = 150


class _Interrupted(BaseException):
    """A signal asked the run to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class GpuRun:
    """One start of a run.

    Args:
        options: checked here.
        again: names of steps that are done anew.
        steps: what is done, in this order.

    Raises:
        UsageError: wrong options, a folder with a run of others, or more to bring along than the budget.
    """

    def __init__(
        self, *, options: GpuRunOptions, again: Iterable[str] = (), steps: Sequence[PlannedStep] = STEPS
    ) -> None:
        options.check()
        self.options = options
        self.steps = tuple(steps)
        self.again = frozenset(again)
        self.schedule = Schedule(steps=self.steps, began=time.time(), total_s=60 * options.minutes)
        self.travelling = travelling_bytes(options)
        self.state = open_state(options, again=self.again, steps=self.steps)
        for folder in (options.out, self.logs, options.work / "results"):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def logs(self) -> Path:
        return self.options.work / "logs"

    def run(self) -> int:
        """Do what is not done yet; 0 where all steps are done, 6 where one is not, 128 + the signal that ended it."""
        sizes = ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in self.travelling.items())
        self._tell(f"brought along: {sizes} of {self.options.budget_mib:g}; start {self.state.starts}")
        signum = 0
        try:
            with _signals():
                for step in self.steps:
                    self._step(step)
        except _Interrupted as asked:
            signum = asked.signum
            self._tell(f"asked to end by {signal.Signals(signum).name}")
        self._finish()
        if signum:
            return 128 + signum
        return 0 if all(self.state.done(step.name) for step in self.steps) else 6

    def _step(self, step: PlannedStep) -> None:
        if self.state.done(step.name):
            self._tell(f"{step.name}: done in an earlier start")
            return
        began = time.time()
        limit = self.schedule.limit_s(step, now=began)
        if limit is None:
            self._record(step, StepRecord(status=Status.SKIPPED, why="no time was left"))
            return
        self._tell(f"{step.name}: at most {limit:.0f} s")
        place = self.options.work / "results" / f"{step.name}.json"
        request = place.with_suffix(".request.json")
        anew = step.name in self.again
        Request(
            options=self.options, ends=began + limit, results=self.state.results(), place=place, anew=anew
        ).write(request)  # fmt: skip
        try:
            ended = run_child(
                step.target, request=request, result=place, log=self.logs / f"{step.name}.log", limit_s=limit,
                threads=self.options.threads,
                tell=lambda line: self._tell(f"{step.name}, {time.time() - began:.0f} of {limit:.0f} s: {line}"),
            )  # fmt: skip
        except _Interrupted as asked:
            why = f"by {signal.Signals(asked.signum).name}"
            self._record(step, StepRecord(status=Status.STOPPED, why=why, seconds=time.time() - began, limit_s=limit))
            raise
        record = StepRecord(
            status=Status.DONE if ended.why is None else Status.FAILED,
            why=ended.why,
            seconds=round(time.time() - began, 1),
            limit_s=round(limit, 1),
            result=ended.result,
        )
        self._record(step, record)

    def _record(self, step: PlannedStep, record: StepRecord) -> None:
        self.state = self.state.having(step.name, record)
        why = "" if record.why is None else f": {record.why}"
        self._tell(f"{step.name}: {record.status.value}{why}, {record.seconds:.0f} s")
        # Now, and not only at the end: what comes after may be cut off.
        self._write_report(notes=[])

    def _finish(self) -> None:
        notes = []
        try:
            notes += [pack_logs(self.state, self.logs)]
            missing = draw_training(self.options.work / "run", self.options.out / FIGURES)
            notes += [None if missing is None else f"no {FIGURES}: {missing}"]
        except Exception as error:  # the report tells of it, and is written in any case
            notes.append(f"not all files were written: {type(error).__name__}: {error}")
        told = [note for note in notes if note is not None]
        told += check_sizes(self.options.out, max_file_mib=self.options.max_file_mib)
        print(self._write_report(notes=told), flush=True)

    def _write_report(self, *, notes: Sequence[str]) -> str:
        out = self.options.out
        content = report_content(
            self.state, travelling=self.travelling, seconds=time.time() - self.schedule.began, files=written(out),
            notes=notes,
        )  # fmt: skip
        text = report_text(content, self.state, self.steps)
        write_json(out / REPORT_JSON, content)
        write_atomically(out / REPORT_TEXT, text)
        return text

    def _tell(self, line: str) -> None:
        passed = time.time() - self.schedule.began
        clock = f"{int(passed) // 60}:{int(passed) % 60:02d} of {self.options.minutes:g} min"
        print(f"[{clock}] {line[:_LONGEST]}", flush=True)


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and SIGINT end the run in seconds, with all that is there written; a second one changes nothing."""

    def end(signum: int, frame: FrameType | None) -> None:
        for other in (signal.SIGTERM, signal.SIGINT):
            signal.signal(other, signal.SIG_IGN)
        raise _Interrupted(signum)

    before = {signum: signal.signal(signum, end) for signum in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
