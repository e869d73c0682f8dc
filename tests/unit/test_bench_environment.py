"""What a result tells of the machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import vizecg
from vizecg.spec.checkout import GitState, git_state
from vizecg_bench.run.environment import read_environment

pytestmark = pytest.mark.unit


def test_a_machine_is_read_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    files = {
        "proc/cpuinfo": "model name\t: A processor\nflags\t\t: avx2 hypervisor\n",
        "proc/meminfo": "MemTotal: 8388608 kB\nSwapTotal: 2097152 kB\nSwapFree: 1048576 kB\n",
        "proc/device-tree/model": "A board\0",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "schedutil\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "1984000\n",
        "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
        "sys/class/power_supply/AC/type": "Mains\n",
        "sys/class/power_supply/AC/online": "0\n",
        ".dockerenv": "",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = read_environment("local", root=tmp_path, repository=tmp_path, packages=("numpy", "no-such-package"))
    assert (found.device, found.board, found.cpu, found.cores) == ("local", "A board", "A processor", 2)
    assert (found.memory_mib, found.governor, found.instructions) == (8192, "performance, schedutil", ("avx2",))
    assert set(found.versions) == {"python", "vizecg", "numpy"}
    assert (found.git_commit, found.git_dirty) == (None, None)
    details = {name: found.details[name] for name in ("affinity", "swap", "virtual", "container", "most_mhz")}
    assert details == {
        "affinity": [0, 1], "swap": {"total_mib": 2048, "used_mib": 1024}, "virtual": True, "container": "docker",
        "most_mhz": [1984.0],
    }  # fmt: skip
    assert (found.details["turbo"], found.details["cpu_quota"], found.details["on_battery"]) == (False, 1.5, True)


def test_what_a_machine_does_not_tell_is_left_out(tmp_path: Path) -> None:
    found = read_environment("local", root=tmp_path, packages=())
    assert set(found.details) == {"affinity", "load_average"}
    assert (found.board, found.memory_mib, found.governor) == (None, None, None)


def test_opencv_is_found_under_any_of_its_names() -> None:
    found = read_environment("local")
    assert {"opencv", "onnxruntime", "numpy"} <= set(found.versions)
    assert found.versions["vizecg"] == vizecg.__version__


def test_only_a_checkout_that_tracks_the_code_tells_its_commit(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    package, installed = tmp_path / "package", tmp_path / ".venv/package"
    for folder in (package, installed):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
    git("init")
    git("add", "package")
    git("commit", "-m", "first")
    assert git_state(package) == GitState(commit=git("rev-parse", "HEAD"), dirty=False)
    results = tmp_path / "benchmarks/results"
    results.mkdir(parents=True)
    (results / "speed.json").write_text("1")
    git("add", "benchmarks")
    git("commit", "-m", "second")
    (results / "speed.json").write_text("2")
    assert git_state(package).dirty is False, "a result that was measured anew is no other code"
    (package / "__init__.py").write_text("changed = True\n")
    assert git_state(package).dirty
    # A wheel that is installed within somebody's checkout is not of that commit.
    assert git_state(installed) == GitState()
