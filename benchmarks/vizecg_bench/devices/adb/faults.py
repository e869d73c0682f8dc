"""What goes wrong between this machine and a phone: how adb tells it, what to do, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from vizecg.spec import ExitCode, VizecgError


class Fault(str, Enum):
    """Values are what ``--json`` shows as ``reason``."""

    NO_DEVICE = "no_device"
    SEVERAL_DEVICES = "several_devices"
    UNKNOWN_SERIAL = "unknown_serial"
    UNAUTHORISED = "unauthorised"
    NO_USB_PERMISSION = "no_usb_permission"
    OFFLINE = "offline"
    OLD_ANDROID = "old_android"
    DISCONNECTED = "disconnected"
    TIMEOUT = "timeout"
    NO_SPACE = "no_space"
    PERMISSION_DENIED = "permission_denied"
    OTHER_ABI = "other_abi"
    RUNNER_CRASHED = "runner_crashed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Exit code, what is said before the details, and what to do."""

    exit_code: ExitCode
    what: str
    todo: str


REMEDIES = MappingProxyType(
    {
        Fault.NO_DEVICE: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="no phone is plugged in",
            todo="turn on USB debugging in its developer options, plug it in, and look at `adb devices`",
        ),
        Fault.SEVERAL_DEVICES: Remedy(
            exit_code=ExitCode.USAGE, what="several phones are plugged in", todo="name one: --device adb:SERIAL"
        ),
        Fault.UNKNOWN_SERIAL: Remedy(
            exit_code=ExitCode.USAGE, what="no such phone", todo="take a serial number that `adb devices` lists"
        ),
        Fault.UNAUTHORISED: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone does not trust this machine yet",
            todo="unlock it and confirm its dialog `Allow USB debugging?`",
        ),
        Fault.NO_USB_PERMISSION: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="this user may not open the phone's USB port",
            todo="apt-get install android-sdk-platform-tools-common, then plug the phone in again",
        ),
        Fault.OFFLINE: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone is listed but does not answer",
            todo="plug it in again, or run `adb reconnect`",
        ),
        Fault.OLD_ANDROID: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone's adb hands no exit codes on",
            todo="a phone with Android 7 or newer is needed",
        ),
        Fault.DISCONNECTED: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone went away while it was at work",
            todo="use another cable or port and run again",
        ),
        Fault.TIMEOUT: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone gave no answer in time",
            todo="unlock it, plug it in again and run again",
        ),
        Fault.NO_SPACE: Remedy(
            exit_code=ExitCode.ENVIRONMENT, what="the phone's storage is full", todo="free some space on it"
        ),
        Fault.PERMISSION_DENIED: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the phone does not allow this",
            todo="look whether `adb shell touch /data/local/tmp/x` works: some makers lock the folder",
        ),
        Fault.OTHER_ABI: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the runner is made for another processor or system than the phone's",
            todo="build it with edge_runtime/android/build.sh and name it in $VIZECG_ANDROID_RUNNER",
        ),
        Fault.RUNNER_CRASHED: Remedy(
            exit_code=ExitCode.ENVIRONMENT,
            what="the runner crashed on the phone",
            todo="`adb logcat -b crash` says where",
        ),
        Fault.FAILED: Remedy(
            exit_code=ExitCode.ENVIRONMENT, what="a command on the phone failed", todo="run it by hand in `adb shell`"
        ),
    }
)


class AdbError(VizecgError):
    """Something in ``REMEDIES`` happened.

    Args:
        fault: which.
        details: what adb or the phone said, one line; empty where there is nothing to add.
    """

    def __init__(self, fault: Fault, details: str = "") -> None:
        remedy = REMEDIES[fault]
        super().__init__(f"{remedy.what}{f' ({details})' if details else ''}: {remedy.todo}")
        self.fault, self.exit_code = fault, remedy.exit_code

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "reason": self.fault.value}


# The words of adb itself, of adbd and of Android's shell; the first that is found counts.
_WORDS = (
    ("more than one device", Fault.SEVERAL_DEVICES),
    ("more than one emulator", Fault.SEVERAL_DEVICES),
    ("no devices", Fault.NO_DEVICE),
    ("unauthorized", Fault.UNAUTHORISED),
    ("failed to authenticate", Fault.UNAUTHORISED),
    ("insufficient permissions", Fault.NO_USB_PERMISSION),
    ("no permissions", Fault.NO_USB_PERMISSION),
    ("only supports allocating a pty", Fault.OLD_ANDROID),
    ("device offline", Fault.OFFLINE),
    ("error: closed", Fault.DISCONNECTED),
    ("protocol fault", Fault.DISCONNECTED),
    ("connection reset", Fault.DISCONNECTED),
    ("no space left on device", Fault.NO_SPACE),
    ("not executable: ", Fault.OTHER_ABI),
    ("exec format error", Fault.OTHER_ABI),
    ("cannot link executable", Fault.OTHER_ABI),
    ("permission denied", Fault.PERMISSION_DENIED),
    ("read-only file system", Fault.PERMISSION_DENIED),
)


def recognised(text: str) -> Fault | None:
    """The fault that a message of adb or of the phone tells of."""
    lowered = text.lower()
    if "device '" in lowered and "' not found" in lowered:
        return Fault.UNKNOWN_SERIAL
    return next((fault for words, fault in _WORDS if words in lowered), None)


def last_line(text: str) -> str:
    """The last line with anything in it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
