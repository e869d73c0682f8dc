"""The client of the native runner against stand-ins that misbehave; nothing is built for it."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from vizecg.spec import BundleError, InputRefusedError, MissingToolError
from vizecg_edge.backends.runner import RunnerBackend, find_runner

pytestmark = pytest.mark.integration

SHAPE = (1, 1, 4, 8)
INFO = (
    '{"threads": 1, "methods": [{"name": "forward", "inputs": [{"shape": [1, 1, 4, 8], "dtype": "float32"}], '
    '"outputs": [{"shape": [1, 6], "dtype": "float32"}]}]}'
)
READ = "head = sys.stdin.buffer.read(8); body = sys.stdin.buffer.read(4 * struct.unpack('<4sI', head)[1])"
ANSWER = "sys.stdout.buffer.write(struct.pack('<4sIQI', b'VZA1', {}, 5, {}) + {}); sys.stdout.flush()"


def stand_in(folder: Path, *, serve: str = "pass", info: str = f"print('''{INFO}''')") -> Path:
    """A runner whose two modes are these lines of Python."""
    file = folder / "runner"
    lines = [f"#!{sys.executable}", "import os, struct, sys, time", "if '--info' in sys.argv:"]
    lines += [f"    {line}" for line in info.splitlines()]
    lines += ["else:", *(f"    {line}" for line in serve.splitlines())]
    file.write_text("\n".join(lines) + "\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def backend(folder: Path, **modes: str) -> RunnerBackend:
    return RunnerBackend(
        model=folder / "m.pte", input_shape=SHAPE, labels=6, threads=1, runner=stand_in(folder, **modes), timeout=2.0
    )


def image() -> np.ndarray:
    return np.zeros(SHAPE, np.float32)


def test_answers_come_in_order_to_every_thread(tmp_path: Path) -> None:
    echo = "while True:\n    " + READ.replace("; ", "\n    if not head: break\n    ")
    echo += "\n    " + ANSWER.format(0, 6, "body[:24]")
    found: dict[int, np.ndarray] = {}
    with backend(tmp_path, serve=echo) as runner:

        def ask(value: int) -> None:
            found[value] = runner.logits(np.full(SHAPE, value, np.float32))

        threads = [threading.Thread(target=ask, args=(value,)) for value in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert runner.execution_us == 5
    assert all((logits == value).all() and logits.shape == (6,) for value, logits in found.items())
    assert len(found) == 8


@pytest.mark.parametrize(
    ("serve", "message"),
    [
        ("sys.exit('vizecg-runner: out of luck')", r"its runner died \(vizecg-runner: out of luck\)"),
        ("os.kill(os.getpid(), 11)", r"its runner died \(signal 11\)"),
        (f"{READ}; os._exit(3)", r"its runner died \(exit code 3\)"),
        (f"{READ}; sys.stdout.write('hello, I am a model server')", "answered out of step"),
        (f"{READ}; {ANSWER.format(0, 7, 'bytes(28)')}", "answered out of step"),
        (f"{READ}; {ANSWER.format(6, 2**31, 'bytes(9)')}", "answered out of step"),
        (f"{READ}; {ANSWER.format(0, 6, 'bytes(10)')}", "its runner died"),
        (f"{READ}; time.sleep(60)", "gave no answer within 2 s"),
    ],
)
def test_a_runner_that_fails_is_one_line_and_ends(tmp_path: Path, serve: str, message: str) -> None:
    runner = backend(tmp_path, serve=serve)
    process = runner._process
    assert process is not None
    with pytest.raises(BundleError, match=message) as caught:
        runner.logits(image())
    assert "\n" not in str(caught.value)
    assert process.returncode is not None, "no process is left"
    with pytest.raises(BundleError, match="closed"):
        runner.logits(image())


def test_a_refusal_is_no_end(tmp_path: Path) -> None:
    serve = f"for status in (7, 6):\n    {READ}\n    " + ANSWER.format("status", 4, "b'why?'")
    with backend(tmp_path, serve=serve) as runner:
        with pytest.raises(InputRefusedError, match=r"why\?"):
            runner.logits(image())
        with pytest.raises(BundleError, match=r"m\.pte: why\?"):
            runner.logits(image())
        with pytest.raises(InputRefusedError, match=r"takes an image of \(1, 1, 4, 8\), not \(1, 4, 8\)"):
            runner.logits(image()[0])


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ("sys.exit('vizecg-runner: m.pte: damaged')", "cannot load it: vizecg-runner: m.pte: damaged"),
        ("os._exit(9)", "cannot load it: ended with 9"),
        ("print('usage: something else')", "is not the native runner"),
        ("print('[1]')", "is not the native runner"),
        ("print('{}')", "tells of no method"),
        ("print('{\"methods\": [3]}')", "tells of no method"),
        (f"print('''{INFO.replace('4, 8', '4, 9')}''')", r"expected inputs float32 \[1, 1, 4, 8\]"),
        (f"print('''{INFO.replace('1, 6', '1, 5')}''')", r"expected outputs float32 \[1, 6\]"),
    ],
)
def test_what_does_not_load_is_one_line(tmp_path: Path, info: str, message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        backend(tmp_path, info=info)
    assert "\n" not in str(caught.value)


def test_closing_ends_a_runner_that_does_not_want_to(tmp_path: Path) -> None:
    runner = backend(tmp_path, serve="time.sleep(60)")
    process = runner._process
    assert process is not None
    start = time.monotonic()
    runner.close()
    runner.close()
    assert process.returncode is not None
    assert time.monotonic() - start < 10


def test_the_runner_is_found_by_argument_variable_and_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIZECG_RUNNER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for explicit in (None, tmp_path / "absent"):
        with pytest.raises(MissingToolError, match=r"edge_runtime/runner/build\.sh"):
            find_runner(explicit)
    file = stand_in(tmp_path)
    os.rename(file, tmp_path / "vizecg-runner")
    assert find_runner() == tmp_path / "vizecg-runner"
    named = stand_in(tmp_path)
    monkeypatch.setenv("VIZECG_RUNNER", str(named))
    assert find_runner() == named
    assert find_runner(tmp_path / "vizecg-runner") == tmp_path / "vizecg-runner"


def test_a_file_that_is_no_program_of_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "runner"
    file.write_bytes(b"\x7fELF of another machine")
    file.chmod(0o755)
    with pytest.raises(BundleError, match="does not run here"):
        RunnerBackend(model=tmp_path / "m.pte", input_shape=SHAPE, labels=6, runner=file)
