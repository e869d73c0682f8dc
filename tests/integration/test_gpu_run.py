"""``python -m vizecg_lab gpu-run``: steps that fail or hang lose no others, and what was cut off goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from children import CHILD_LIMIT_S, start_child
from vizecg.data.packed.build import PackRequest, build_packed
from vizecg.data.source import synthetic_source
from vizecg.spec import UsageError
from vizecg.train.checkpoint import load_checkpoint
from vizecg_lab.gpu.options import GpuRunOptions
from vizecg_lab.gpu.parts import MOST_FILES, put
from vizecg_lab.gpu.plan import STEPS, PlannedStep, Schedule, steps_without
from vizecg_lab.gpu.run import GpuRun
from vizecg_lab.gpu.state import Status
from vizecg_lab.gpu.steps.training import epochs_within

pytestmark = pytest.mark.integration

REHEARSAL_S = 420
"""Of each start on a busy machine; on an idle core they take a minute together."""
TINY = (
    "model.image_widths=[4,8,8,16]",
    "model.signal_widths=[4,8,8,16]",
    "model.width=16",
    "model.heads=2",
    "preprocess.height=96",
    "preprocess.width=192",
    "sheet.px_per_mm=2.5",
)
BLOCKED = ("wfdb", "executorch", "tensorrt", "ecg_plot", "neurokit2", "onnx", "onnxruntime", "torchao", "tensorboard")
BLOCKER = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"
"""As if they were not installed."""


@pytest.fixture(autouse=True)
def _steps_can_be_imported(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repository / "tests"))


def options(folder: Path, **changes: Any) -> GpuRunOptions:
    settings: dict[str, Any] = {
        "out": folder / "out",
        "work": folder / "out.work",
        "minutes": 2.0,
        "budget_mib": 1000.0,
        "max_file_mib": 16.0,
        "data": "synthetic",
        "root": None,
        "device": "cpu",
    }
    return GpuRunOptions(**{**settings, **changes})


def steps(*names: str, **limits: float) -> list[PlannedStep]:
    """Of ``gpu_stand_in``: ``work-2`` is another ``work``."""
    return [
        PlannedStep(name=name, target=f"gpu_stand_in:{name.partition('-')[0]}", most_s=limits.get(name, 60.0))
        for name in names
    ]


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return found


def await_(
    condition: Callable[[], bool], *, process: subprocess.Popen[Any], printed: Path, seconds: float = CHILD_LIMIT_S
) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, f"it ended with {process.returncode} too early:\n{printed.read_text()}"
        assert time.monotonic() < until, f"it did not come so far:\n{printed.read_text()}"
        time.sleep(0.1)


def test_a_step_that_fails_hangs_or_dies_loses_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned = steps("work", "fail", "hang", "die", "complain", "work-2", hang=6.0)
    assert GpuRun(options=options(tmp_path), steps=planned).run() == 6
    found = report_of(tmp_path)["steps"]
    assert {name: (step["status"], step["why"]) for name, step in found.items()} == {
        "work": ("done", None),
        "fail": ("failed", "ValueError: the disk is full"),
        "hang": ("failed", "not done within 6 s"),
        "die": ("failed", "its process ended with exit code 9: out of memory"),
        "complain": ("failed", "2 of 3 tests failed"),
        "work-2": ("done", None),
    }
    assert found["complain"]["result"]["failed"] == 2
    assert found["hang"]["result"] == {"so_far": 1}
    assert found["work-2"]["result"]["before"] == ["complain", "hang", "work"]
    logs = tmp_path / "out.work" / "logs"
    assert "Traceback" in (logs / "fail.log").read_text()
    assert "gpu_stand_in.py" in (logs / "hang.log").read_text(), "where it hung"
    with tarfile.open(tmp_path / "out" / "logs.tar.gz") as archive:
        assert {"logs/hang.log", "state.json"} <= set(archive.getnames())
    printed = capsys.readouterr().out
    assert "| fail | failed: ValueError: the disk is full |" in printed
    assert (tmp_path / "out" / "report.md").read_text() in printed


def test_steps_are_left_out_by_name() -> None:
    kept = steps_without(["tests", "fusing"])
    assert [step.name for step in kept] == ["environment", "agreement", "train-step", "train", "evaluate"]
    with pytest.raises(UsageError, match="--skip fuse: expected one of environment, tests"):
        steps_without(["fuse"])
    with pytest.raises(UsageError, match="no step is left"):
        steps_without([step.name for step in STEPS])


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    calls = tmp_path / "out.work" / "calls"
    planned = [*steps("work", "fail"), PlannedStep(name="work-2", target="gpu_stand_in:work", needs="work")]
    assert GpuRun(options=options(tmp_path), steps=planned).run() == 6
    assert GpuRun(options=options(tmp_path, minutes=3.0), steps=planned).run() == 6
    assert len(calls.read_text().splitlines()) == 2
    assert GpuRun(options=options(tmp_path), steps=planned, again=["work"]).run() == 6
    assert len(calls.read_text().splitlines()) == 4, "what measures a step that is done anew is done anew too"
    assert report_of(tmp_path)["starts"] == 3
    with pytest.raises(UsageError, match="holds a run with recipe small, now full"):
        GpuRun(options=options(tmp_path, recipe="full"), steps=planned)
    with pytest.raises(UsageError, match="--again nothing: expected one of work, fail, work-2"):
        GpuRun(options=options(tmp_path), steps=planned, again=["nothing"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"minutes": 0.2}, "--minutes 0.2: expected at least 1"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"max_file_mib": 0.0}, "--max-file-mib 0"),
        ({"root": Path("/nowhere")}, "--root /nowhere does not exist"),
        ({"budget_mib": 0.01}, "more than --budget-mib 0.01"),
    ],
)
def test_wrong_options_are_told_before_anything_is_begun(tmp_path: Path, changes: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GpuRun(options=options(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


def test_time_is_kept_for_what_comes_last() -> None:
    steps = [
        PlannedStep(name="tests", target="", most_s=80.0, share=0.2),
        PlannedStep(name="compile", target="", share=0.9),
        PlannedStep(name="train", target="", kept=0.25),
        PlannedStep(name="evaluate", target="", most_s=60.0, share=0.2, kept=0.2),
    ]
    schedule = Schedule(steps=steps, began=1000.0, total_s=500.0)
    limits = [schedule.limit_s(step, now=1100.0) for step in steps]
    assert limits == [80.0, 500 - 8 - 100 - 125 - 60, 500 - 8 - 100 - 60, 60.0]
    assert schedule.limit_s(steps[2], now=1430.0) is None, "two seconds are not begun"
    assert Schedule(steps=steps, began=0.0, total_s=100.0).limit_s(steps[0], now=0.0) == 20.0


def test_epochs_end_with_a_validation_within_the_time() -> None:
    assert epochs_within(200.0, epoch_s=2.0, check_s=1.0, most=300) == (90, 5)
    assert epochs_within(200.0, epoch_s=2.0, check_s=1.0, most=7) == (7, 7)
    assert epochs_within(177.0, epoch_s=8.4, check_s=4.3, most=300) == (18, 6)
    assert epochs_within(20.0, epoch_s=6.0, check_s=4.0, most=300) == (2, 2)
    assert epochs_within(1.0, epoch_s=6.0, check_s=4.0, most=300) == (1, 1)


def test_a_large_file_is_cut_into_parts_that_join(tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    out.mkdir()
    whole.write_bytes(bytes(range(256)) * 10)
    assert put(whole, out, name="best.ckpt", most_bytes=4096) == ["best.ckpt"]
    names = put(whole, out, name="best.ckpt", most_bytes=1000)
    assert names == ["best.ckpt.1of3", "best.ckpt.2of3", "best.ckpt.3of3"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert b"".join((out / name).read_bytes() for name in names) == whole.read_bytes()


@contextmanager
def hanging_run(folder: Path, repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process of its own that has come to a step which hangs."""
    script = (
        "import sys; from pathlib import Path; from vizecg_lab.gpu.options import GpuRunOptions; "
        "from vizecg_lab.gpu.plan import PlannedStep; from vizecg_lab.gpu.run import GpuRun; "
        f"folder = Path({str(folder)!r}); "
        "options = GpuRunOptions(out=folder / 'out', work=folder / 'out.work', minutes=5, budget_mib=1000, "
        "max_file_mib=16, data='synthetic', root=None, device='cpu'); "
        "names = ('work', 'hang', 'work-2'); "
        "steps = [PlannedStep(name=n, target='gpu_stand_in:' + n.partition('-')[0]) for n in names]; "
        "sys.exit(GpuRun(options=options, steps=steps).run())"
    )
    printed = folder / "printed"
    with printed.open("w") as handle:
        process = start_child([sys.executable, "-c", script], cwd=repository, stdout=handle)
    try:
        await_(lambda: (folder / "out.work" / "hangs").exists(), process=process, printed=printed)
        yield process
    finally:
        process.kill()
        process.wait()


def running(text: str) -> list[str]:
    """Command lines of processes that have ``text`` in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line and "gpu.worker" in line:
            found.append(line)
    return found


def test_sigterm_ends_it_in_seconds_with_a_report(tmp_path: Path, repository: Path) -> None:
    with hanging_run(tmp_path, repository) as process:
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 30
    found = report_of(tmp_path)["steps"]
    assert {name: step["status"] for name, step in found.items()} == {"work": "done", "hang": Status.STOPPED.value}
    assert not running(str(tmp_path))


def test_no_step_outlives_a_run_that_was_killed(tmp_path: Path, repository: Path) -> None:
    with hanging_run(tmp_path, repository) as process:
        assert running(str(tmp_path))
        process.kill()
        process.wait()
        until = time.monotonic() + 20
        while running(str(tmp_path)) and time.monotonic() < until:
            time.sleep(0.1)
    assert not running(str(tmp_path))
    assert report_of(tmp_path)["steps"]["work"]["status"] == "done", "written as soon as the step was"


@pytest.mark.timeout(2 * REHEARSAL_S + 60)
def test_rehearsal_killed_in_training_and_started_again(tmp_path: Path, repository: Path) -> None:
    """From a bare environment, with records alone, and without what a machine for training need not have."""
    root = tmp_path / "small.ecgpack"
    sources = {"train": synthetic_source(16, seed=3), "val": synthetic_source(16, seed=4)}
    build_packed(root, sources=sources, request=PackRequest(sampling_rate=100.0))
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(BLOCKER)
    places = [blocker, repository, *(repository / name for name in ("export", "edge_runtime", "benchmarks"))]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(map(str, places)),
    }
    command = [
        sys.executable, "-m", "vizecg_lab", "gpu-run", "--minutes", "12", "--budget-mib", "100", "--max-file-mib",
        "0.2", "--out", str(tmp_path / "out"), "--data", "store", "--root", str(root), "--small", "--accelerator",
        "cpu", "--workers", "0", *(word for setting in TINY for word in ("--set", setting)),
    ]  # fmt: skip
    last = tmp_path / "out.work" / "run" / "last.ckpt"
    printed = tmp_path / "printed"
    with printed.open("w") as handle:
        process = start_child(command, limit_s=REHEARSAL_S, cwd=tmp_path, env=environment, stdout=handle, stderr=handle)
    try:
        await_(last.is_file, process=process, printed=printed, seconds=REHEARSAL_S)
    finally:
        process.kill()
        process.wait()
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=REHEARSAL_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train-step: done in an earlier start" in done.stdout
    report = report_of(tmp_path)
    found = report["steps"]
    assert [(name, found[name]["status"]) for name in found] == [(step.name, "done") for step in STEPS]
    trained = found["train"]["result"]
    assert trained["resumed"]
    assert trained["finished"]
    assert trained["epochs"] == trained["epochs_planned"] == 3
    assert trained["config"]["pictures"] == "device"
    assert trained["config"]["alone_epochs"] == 1
    assert found["agreement"]["result"]["agreement"]["sheets"]["share"] == 0
    assert found["evaluate"]["result"]["trained"]["conditions"].keys() == {"clean", "photo"}
    files = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert len(files) <= MOST_FILES
    assert max(files.values()) <= 0.2 * 2**20
    best = trained["weights"]["best.ckpt"]["files"]
    whole = tmp_path / "best.ckpt"
    whole.write_bytes(b"".join((tmp_path / "out" / name).read_bytes() for name in best))
    assert load_checkpoint(whole).config.mixup == 0.2
