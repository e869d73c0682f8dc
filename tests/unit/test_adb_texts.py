"""What adb and Android's commands print, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adb_phone import BATTERY, PROPERTIES, STAT, THERMAL
from vizecg.spec import ExitCode, MissingToolError, UsageError
from vizecg_bench.devices.adb import transcripts as read
from vizecg_bench.devices.adb.client import Listed, find_adb, parse_devices
from vizecg_bench.devices.adb.faults import REMEDIES, AdbError, Fault, recognised
from vizecg_bench.devices.adb.folder import check_abi

pytestmark = pytest.mark.unit

DEVICES = """* daemon not running; starting now at tcp:5037
* daemon started successfully
List of devices attached
0A1B2C3D               device usb:1-1 product:standin model:Stand_in device:standin transport_id:1
192.168.1.7:5555       offline transport_id:2
adb-0A1B-xyz._adb-tls-connect._tcp.    device product:standin model:Stand_in transport_id:5
emulator-5554          unauthorized transport_id:3
0F                     no permissions (user in plugdev group; are your udev rules wrong?); see [http://x] usb:1-2

"""


def test_every_state_of_a_listed_phone_is_read() -> None:
    found = parse_devices(DEVICES)
    assert [(device.serial, device.state) for device in found] == [
        ("0A1B2C3D", "device"), ("192.168.1.7:5555", "offline"), ("adb-0A1B-xyz._adb-tls-connect._tcp.", "device"),
        ("emulator-5554", "unauthorized"), ("0F", "no permissions"),
    ]  # fmt: skip
    assert found[0].properties["model"] == "Stand_in"
    assert parse_devices("List of devices attached\n\n") == []
    assert parse_devices("adb: out of memory\n") == []
    assert isinstance(found[0], Listed)


def test_messages_and_exit_codes_of_faults_differ() -> None:
    messages = {str(AdbError(fault)) for fault in Fault}
    assert len(messages) == len(Fault) == len(REMEDIES)
    assert all("\n" not in message and ": " in message for message in messages)
    assert AdbError(Fault.SEVERAL_DEVICES).exit_code == ExitCode.USAGE
    assert AdbError(Fault.NO_SPACE).exit_code == ExitCode.ENVIRONMENT
    assert AdbError(Fault.NO_SPACE, "x").to_dict()["reason"] == "no_space"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("error: no devices/emulators found", Fault.NO_DEVICE),
        ("error: more than one device/emulator", Fault.SEVERAL_DEVICES),
        ("error: device 'x y' not found", Fault.UNKNOWN_SERIAL),
        ("error: device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set", Fault.UNAUTHORISED),
        ("adb: error: failed to copy 'a' to 'b': remote write failed: No space left on device", Fault.NO_SPACE),
        ("/system/bin/sh: ./r: not executable: 64-bit ELF file", Fault.OTHER_ABI),
        ('CANNOT LINK EXECUTABLE "./r": library "libc.so.6" not found', Fault.OTHER_ABI),
        ("sh: ./r: can't execute: Permission denied", Fault.PERMISSION_DENIED),
        ("mkdir: '/data/local/tmp/vizecg': Permission denied", Fault.PERMISSION_DENIED),
        ("all is well", None),
    ],
)
def test_complaints_are_recognised(text: str, fault: Fault | None) -> None:
    assert recognised(text) is fault


def test_a_missing_program_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIZECG_ADB", str(tmp_path / "adb"))
    with pytest.raises(MissingToolError, match="apt-get install adb"):
        find_adb()


def test_properties_and_cores() -> None:
    properties = read.properties(PROPERTIES)
    assert (properties["ro.soc.model"], properties["ro.product.cpu.abilist"]) == ("C1000", "x86_64,arm64-v8a")
    assert read.cores("1800000 walt\n\n2900000 schedutil\ncat: no such file\n") == [
        (1800.0, "walt"), (2900.0, "schedutil"), (None, ""),
    ]  # fmt: skip
    assert read.memory_mib("MemTotal:        2048 kB\n") == 2
    assert read.busy_seconds(STAT) == 1.5


def test_battery_and_heat() -> None:
    battery = read.battery(BATTERY)
    assert (battery.level, battery.temperature, battery.powered) == (85.0, 28.4, ("USB",))
    thermal = read.thermal(THERMAL.format(status=2, cpu=51.5))
    # The sensor that reads 0 is switched off, and the cached value of the skin is not the current one.
    assert (thermal.status, thermal.hottest("CPU"), thermal.hottest("SKIN")) == (2, 51.5, 30.5)
    assert thermal.hottest("GPU") is None
    assert read.thermal(THERMAL.partition("Current temperatures")[0].format(status=0, cpu=1)).hottest("SKIN") == 31.0
    assert read.hottest_zone("cpu-0-0 43100\nbattery 28000\nsoc_max 47\ncpu-1 -40000\nbroken\n") == 47.0


@pytest.mark.parametrize("text", ["", "Can't find service: thermalservice\n", "\0\xff", "Thermal Status: high\n"])
def test_what_a_phone_does_not_tell_is_unknown(text: str) -> None:
    assert read.thermal(text) == read.Thermal(status=None, temperatures=())
    battery = read.battery(text)
    assert (battery.level, battery.temperature, battery.powered) == (None, None, ())
    assert (read.memory_mib(text), read.busy_seconds(text), read.hottest_zone(text)) == (None, None, None)
    assert read.fastest_mhz(text) is None


def test_a_runner_for_another_processor_is_refused_before_it_is_pushed(tmp_path: Path) -> None:
    program = tmp_path / "vizecg-runner"
    program.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\xb7\0" + bytes(44))
    assert check_abi(program, ("arm64-v8a", "armeabi-v7a")) == "arm64-v8a"
    assert check_abi(program, ()) == "arm64-v8a"
    with pytest.raises(AdbError, match="is for arm64-v8a, the phone runs x86_64") as caught:
        check_abi(program, ("x86_64",))
    assert caught.value.fault is Fault.OTHER_ABI
    program.write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match="is not a program"):
        check_abi(program, ("x86_64",))
