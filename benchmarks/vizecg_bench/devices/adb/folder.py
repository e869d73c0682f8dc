"""The one folder on the phone that a run uses, and the native runner in it."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rich.console import Console

from vizecg.spec import BundleError, UsageError
from vizecg_bench.devices.adb.client import Adb, Done
from vizecg_bench.devices.adb.faults import AdbError, Fault, recognised

REMOTE = PurePosixPath("/data/local/tmp/vizecg")
"""Everything that is pushed lies here: the runner, programs, and one of the bundle's golden sheets, which are synthetic
or public."""
RUNNER = REMOTE / "vizecg-runner"
_SPARE = 32 * 2**20
_ELF_MACHINES = {0xB7: "arm64-v8a", 0x28: "armeabi-v7a", 0x3E: "x86_64", 0x03: "x86"}
_SIGNALS = 128


@dataclass(frozen=True, kw_only=True)
class Folder:
    """``REMOTE`` on ``adb``, with the runner in it."""

    adb: Adb

    @property
    def launcher(self) -> tuple[str, ...]:
        """For ``RunnerBackend``; libraries that lie beside the runner are found."""
        return (*self.adb.launcher, f"LD_LIBRARY_PATH={REMOTE}")

    def push(self, file: Path, name: str | None = None) -> PurePosixPath:
        """Copy ``file`` there, as ``name`` or under its own.

        Raises:
            AdbError: see ``Adb.push``.
        """
        target = REMOTE / (name or file.name)
        self.adb.push(file, str(target))
        return target

    def run(self, *arguments: str, timeout: float) -> Done:
        """The runner with these arguments, to its end.

        Raises:
            AdbError: it crashed, or the phone went away.
            BundleError: it refused, and says why.
        """
        return self.run_command(shlex.join([str(RUNNER), *arguments]), timeout=timeout)

    def run_command(self, command: str, *, timeout: float) -> Done:
        """As ``run``, with a command of the phone's shell that ends with the runner's exit code."""
        done = self.adb.shell(f"export LD_LIBRARY_PATH={REMOTE}; {command}", timeout=timeout)
        if done.code > _SIGNALS:
            raise AdbError(
                Fault.RUNNER_CRASHED, f"signal {done.code - _SIGNALS}; {done.complaint or 'it said nothing'}"
            )
        if done.code:
            fault = recognised(f"{done.err}\n{done.out}")
            if fault is not None:
                raise AdbError(fault, done.complaint)
            raise BundleError(done.complaint or f"the runner ended with {done.code}")
        return done


@contextlib.contextmanager
def opened(
    adb: Adb, *, runner: Path, libraries: tuple[Path, ...] = (), needed: int, abis: tuple[str, ...], keep: bool,
    console: Console,
) -> Iterator[Folder]:  # fmt: skip
    """Make the folder, put the runner there and see that it starts; remove all of it in the end.

    Args:
        adb: the phone.
        runner: file of the native runner that edge_runtime/android/build.sh made.
        libraries: shared libraries that it needs beside it.
        needed: bytes that will be pushed.
        abis: that the phone runs; empty where it does not tell.
        keep: leave the folder there.
        console: told what is left behind.

    Raises:
        UsageError: ``runner`` is no program.
        AdbError: it is made for another processor, there is no room, or the phone does not allow it.
    """
    check_abi(runner, abis)
    try:
        adb.check(f"rm -rf {REMOTE} && mkdir {REMOTE}")
        _check_room(adb, needed + sum(file.stat().st_size for file in (runner, *libraries)))
        for file, name in ((runner, RUNNER.name), *((library, library.name) for library in libraries)):
            adb.push(file, str(REMOTE / name))
        adb.check(f"chmod 755 {RUNNER}")
        folder = Folder(adb=adb)
        _check_starts(folder)
        yield folder
    finally:
        if keep:
            console.print(f"left on the phone: {REMOTE}", highlight=False)
        else:
            _remove(adb, console)


def check_abi(runner: Path, abis: tuple[str, ...]) -> str:
    """The ABI that ``runner`` is made for.

    Raises:
        UsageError: it is no program.
        AdbError: the phone cannot run it.
    """
    try:
        with runner.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        raise UsageError(f"the runner {runner} cannot be read: {error.strerror}") from error
    if len(head) < 20 or head[:4] != b"\x7fELF":
        raise UsageError(f"{runner} is not a program: build it with edge_runtime/android/build.sh")
    machine = int.from_bytes(head[18:20], "little")
    abi = _ELF_MACHINES.get(machine, f"machine {machine}")
    if abis and abi not in abis:
        raise AdbError(Fault.OTHER_ABI, f"{runner.name} is for {abi}, the phone runs {', '.join(abis)}")
    return abi


def _check_room(adb: Adb, needed: int) -> None:
    lines = adb.check(f"df -k {REMOTE} || true").splitlines()
    # The last line, whose name may stand on a line of its own: blocks, used, free, share, where.
    numbers = [int(word) for word in (lines[-1].split() if lines else []) if word.isdigit()]
    if len(numbers) >= 3 and numbers[2] * 1024 < needed + _SPARE:
        raise AdbError(Fault.NO_SPACE, f"{numbers[2] // 1024} MiB are free, {(needed + _SPARE) >> 20} are needed")


def _check_starts(folder: Folder) -> None:
    try:
        folder.run("--help", timeout=30.0)
    except BundleError as error:
        # A program whose loader is not there is `not found`, though it is.
        raise AdbError(Fault.OTHER_ABI, str(error)) from error


def _remove(adb: Adb, console: Console) -> None:
    try:
        adb.check(f"rm -rf {REMOTE}")
    except AdbError as error:
        console.print(f"{REMOTE} could not be removed from the phone: {error}", highlight=False)
