"""The monitor beside real processes: ours, and one that is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from children import start_child
from vizecg_bench.run.environment import read_environment
from vizecg_bench.run.load import ProcessTree
from vizecg_bench.run.monitor import MachineMonitor, invalid_reasons

pytestmark = pytest.mark.integration

# Ends by itself in any case; its processor time is asked of the system.
BUSY = "import os, sys, time\nopen(sys.argv[1], 'w').write(str(os.getpid()))\nwhile time.process_time() < 20: pass"
SECONDS = 0.4


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "pid"


@pytest.fixture
def stranger(pid_file: Path) -> Iterator[psutil.Process]:
    """A busy process of another session whose parent has ended."""
    subprocess.run(["setsid", "--fork", sys.executable, "-c", BUSY, str(pid_file)], check=True, timeout=60)
    process = psutil.Process(_pid(pid_file))
    yield process
    os.kill(process.pid, signal.SIGKILL)


def _pid(file: Path) -> int:
    for _ in range(200):
        if file.is_file() and file.read_text():
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError("the busy process did not start")


def _works(process: psutil.Process) -> float:
    """Wait until it has computed for ``SECONDS`` more, however loaded the machine is; what it has computed."""
    began = _spent(process)
    for _ in range(400):
        time.sleep(0.05)
        if _spent(process) - began >= SECONDS:
            break
    return _spent(process) - began


def _spent(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def test_a_busy_stranger_is_a_reason(stranger: psutil.Process) -> None:
    with MachineMonitor(interval_s=0.1) as monitor:
        spent = _works(stranger)
        taken = monitor.now_s()
        seen = monitor.finish()
    assert seen.others_cores is not None
    # Ticks of /proc/stat are 10 ms.
    assert seen.others_cores >= 0.8 * spent / taken
    assert seen.samples
    assert any("other programs kept" in reason for reason in invalid_reasons(seen, read_environment("local")))


def test_strangers_are_not_ours_but_children_are_even_when_they_have_ended(
    stranger: psutil.Process, tmp_path: Path
) -> None:
    tree = ProcessTree()
    before = tree.read_s()
    spent = _works(stranger)
    assert tree.read_s() - before < 0.5 * spent
    # A child of a child, which is busy.
    shell = f'{sys.executable} -c "$1" "$2"; true'
    with start_child(["sh", "-c", shell, "sh", BUSY, str(tmp_path / "child")]) as child:
        grandchild = psutil.Process(_pid(tmp_path / "child"))
        before = tree.read_s()
        spent = _works(grandchild)
        assert tree.read_s() - before >= 0.9 * spent
        grandchild.kill()
        child.wait()
    assert tree.read_s() - before >= 0.9 * spent
