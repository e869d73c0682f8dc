"""No test hangs for long, and no child process of one: what hangs in C is ended, and named."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from children import CHILD_LIMIT_S, TEST_LIMIT_S, start_child

pytestmark = pytest.mark.integration

TESTS = Path(__file__).resolve().parents[1]
RUNS = ("run", "call", "check_call", "check_output")

HANGS = """
import ctypes, threading, pytest
pytestmark = pytest.mark.unit
def sleeper():
    threading.Event().wait()
def test_before():
    pass
def test_that_hangs():
    print("a last word")
    threading.Thread(target=sleeper, daemon=True).start()
    ctypes.{library}(None).pause()
"""


def run_with_limit(
    folder: Path, repository: Path, source: str, *options: str, seconds: int
) -> subprocess.CompletedProcess[str]:
    """pytest by this project's settings, but for the limit and what follows it."""
    conftest = (TESTS / "conftest.py").read_text(encoding="utf-8").replace("GRACE_S = 30", "GRACE_S = 2")
    assert "GRACE_S = 2\n" in conftest
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(repository / "pyproject.toml"), "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", f"--timeout={seconds}", *options, str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_a_test_that_hangs_in_c_ends_the_run_with_all_stacks(tmp_path: Path, repository: Path) -> None:
    done = run_with_limit(tmp_path, repository, HANGS.format(library="CDLL"), seconds=3)
    assert done.returncode == 1
    told = done.stdout
    assert "+ Timeout +" in told
    assert "a last word" in told
    for function in ("test_that_hangs", "sleeper"):
        assert f"in {function}" in told, told


def test_a_hang_that_keeps_pythons_lock_ends_the_run_too(tmp_path: Path, repository: Path) -> None:
    done = run_with_limit(tmp_path, repository, HANGS.format(library="PyDLL"), seconds=3)
    assert done.returncode == 1
    told = done.stderr
    assert "Timeout (0:00:05)!" in told
    for function in ("test_that_hangs", "sleeper"):
        assert f"in {function}" in told, told


def test_among_several_processes_a_hang_ends_its_own_and_the_run_goes_on(tmp_path: Path, repository: Path) -> None:
    source = f"{HANGS.format(library='CDLL')}\ndef test_after():\n    pass\n"
    done = run_with_limit(tmp_path, repository, source, "-n", "1", seconds=3)
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    assert "crashed while running 'test_it.py::test_that_hangs'" in done.stdout
    for function in ("test_that_hangs", "sleeper"):
        assert f"in {function}" in done.stderr, done.stderr


def test_a_marker_gives_more_time(tmp_path: Path, repository: Path) -> None:
    source = "import time, pytest\n@pytest.mark.unit\n@pytest.mark.timeout(60)\ndef test_slow():\n    time.sleep(4)\n"
    done = run_with_limit(tmp_path, repository, source, seconds=1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slowest 10 durations" in done.stdout


def test_a_child_ends_before_the_test_that_waits_for_it(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    assert settings["ini_options"]["timeout"] == TEST_LIMIT_S
    assert CHILD_LIMIT_S < TEST_LIMIT_S
    child = start_child([sys.executable, "-c", "input()"], limit_s=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"", "waits, and is killed"
    assert child.returncode == -9


def test_every_child_process_of_the_tests_has_a_limit() -> None:
    complaints = [complaint for path in sorted(TESTS.rglob("*.py")) for complaint in without_limit(path)]
    assert complaints == []


def without_limit(path: Path) -> list[str]:
    """Calls that may wait for a process for ever."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of_subprocess = isinstance(node.func.value, ast.Name) and node.func.value.id == "subprocess"
        if of_subprocess and node.func.attr in RUNS and "timeout" not in {word.arg for word in node.keywords}:
            found.append(f"{path.name}:{node.lineno}: subprocess.{node.func.attr} without timeout")
        if of_subprocess and node.func.attr == "Popen" and path.name != "children.py":
            found.append(f"{path.name}:{node.lineno}: subprocess.Popen in place of children.start_child")
    return found


def test_a_call_without_a_limit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(
        "import subprocess\nsubprocess.run(['a'], check=True)\nsubprocess.Popen(['a'])\nsubprocess.run([], timeout=3)\n"
    )
    assert without_limit(path) == [
        "test_it.py:2: subprocess.run without timeout",
        "test_it.py:3: subprocess.Popen in place of children.start_child",
    ]
