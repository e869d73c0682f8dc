"""The native runner: built here, compared with `executorch.runtime`, and fed what it must refuse."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("executorch", reason="the extra `executorch` is not installed")

from children import start_child
from native_runner import RUNNER_SHAPE
from small_networks import small_images
from tolerances import tolerance
from vizecg.spec import BundleError, InputRefusedError
from vizecg_edge.backends.runner import RunnerBackend
from vizecg_export.recipes.executorch import open_model

pytestmark = pytest.mark.integration

SIZE = 96 * 192


@pytest.fixture(scope="session")
def expected(int8_program: Path) -> np.ndarray:
    return open_model(int8_program)(small_images(6))


def run(native_runner: Path, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [str(native_runner), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("vizecg-runner: ")
    return text


def request(image: np.ndarray, *, count: int | None = None) -> bytes:
    return struct.pack("<4sI", b"VZQ1", image.size if count is None else count) + image.astype("<f4").tobytes()


def answers(data: bytes) -> list[tuple[int, int, bytes]]:
    """(status, microseconds, payload) of every frame in ``data``, which must hold whole frames."""
    found = []
    while data:
        magic, status, microseconds, count = struct.unpack_from("<4sIQI", data)
        assert magic == b"VZA1"
        end = 20 + (count if status else 4 * count)
        assert len(data) >= end
        found.append((status, microseconds, data[20:end]))
        data = data[end:]
    return found


def test_info_tells_of_the_program(native_runner: Path, int8_program: Path) -> None:
    info = json.loads(run(native_runner, "--model", int8_program, "--threads", 2, "--info").stdout)
    assert info["threads"] == 2
    assert info["executorch"].startswith("1.")
    (method,) = info["methods"]
    assert method == {
        "name": "forward",
        "inputs": [{"shape": [1, 1, 96, 192], "dtype": "float32"}],
        "outputs": [{"shape": [1, 6], "dtype": "float32"}],
        "delegates": method["delegates"],
        "backends": ["XnnpackBackend"],
    }


@pytest.mark.parametrize("threads", [1, 2])
def test_files_give_the_logits_of_executorchs_own_runtime(
    native_runner: Path, int8_program: Path, expected: np.ndarray, tmp_path: Path, threads: int
) -> None:
    small_images(6).astype("<f4").tofile(tmp_path / "in.bin")
    done = run(
        native_runner, "--model", int8_program, "--threads", threads, "--warmup", 2, "--repeat", 3,
        "--inputs", tmp_path / "in.bin", "--outputs", tmp_path / "out.bin",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    found = np.fromfile(tmp_path / "out.bin", "<f4").reshape(6, 6)
    np.testing.assert_allclose(found, expected, atol=tolerance("runner"))
    times = json.loads(done.stdout)
    assert (times["inputs"], times["threads"], len(times["us"])) == (6, threads, 18)
    assert min(times["us"]) <= times["p50_us"] <= times["p90_us"] <= max(times["us"])
    assert times["load_ms"] > 0
    assert times["first_us"] > 0


def test_serving_refuses_what_does_not_fit_and_goes_on(
    native_runner: Path, int8_program: Path, expected: np.ndarray
) -> None:
    images = small_images(2)
    broken = images[0].copy()
    broken[0, 3, 3] = np.nan
    stdin = b"".join(
        [
            request(images[0]),
            request(images[0, :, 1:]),
            request(np.zeros(3 * SIZE + 1)),
            request(np.zeros(0)),
            request(broken),
            request(images[1]),
        ]
    )
    done = run(native_runner, "--model", int8_program, "--threads", 1, "--serve", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b"")
    found = answers(done.stdout)
    assert [status for status, _, _ in found] == [0, 7, 7, 7, 7, 0]
    for place, image in ((0, 0), (5, 1)):
        logits = np.frombuffer(found[place][2], "<f4")
        np.testing.assert_allclose(logits, expected[image], atol=tolerance("runner"))
        assert found[place][1] > 0
    assert found[1][2].decode() == f"a request of {SIZE - 192} floats, expected {SIZE}"
    assert "not finite" in found[4][2].decode()


@pytest.mark.parametrize(
    ("stdin", "answered", "message"),
    [
        (b"VZQ1\x01", 0, "stdin ended within a request"),
        (struct.pack("<4sI", b"VZQ1", SIZE) + b"\0" * 100, 0, "stdin ended within a request"),
        (struct.pack("<4sI", b"VZQ1", 2**32 - 1) + b"\0" * 5000, 0, "stdin ended within a request"),
        (b"GET / HTTP/1.1\r\n\r\n", 1, "does not start with VZQ1"),
    ],
)
def test_a_stream_out_of_step_ends_serving(
    native_runner: Path, int8_program: Path, stdin: bytes, answered: int, message: str
) -> None:
    done = run(native_runner, "--model", int8_program, "--serve", stdin=stdin)
    assert done.returncode == 7
    assert message in one_line(done)
    assert [status for status, _, _ in answers(done.stdout)] == [7] * answered


def test_a_reader_that_goes_away_is_one_line(native_runner: Path, int8_program: Path) -> None:
    process = start_child(
        [str(native_runner), "--model", str(int8_program), "--serve"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(request(small_images(1)))
    process.stdin.close()
    assert process.wait(timeout=60) == 6
    assert process.stderr.read() == b"vizecg-runner: writing an answer: Broken pipe\n"
    process.stderr.close()


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--what"], ["--model"], ["--model", "m", "--threads", "0"], ["--model", "m", "--repeat", "-1"],
        ["--model", "m", "--serve", "--info"], ["--model", "m", "--outputs", "o"], ["--model", "/does/not/exist.pte"],
    ],
)  # fmt: skip
def test_wrong_usage_exits_2(native_runner: Path, arguments: list[str]) -> None:
    done = run(native_runner, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    one_line(done)


def test_damaged_programs_exit_6(native_runner: Path, int8_program: Path, tmp_path: Path) -> None:
    data = int8_program.read_bytes()
    for name, content in {"cut": data[: len(data) // 2], "empty": b"", "text": b"x" * 4096}.items():
        (tmp_path / name).write_bytes(content)
        done = run(native_runner, "--model", tmp_path / name, "--info")
        assert (done.returncode, done.stdout) == (6, b""), name
        assert str(tmp_path / name) in one_line(done)
        with pytest.raises(BundleError, match="cannot load it"):
            RunnerBackend(model=tmp_path / name, input_shape=RUNNER_SHAPE, labels=6, runner=native_runner)


def test_flipped_bits_never_crash(native_runner: Path, int8_program: Path, tmp_path: Path) -> None:
    data, random = bytearray(int8_program.read_bytes()), np.random.default_rng(0)
    for _ in range(12):
        flipped = bytearray(data)
        for place in random.integers(0, len(data), 3):
            flipped[place] ^= 1 << int(random.integers(8))
        (tmp_path / "flipped.pte").write_bytes(flipped)
        done = run(native_runner, "--model", tmp_path / "flipped.pte", "--threads", 1)
        assert done.returncode in (0, 6), done
        assert done.stderr.count(b"\n") == (done.returncode == 6)


def test_files_that_hold_no_whole_inputs_exit_7(native_runner: Path, int8_program: Path, tmp_path: Path) -> None:
    for size in (0, SIZE * 4 - 1, SIZE * 4 + 4):
        (tmp_path / "in.bin").write_bytes(b"\0" * size)
        done = run(
            native_runner, "--model", int8_program, "--inputs", tmp_path / "in.bin", "--outputs", tmp_path / "out.bin"
        )
        assert (done.returncode, done.stdout) == (7, b"")
        assert "not whole inputs" in one_line(done)
        assert not (tmp_path / "out.bin").exists()


def test_the_client_gives_the_same_logits(native_runner: Path, int8_program: Path, expected: np.ndarray) -> None:
    images = small_images(6)
    with RunnerBackend(
        model=int8_program, input_shape=RUNNER_SHAPE, labels=6, threads=2, runner=native_runner
    ) as backend:
        found = np.stack([backend.logits(image[None]) for image in images])
        with pytest.raises(InputRefusedError, match="not finite"):
            backend.logits(np.full(RUNNER_SHAPE, np.inf, np.float32))
        np.testing.assert_array_equal(backend.logits(images[:1]), found[0])
        assert backend.execution_us > 0
        assert backend.info["threads"] == 2
    np.testing.assert_allclose(found, expected, atol=tolerance("runner"))


def test_the_client_refuses_another_shape(native_runner: Path, int8_program: Path) -> None:
    with pytest.raises(BundleError, match=r"expected inputs float32 \[1, 1, 320, 576\]"):
        RunnerBackend(model=int8_program, input_shape=(1, 1, 320, 576), labels=6, runner=native_runner)


def test_a_runner_killed_in_the_middle_is_one_line(native_runner: Path, int8_program: Path) -> None:
    with RunnerBackend(model=int8_program, input_shape=RUNNER_SHAPE, labels=6, runner=native_runner) as backend:
        backend.logits(small_images(1))
        assert backend._process is not None
        backend._process.kill()
        with pytest.raises(BundleError, match=r"its runner died \(signal 9\)"):
            backend.logits(small_images(1))
        with pytest.raises(BundleError, match="closed"):
            backend.logits(small_images(1))


def test_building_without_a_wheel_of_that_processor_says_so(repository: Path, tmp_path: Path) -> None:
    script = str(repository / "edge_runtime" / "runner" / "build.sh")
    for arguments, code in (
        (["--target", "riscv"], 2), (["--what"], 2), (["--out"], 2), (["--wheel", str(tmp_path)], 3),
    ):  # fmt: skip
        done = subprocess.run(
            ["sh", script, "--out", str(tmp_path / "b"), *arguments],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
