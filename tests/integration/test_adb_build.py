"""``build.sh`` for Android, with stand-ins for the NDK and the programs that it calls."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from vizecg.spec import ExitCode
from vizecg_bench.devices.adb.faults import REMEDIES

pytestmark = pytest.mark.integration

# Notes what it is asked; the one that builds the runner leaves a file where a runner would be.
CMAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo "cmake version ${CMAKE_VERSION:-3.31.2}"; exit 0; fi
echo "cmake $*" >> "$LOG"
case "$*" in
    *executorch-build*install*) [ -z "$BREAKS" ] || { echo "ninja: error: $BREAKS"; exit 1; } ;;
    "--build"*/runner*) touch "$2/vizecg-runner" ;;
    *"-B "*/runner*) mkdir -p "$(dirname "$LOG")/out/runner" ;;
esac
"""
GIT = """#!/bin/sh
echo "git $*" >> "$LOG"
for last; do :; done
mkdir -p "$last"
"""
PROGRAMS = {
    "cmake": CMAKE, "git": GIT, "make": "#!/bin/sh\n", "python3": '#!/bin/sh\n[ -z "$NO_TORCH" ]\n',
}  # fmt: skip


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with ``bin``, and an NDK in ``ndk``."""
    (tmp_path / "bin").mkdir()
    for name, text in PROGRAMS.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    ndk = tmp_path / "ndk"
    for path in ("build/cmake/android.toolchain.cmake", "toolchains/llvm/prebuilt/linux-x86_64/bin/llvm-strip"):
        (ndk / path).parent.mkdir(parents=True)
        (ndk / path).write_text('#!/bin/sh\necho "strip $*" >> "$LOG"\n')
        (ndk / path).chmod(0o755)
    (ndk / "source.properties").write_text("Pkg.Desc = Android NDK\nPkg.Revision = 28.2.13676358\n")
    return tmp_path


def build(tools: Path, repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = repository / "edge_runtime" / "android" / "build.sh"
    path = f"{tools / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(
        ["sh", str(script), "--out", str(tools / "out"), "--jobs", "3", *arguments],
        env={"PATH": path, "LOG": str(tools / "log"), "ANDROID_NDK": str(tools / "ndk"), **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_executorch_is_built_and_then_the_runner_against_it(tools: Path, repository: Path) -> None:
    done = build(tools, repository)
    assert (done.returncode, done.stdout) == (0, f"{tools}/out/runner/vizecg-runner\n"), done.stderr
    clone, configure, install, runner, make, strip = (tools / "log").read_text().splitlines()
    assert clone.startswith("git clone --branch v1.5.1 --depth 1 --recursive")
    for line in (configure, runner):
        assert f"-DCMAKE_TOOLCHAIN_FILE={tools}/ndk/build/cmake/android.toolchain.cmake -DANDROID_ABI=arm64-v8a" in line
        assert "-DANDROID_PLATFORM=android-26 -DANDROID_STL=c++_static" in line
    for part in ("XNNPACK", "KERNELS_OPTIMIZED", "KERNELS_QUANTIZED", "EXTENSION_MODULE", "EXTENSION_TENSOR"):
        assert f"-DEXECUTORCH_BUILD_{part}=ON" in configure
    # Without it a damaged program is a crash.
    assert "-DEXECUTORCH_ENABLE_PROGRAM_VERIFICATION=ON" in configure
    assert install == f"cmake --build {tools}/out/executorch-build --target install --parallel 3"
    assert f"-DEXECUTORCH_DIR={tools}/out/executorch-install -DEXECUTORCH_BUILD_VERSION=1.5.1" in runner
    assert make == f"cmake --build {tools}/out/runner --parallel 3"
    assert strip == f"strip {tools}/out/runner/vizecg-runner"
    # Once more, for another ABI: what is cloned stays.
    assert build(tools, repository, "--abi", "x86_64").returncode == 0
    again = (tools / "log").read_text().splitlines()[6:]
    assert "-DANDROID_ABI=x86_64" in again[0]


def test_a_dry_run_prints_every_command_and_does_nothing(tools: Path, repository: Path) -> None:
    done = build(tools, repository, "--dry-run")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("\n+ ") == 6
    assert done.stderr.endswith("nothing was done: --dry-run\n")
    assert not (tools / "log").exists()
    assert not (tools / "out").exists()


def test_a_step_that_fails_names_the_log(tools: Path, repository: Path) -> None:
    done = build(tools, repository, BREAKS="no rule")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "ninja: error: no rule" in done.stderr
    assert f"this failed, and {tools}/out/build.log has all of it: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        ((), {"ANDROID_NDK": ""}, ExitCode.MISSING_TOOL, "sdkmanager --install"),
        (("--ndk", "/nowhere"), {}, ExitCode.MISSING_TOOL, "no NDK in /nowhere"),
        ((), {"NO_TORCH": "1"}, ExitCode.MISSING_TOOL, "pip install 'torch==2.13.*' pyyaml"),
        ((), {"CMAKE_VERSION": "3.25.1"}, ExitCode.MISSING_TOOL, "pip install 'cmake>=3.28'"),
        (("--abi", "mips"), {}, ExitCode.USAGE, "not one of arm64-v8a"),
        (("--platform", "21"), {}, ExitCode.USAGE, "Android 7"),
        (("--jobs", "x"), {}, ExitCode.USAGE, "takes a number"),
        (("--source", "/nowhere"), {}, ExitCode.USAGE, "no checkout of ExecuTorch"),
        (("--ndk",), {}, ExitCode.USAGE, "takes a value"),
        (("--fast",), {}, ExitCode.USAGE, "unknown option"),
    ],
)
def test_what_is_missing_is_one_line(
    tools: Path, repository: Path, arguments: tuple[str, ...], environment: dict[str, str], code: ExitCode, words: str
) -> None:
    done = build(tools, repository, *arguments, **environment)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tools / "out").exists()


def test_another_version_of_executorch_is_refused(tools: Path, repository: Path) -> None:
    source = tools / "source"
    source.mkdir()
    (source / "version.txt").write_text("1.4.0\n")
    done = build(tools, repository, "--source", str(source))
    assert (done.returncode, "is ExecuTorch 1.4.0, not 1.5.1" in done.stderr) == (ExitCode.USAGE, True)
    (source / "version.txt").write_text("1.5.1\n")
    done = build(tools, repository, "--source", str(source))
    assert (done.returncode, "git submodule update" in done.stderr) == (ExitCode.USAGE, True)


def test_the_page_lists_every_fault(repository: Path) -> None:
    text = (repository / "docs" / "android.md").read_text()
    for fault, remedy in REMEDIES.items():
        assert f"| `{fault.value}` | {int(remedy.exit_code)} | {remedy.what} | {remedy.todo} |" in text
