"""The ``adb`` program, and one phone behind it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vizecg.spec import MissingToolError
from vizecg_bench.devices.adb.faults import AdbError, Fault, last_line, recognised

VARIABLE = "VIZECG_ADB"
INSTALL = "apt-get install adb (elsewhere: Android's SDK Platform-Tools)"
QUICK_S = 30.0
"""Seconds for a command that reads something."""
_END = "vizecg-ended"
# All states that adb knows; a line with another word is a message of its server.
_DEVICE_LINE = re.compile(
    r"^(\S+)\s+(device|offline|unauthorized|authorizing|connecting|no permissions|bootloader|recovery|rescue|sideload"
    r"|host|unknown|detached)\b(.*)$"
)
_STATES = {
    "unauthorized": Fault.UNAUTHORISED,
    "authorizing": Fault.UNAUTHORISED,
    "no permissions": Fault.NO_USB_PERMISSION,
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of ``adb devices -l``; ``properties`` are product, model ..."""

    serial: str
    state: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command of the phone that ended. A signal's exit code is 128 plus its number."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        return last_line(self.err) or last_line(self.out)


def find_adb() -> str:
    """``$VIZECG_ADB``, else the first on the PATH.

    Raises:
        MissingToolError: there is none.
    """
    named = os.environ.get(VARIABLE) or "adb"
    found = shutil.which(named)
    if found is None:
        raise MissingToolError(f"no adb program at {named!r}: {INSTALL}, or name it in ${VARIABLE}")
    return found


def parse_devices(text: str) -> list[Listed]:
    """What ``adb devices -l`` prints, with the server's own lines (``* daemon started ...``) in between or not."""
    found = []
    for line in text.splitlines():
        matched = _DEVICE_LINE.match(line.strip())
        if matched is None or line.startswith("*"):
            continue
        serial, state, rest = matched.groups()
        properties = dict(pair.split(":", 1) for pair in rest.split() if ":" in pair)
        found.append(Listed(serial=serial, state=state, properties=properties))
    return found


class Adb:
    """One phone. Everything that is asked of it is asked through the program.

    Args:
        program: adb.
        serial: the phone's, as ``adb devices`` lists it.
    """

    def __init__(self, *, program: str, serial: str) -> None:
        self.program, self.serial = program, serial

    @property
    def launcher(self) -> tuple[str, ...]:
        """What comes before a command of the phone, so that its pipes and exit code are this machine's."""
        return self.program, "-s", self.serial, "shell", "-T"

    def shell(self, command: str, *, timeout: float = QUICK_S) -> Done:
        """Run ``command`` in the phone's shell, whatever it exits with.

        Raises:
            AdbError: the phone could not be asked, or went away before the command had ended.
        """
        # adb exits with 0 when the phone goes away in the middle of a command: only this line tells that it ended.
        marked = f"{{ {command}\n}}; c=$?; echo; echo {_END} $c"
        done = self._adb("shell", "-T", "-n", marked, timeout=timeout)
        out, mark, code = done.stdout.rpartition(f"\n{_END} ")
        if not mark or not code.strip().isdigit():
            raise self._gone(f"{done.stderr}\n{done.stdout}")
        return Done(code=int(code), out=out, err=done.stderr)

    def check(self, command: str, *, timeout: float = QUICK_S) -> str:
        """The output of a command that must succeed.

        Raises:
            AdbError: as ``shell``; or it failed.
        """
        done = self.shell(command, timeout=timeout)
        if done.code:
            raise AdbError(
                recognised(f"{done.err}\n{done.out}") or Fault.FAILED, done.complaint or f"it ended with {done.code}"
            )
        return done.out

    def push(self, file: Path, target: str, *, timeout: float = 600.0) -> None:
        """Copy a file to the phone.

        Raises:
            AdbError: there is no room, no permission, or no phone any more.
        """
        self._copy("push", str(file), target, timeout=timeout)

    def pull(self, source: str, file: Path, *, timeout: float = 600.0) -> None:
        """Copy a file of the phone to this machine. Raises AdbError as ``push``."""
        self._copy("pull", source, str(file), timeout=timeout)

    def state(self) -> str:
        """``device``, or what else adb says of it."""
        try:
            done = self._adb("get-state", timeout=QUICK_S)
        except AdbError as error:
            return error.fault.value
        return done.stdout.strip() or last_line(done.stderr)

    def present(self) -> bool:
        return self.state() == "device"

    def _copy(self, verb: str, source: str, target: str, *, timeout: float) -> None:
        done = self._adb(verb, source, target, timeout=timeout)
        if done.returncode == 0:
            return
        text = f"{done.stdout}\n{done.stderr}"
        complaint = next((line.strip() for line in text.splitlines() if "error" in line.lower()), last_line(text))
        if not self.present():
            raise self._gone(text)
        raise AdbError(recognised(text) or Fault.FAILED, complaint)

    def _gone(self, text: str) -> AdbError:
        """What to say of a phone that did not end a command: it was there when this object was made."""
        fault = recognised(text)
        if fault is Fault.OLD_ANDROID or (fault is Fault.UNAUTHORISED and not self.present()):
            return AdbError(fault)
        return AdbError(Fault.DISCONNECTED, last_line(text).removeprefix("error: "))

    def _adb(self, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
        return run_adb(self.program, "-s", self.serial, *arguments, timeout=timeout)


def run_adb(program: str, *arguments: str, timeout: float = QUICK_S) -> subprocess.CompletedProcess[str]:
    """Run adb to its end, whatever it exits with.

    Raises:
        MissingToolError: it does not start.
        AdbError: it takes too long.
    """
    try:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
            timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise AdbError(Fault.TIMEOUT, f"{timeout:g} s") from error
    except OSError as error:
        raise MissingToolError(f"{program} does not run ({error.strerror}): {INSTALL}") from error


def list_devices(program: str) -> list[Listed]:
    """The phones that adb knows of, in whatever state.

    Raises:
        MissingToolError, AdbError: adb does not run.
    """
    done = run_adb(program, "devices", "-l")
    if done.returncode:
        raise AdbError(Fault.FAILED, last_line(done.stderr))
    return parse_devices(done.stdout)


def open_phone(serial: str | None = None, *, program: str | None = None) -> Adb:
    """The phone called ``serial``; for None the only one. It answered a first command.

    Raises:
        MissingToolError: there is no adb program.
        AdbError: there is no such phone, there are several, or it does not let us in.
    """
    program = program or find_adb()
    listed = list_devices(program)
    chosen = _choose(listed, serial or None)
    if chosen.state != "device":
        raise AdbError(_STATES.get(chosen.state, Fault.OFFLINE), f"{chosen.serial} is {chosen.state}")
    phone = Adb(program=program, serial=chosen.serial)
    phone.check("true")
    return phone


def _choose(listed: Sequence[Listed], serial: str | None) -> Listed:
    names = ", ".join(device.serial for device in listed)
    if serial is not None:
        for device in listed:
            if device.serial == serial:
                return device
        raise AdbError(Fault.UNKNOWN_SERIAL, f"{serial}; there is {names}" if names else f"{serial}; there is none")
    if not listed:
        raise AdbError(Fault.NO_DEVICE)
    # Of several, the only one that can be used.
    usable = [device for device in listed if device.state == "device"]
    if len(usable) > 1 or (not usable and len(listed) > 1):
        raise AdbError(Fault.SEVERAL_DEVICES, names)
    return usable[0] if usable else listed[0]
