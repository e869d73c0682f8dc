"""``setup.sh`` of the Jetson, with stand-ins for the board's files and commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vizecg.spec import ExitCode

pytestmark = pytest.mark.integration

R36 = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 2025\n"
# Notes what it is asked, and makes an environment of stand-ins when it is asked for one.
PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
    *"import tensorrt"*) [ -z "$NO_TENSORRT" ] && echo 10.3.0 || exit 1 ;;
    *"import cv2"*) [ -z "$NO_GSTREAMER" ] || exit 1 ;;
    "-c import sys"*) [ -z "$OLD_PYTHON" ] || exit 1 ;;
    *"-m pip"*) [ -z "$NO_NETWORK" ] || exit 1 ;;
    *"-m venv"*)
        for last; do :; done
        mkdir -p "$last/bin"
        for name in python vizecg-edge; do cp "$0" "$last/bin/$name"; done ;;
    "selftest --bundle"*) [ -z "$BAD_ENGINE" ] || exit 4 ;;
    --version) echo "Python 3.10.12" ;;
esac
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A folder with the files of a Jetson and, in ``bin``, its commands."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").write_text(R36)
    (tmp_path / "bin").mkdir()
    commands = {"python3": PYTHON, "uname": "#!/bin/sh\necho aarch64\n", "dpkg-query": "#!/bin/sh\nexit 1\n"}
    for name, text in commands.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def setup(board: Path, repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = repository / "edge_runtime" / "jetson" / "setup.sh"
    path = f"{board / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    switches = ("NO_TENSORRT", "NO_GSTREAMER", "OLD_PYTHON", "NO_NETWORK", "BAD_ENGINE")
    return subprocess.run(
        ["sh", str(script), "--root", str(board), "--venv", str(board / "venv"), *arguments],
        env={"PATH": path, "HOME": str(board), "LOG": str(board / "log"), **dict.fromkeys(switches, ""), **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_everything_is_done_in_order(board: Path, repository: Path) -> None:
    bundle = board / "small.vizecg"
    bundle.mkdir()
    (bundle / "manifest.json").write_text("{}")
    done = setup(board, repository, "--bundle", str(bundle), "--csi")
    assert (done.returncode, done.stderr) == (0, "")
    steps = [
        line for line in (board / "log").read_text().splitlines() if " -c " not in line and "--version" not in line
    ]
    assert steps == [
        f"python3 -m venv --system-site-packages {board}/venv",
        f"python -m pip install --upgrade {repository}",
        "python -m pip uninstall --yes opencv-python",
        "python -m pip install numpy<2",
        "vizecg-edge doctor",
        "vizecg-edge selftest",
        f"vizecg-edge build {bundle}",
        f"vizecg-edge selftest --bundle {bundle} --backend tensorrt",
    ]
    assert "L4T R36, TensorRT 10.3.0, Python 3.10.12" in done.stdout
    # Once more over what is there.
    assert setup(board, repository).returncode == 0


def test_a_dry_run_changes_nothing(board: Path, repository: Path) -> None:
    done = setup(board, repository, "--dry-run")
    assert done.returncode == 0
    assert f"+ python3 -m venv --system-site-packages {board}/venv" in done.stdout
    assert done.stdout.endswith("nothing was done: --dry-run\n")
    assert not (board / "venv").exists()


def test_without_its_file_the_package_of_jetpack_tells(board: Path, repository: Path) -> None:
    (board / "etc/nv_tegra_release").unlink()
    (board / "bin/dpkg-query").write_text("#!/bin/sh\nprintf 7.1-b12\n")
    assert "L4T R38" in setup(board, repository, "--dry-run").stdout


@pytest.mark.parametrize(
    ("switch", "arguments", "code", "words"),
    [
        ("NO_TENSORRT", (), ExitCode.MISSING_TOOL, "sudo apt-get install python3-libnvinfer"),
        ("NO_GSTREAMER", ("--csi",), ExitCode.MISSING_TOOL, "sudo apt-get install python3-opencv"),
        ("OLD_PYTHON", (), ExitCode.ENVIRONMENT, "older than 3.10"),
        ("NO_NETWORK", (), ExitCode.ENVIRONMENT, "this failed: "),
        ("", ("--wheel", "gone.whl"), ExitCode.USAGE, "no such file"),
        ("", ("--bundle", "gone"), ExitCode.USAGE, "no manifest.json"),
        ("", ("--bundle",), ExitCode.USAGE, "takes a value"),
        ("", ("--fast",), ExitCode.USAGE, "unknown option"),
    ],
)
def test_what_is_missing_is_one_line(
    board: Path, repository: Path, switch: str, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    done = setup(board, repository, *arguments, **({switch: "1"} if switch else {}))
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_engine_that_answers_wrong_is_not_ready(board: Path, repository: Path) -> None:
    (board / "manifest.json").write_text("{}")
    done = setup(board, repository, "--bundle", str(board), BAD_ENGINE="1")
    assert done.returncode == ExitCode.PARITY
    assert "ready" not in done.stdout


def test_other_machines_are_refused(board: Path, repository: Path) -> None:
    (board / "bin/uname").write_text("#!/bin/sh\necho x86_64\n")
    assert setup(board, repository).returncode == ExitCode.MISSING_TOOL
    (board / "etc/nv_tegra_release").write_text(R36.replace("R36", "R35"))
    old = setup(board, repository)
    assert (old.returncode, "JetPack 6" in old.stderr) == (ExitCode.ENVIRONMENT, True)
    (board / "etc/nv_tegra_release").unlink()
    none = setup(board, repository)
    assert (none.returncode, none.stderr.count("\n")) == (ExitCode.MISSING_TOOL, 1)
    assert "this is no Jetson" in none.stderr


@pytest.mark.skipif(
    shutil.which("shellcheck") is None, reason="shellcheck is not installed: apt-get install shellcheck"
)
def test_shellcheck_has_no_complaint(repository: Path) -> None:
    scripts = [str(path) for path in sorted(repository.glob("edge_runtime/*/*.sh"))]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
