"""Runs on a board over ssh, and tegrastats, with stand-ins for ``ssh``, ``vizecg-bench`` there and ``tegrastats``.

The stand-in for ssh runs what it is told in the sh of this machine, so that every script and file that would reach a
board is really used; what it is like on a board nobody has seen.
"""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

import vizecg
from children import start_child
from vizecg.spec import CODE6, ExitCode, MissingToolError, UsageError, VizecgError
from vizecg_bench.devices.jetson.remote import arguments_of, measure_remote, remote_run
from vizecg_bench.devices.jetson.ssh import RemoteError
from vizecg_bench.devices.jetson.tegrastats import Tegrastats, jetson_sensors
from vizecg_bench.run.protocol import ProtocolName, protocol
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import BundlePart, Environment, Monitor, ProtocolPart, Result
from vizecg_bench.run.sensors import SystemSensors

pytestmark = pytest.mark.integration

SSH = """#!/bin/sh
echo "$*" >> "$BOARD/ssh.log"
while [ "${1#-}" != "$1" ]; do case $1 in -o) shift 2 ;; *) shift ;; esac; done
[ -z "$SSH_SAYS" ] || { echo "$SSH_SAYS" >&2; exit 255; }
shift
echo "Welcome to the board"
cd "$BOARD"
HOME=$BOARD TMPDIR=$BOARD/tmp PATH=$BOARD/path:/usr/bin:/bin exec sh -c "$*"
"""
# Takes the result that lies ready; $BENCH_SAYS and $BENCH_EXITS make it fail.
BENCH = """#!/bin/sh
[ "$1" = --version ] && { echo "vizecg-bench $BENCH_VERSION"; exit 0; }
printf '%s\\n' "$@" > "$HOME/arguments"
for last; do :; done
[ -z "$BENCH_SLEEPS" ] || { echo $$ > "$HOME/pid"; exec sleep 60; }
echo "taking turns" >&2
[ -z "$BENCH_EXITS" ] || { echo "$BENCH_SAYS" >&2; exit "$BENCH_EXITS"; }
cat "$5/manifest.json" "${5%/*}/pack-fold 9.pack" > "$HOME/seen"
cp "$HOME/result.json" "$last"
"""
RESULT = Result(
    command="vizecg-bench run", began="2025-11-20T10:00:00+00:00", device="jetson",
    protocol=ProtocolPart(name="quick", least_runs=1, least_span_s=0, warm_up_runs=0, burst=1, start_repeats=1,
                          sustained_s=0, seed=0),
    environment=Environment(device="jetson", machine="aarch64", cores=6, system="Linux", versions={}),
    bundle=BundlePart(name="tiny", sha256="0", checkpoint_sha256="0"), contenders=(), monitor=Monitor(), is_valid=False,
    labels=CODE6.names,
)  # fmt: skip


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a board, beside a bundle and a pack of this machine."""
    home = tmp_path / "board"
    for folder in ("tmp", "path", ".vizecg/bin"):
        (home / folder).mkdir(parents=True)
    (home / "result.json").write_text(RESULT.to_json())
    for path, script in {tmp_path / "ssh": SSH, home / ".vizecg/bin/vizecg-bench": BENCH}.items():
        path.write_text(script)
        path.chmod(0o755)
    (tmp_path / "small.vizecg").mkdir()
    (tmp_path / "small.vizecg/manifest.json").write_text("{}")
    (tmp_path / "fold 9.pack").write_bytes(b"0" * 300_000)
    for name in ("SSH_SAYS", "BENCH_SAYS", "BENCH_EXITS", "BENCH_SLEEPS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("BENCH_VERSION", vizecg.__version__)
    monkeypatch.setenv("BOARD", str(home))
    monkeypatch.setenv("VIZECG_SSH", str(tmp_path / "ssh"))
    return home


def measure(board: Path, arguments: Sequence[str] = (), said: io.StringIO | None = None) -> Result:
    return remote_run(
        "me@orin", bundle=board.parent / "small.vizecg", pack=board.parent / "fold 9.pack", arguments=arguments,
        console=Console(file=said or io.StringIO(), soft_wrap=True),
    )  # fmt: skip


def test_a_run_there_is_a_result_here_and_leaves_nothing(board: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert measure(board, ["--protocol", "quick", "--contender", "it's; a name"]) == RESULT
    run = (board / "arguments").read_text().splitlines()
    folder = Path(run[4]).parent
    assert (folder.parent, folder.name.startswith("vizecg-bench.")) == (board / "tmp", True)
    assert run == [
        "run", "--device", "jetson", "--bundle", f"{folder}/bundle-small.vizecg",
        "--pack", f"{folder}/pack-fold 9.pack", "--protocol", "quick",
        "--contender", "it's; a name", "--figures", f"{folder}/result.json",
    ]  # fmt: skip
    assert (board / "seen").read_bytes() == b"{}" + b"0" * 300_000
    assert not list((board / "tmp").iterdir())
    assert capfd.readouterr().err == "taking turns\n"
    assert all("BatchMode=yes" in line for line in (board / "ssh.log").read_text().splitlines() if "me@orin" in line)


def test_the_bench_on_the_path_comes_first(board: Path) -> None:
    (board / ".vizecg/bin/vizecg-bench").rename(board / "path/vizecg-bench")
    assert measure(board) == RESULT


def test_a_request_becomes_the_options_of_the_same_run(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = RunRequest(
        bundle=board.parent / "small.vizecg", protocol=protocol(ProtocolName.FULL, sustained_s=30.0, seed=4),
        threads=(1, 6), names=("a",), sections=("drawn",), references=False, sustained="a", handicaps={"a": 1.5},
        pack=board.parent / "fold 9.pack", checkpoint=board.parent / "fold 9.pack",
    )  # fmt: skip
    assert shlex.join(arguments_of(request)) == (
        "--protocol full --sustained-s 30 --seed 4 --no-references --threads 1 --threads 6 --contender a "
        "--section drawn --handicap a=1.5 --sustain a"
    )
    monkeypatch.setattr("sys.argv", ["/opt/vizecg-bench", "run", "--device", "jetson:orin"])
    found = measure_remote(request, host="orin", console=Console(file=io.StringIO()))
    assert found == RESULT.model_copy(update={"command": "vizecg-bench run --device jetson:orin"})
    assert "checkpoint-fold 9.pack" in (board / "arguments").read_text()


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("ssh: connect to host orin port 22: Connection timed out", "cannot be reached"),
        ("ssh: Could not resolve hostname orin: Name or service not known", "cannot be reached"),
        ("me@orin: Permission denied (publickey,password).", "ssh-copy-id me@orin"),
        ("Host key verification failed.", "ssh me@orin once by hand"),
        ("kex_exchange_identification: odd", "ssh to me@orin failed"),
    ],
)
def test_a_board_that_lets_nobody_in_is_one_line(
    board: Path, monkeypatch: pytest.MonkeyPatch, says: str, words: str
) -> None:
    monkeypatch.setenv("SSH_SAYS", says)
    with pytest.raises(RemoteError, match=words) as caught:
        measure(board)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert says in str(caught.value)


def test_what_is_missing_is_named_with_its_command(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_VERSION", "9.9")
    with pytest.raises(RemoteError, match=rf"9\.9, this is {vizecg.__version__}") as caught:
        measure(board)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    bench = board / ".vizecg/bin/vizecg-bench"
    bench.write_text("#!/bin/sh\necho 'error: typer is not installed' >&2\nexit 3\n")
    with pytest.raises(MissingToolError, match=r"typer is not installed\): there, ~/.vizecg/bin/pip install"):
        measure(board)
    bench.unlink()
    with pytest.raises(MissingToolError, match=r"then ~/\.vizecg/bin/pip install '\.\[bench\]' in a checkout"):
        measure(board)
    monkeypatch.setenv("VIZECG_SSH", "no-such-ssh")
    with pytest.raises(MissingToolError, match="apt-get install openssh-client"):
        measure(board)


@pytest.mark.parametrize(("exits", "code"), [("5", ExitCode.ACCURACY), ("3", 3), ("137", ExitCode.ENVIRONMENT)])
def test_a_run_that_fails_there_fails_alike_here(
    board: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], exits: str, code: int
) -> None:
    monkeypatch.setenv("BENCH_EXITS", exits)
    monkeypatch.setenv("BENCH_SAYS", "error: it is not right")
    with pytest.raises(RemoteError, match=r"on me@orin.*: it is not right$") as caught:
        measure(board)
    assert caught.value.exit_code == code
    assert "not right" not in capfd.readouterr().err, "the error is told once, by the caller"
    assert not list((board / "tmp").iterdir())


def test_a_result_of_another_schema_and_a_full_disk_are_one_line(board: Path) -> None:
    (board / "result.json").write_text('{"kind": "else"}')
    with pytest.raises(UsageError, match="what came from me@orin is no result"):
        measure(board)
    (board / "path/tar").write_text("#!/bin/sh\nread -r first\necho 'tar: No space left on device' >&2\nexit 2\n")
    (board / "path/tar").chmod(0o755)
    with pytest.raises(RemoteError, match=r"could not be copied to me@orin: tar: No space left"):
        measure(board)
    assert not list((board / "tmp").iterdir())


@pytest.mark.parametrize("host", ["", "-oProxyCommand=x", "a b", "me@", "me@-x", "a;b"])
def test_what_is_no_host_never_reaches_ssh(board: Path, host: str) -> None:
    with pytest.raises(UsageError, match="is no host"):
        remote_run(host, bundle=board.parent / "small.vizecg", pack=None, arguments=[])
    assert not (board / "ssh.log").exists()


def test_a_file_that_is_not_there_never_reaches_ssh(board: Path) -> None:
    with pytest.raises(UsageError, match=r"gone is not there"):
        remote_run("orin", bundle=board / "gone", pack=None, arguments=[])
    assert not (board / "ssh.log").exists()


def test_a_run_that_nobody_waits_for_is_ended(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_SLEEPS", "1")
    code = (
        "import sys\nfrom pathlib import Path\nfrom vizecg_bench.devices.jetson.remote import remote_run\n"
        "remote_run('orin', bundle=Path(sys.argv[1]), pack=None, arguments=[])"
    )
    with start_child(
        [sys.executable, "-c", code, str(board.parent / "small.vizecg")], stderr=subprocess.DEVNULL
    ) as process:
        pid = _waited_for(board / "pid")
        process.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not _runs(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the run on the board went on")


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie; it may go while it is looked at."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _waited_for(file: Path) -> int:
    for _ in range(400):
        if file.is_file() and file.read_text().strip():
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError("the run did not start")


def test_tegrastats_is_read_as_it_comes_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tegrastats"
    program.write_text(
        f'#!/bin/sh\necho "$$ $*" > {tmp_path}/started\necho "starting"\n'
        "echo 'RAM 1/2MB CPU [1%@1000,1%@1000] tj@45.5C VDD_IN 5020mW/5000mW'\nexec sleep 60\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with jetson_sensors(interval_s=0.2) as sensors:
        assert isinstance(sensors, Tegrastats)
        for _ in range(400):
            if sensors.newest is not None:
                break
            time.sleep(0.01)
        reading = sensors()
        assert (reading.temperature, reading.power_w) == (45.5, 5.02)
        # No line comes any more: old figures must not go on as new ones.
        time.sleep(1.1)
        assert sensors.newest is None
        assert sensors().power_w is None
    pid, arguments = (tmp_path / "started").read_text().split(maxsplit=1)
    assert arguments == "--interval 200\n"
    assert not Path(f"/proc/{pid}").exists()


def test_without_tegrastats_the_systems_sensors_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with jetson_sensors() as sensors:
        assert isinstance(sensors, SystemSensors)
    with pytest.raises(VizecgError, match="nvidia-l4t-tools"):
        Tegrastats()
