"""What commands and files of an Android phone say, for ``adb_daemon``, and a private adb server to reach it through.

The texts are ours, no phone's. They follow what prints them in Android's sources: ``BatteryService.dump``,
``ThermalManagerService.dump`` and ``Temperature.toString`` of frameworks/base, ``getprop`` of toybox, and
``arch/arm64/kernel/cpuinfo.c`` of Linux.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adb_daemon import AdbDaemon, Faults

PROPERTIES = """[ro.board.platform]: [standin]
[ro.build.fingerprint]: [maker/standin/standin:14/AB1A.240101.001/1:user/release-keys]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.product.cpu.abilist]: [x86_64,arm64-v8a]
[ro.product.manufacturer]: [Maker]
[ro.product.model]: [Stand-in 8]
[ro.serialno]: [SECRET0123]
[ro.soc.manufacturer]: [Chips]
[ro.soc.model]: [C1000]
"""
CPUINFO = "".join(
    f"processor\t: {core}\nBogoMIPS\t: 38.40\nFeatures\t: fp asimd aes crc32 fphp asimdhp asimddp{extra}\n"
    "CPU implementer\t: 0x41\nCPU part\t: 0xd4d\n\n"
    for core, extra in enumerate([" i8mm", "", " i8mm", ""])
)
MEMINFO = "MemTotal:        7891234 kB\nMemFree:          812345 kB\n"
STAT = "cpu  100 0 50 1000 20 0 0 0 0 0\ncpu0 25 0 12 250 5 0 0 0 0 0\n"
BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  Max charging current: 500000
  status: 2
  health: 2
  present: true
  level: 85
  scale: 100
  voltage: 4212
  temperature: 284
  technology: Li-ion
"""
THERMAL = """IsStatusOverride: false
ThermalEventListeners:
\tcallbacks: 1
\tkilled: false
Thermal Status: {status}
Cached temperatures:
\tTemperature{{mValue=31.0, mType=3, mName=skin, mStatus=0}}
HAL Ready: true
HAL connection:
\tThermalHAL AIDL 1  connected: yes
Current temperatures from HAL:
\tTemperature{{mValue={cpu}, mType=0, mName=CPU0, mStatus=0}}
\tTemperature{{mValue=0.0, mType=0, mName=CPU4, mStatus=0}}
\tTemperature{{mValue=30.5, mType=3, mName=skin, mStatus=0}}
\tTemperature{{mValue=28.4, mType=2, mName=battery, mStatus=0}}
Current cooling devices from HAL:
\tCoolingDevice{{mValue=0, mType=2, mName=thermal-cpufreq-0}}
Temperature static thresholds from HAL:
\tTemperatureThreshold{{type=3, name=skin, hotThrottlingThresholds=[NaN, 39.0, 43.0, 45.0, 46.5, 52.0, 55.0]}}
"""
_KHZ = (1_800_000, 1_800_000, 2_400_000, 2_900_000)
needs_adb = pytest.mark.skipif(shutil.which("adb") is None, reason="adb is not installed: apt-get install adb")


class StandIn:
    """A phone whose state can be changed: ``heat`` and ``save_battery`` while it is used, ``faults`` too."""

    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        self.root, self.programs = folder / "phone", folder / "phone-bin"
        for path in (self.root, self.programs):
            path.mkdir(parents=True)
        self.daemon = AdbDaemon(root=self.root, programs=self.programs, faults=faults or Faults())
        self._file("proc/cpuinfo", CPUINFO)
        self._file("proc/meminfo", MEMINFO)
        self._file("proc/stat", STAT)
        for core, khz in enumerate(_KHZ):
            for name, text in (("cpuinfo_max_freq", khz), ("scaling_governor", "walt"), ("scaling_cur_freq", khz // 2)):
                self._file(f"sys/devices/system/cpu/cpu{core}/cpufreq/{name}", f"{text}\n")
        self._file("getprop", PROPERTIES)
        self._file("battery", BATTERY)
        self.command("getprop", f"cat {self.root}/getprop")
        dumps = {"battery": "battery", "thermalservice": "thermal"}
        cases = " ".join(f"{name}) cat {self.root}/{file};;" for name, file in dumps.items())
        self.command("dumpsys", f"case $1 in {cases} power) echo '  mWakefulness=Awake';; *) exit 1;; esac")
        self.heat(status=0, cpu=38.2)
        self.save_battery(False)

    def _file(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def command(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def heat(self, *, status: int, cpu: float) -> None:
        self._file("thermal", THERMAL.format(status=status, cpu=cpu))

    def save_battery(self, on: bool) -> None:
        self.command("settings", f"echo {int(on)}")


@contextmanager
def adb_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of this test's own: it has no other devices, no keys of the user and its own log."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, value in {"ANDROID_ADB_SERVER_PORT": str(port), "HOME": str(folder), "TMPDIR": str(folder)}.items():
        monkeypatch.setenv(name, value)
    for name in ("ANDROID_SERIAL", "VIZECG_ADB", "ADB_VENDOR_KEYS"):
        monkeypatch.delenv(name, raising=False)
    try:
        yield
    finally:
        adb("kill-server")


def adb(*arguments: str) -> str:
    """What the program prints."""
    done = subprocess.run(["adb", *arguments], capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    return done.stdout + done.stderr


def connect(serial: str) -> None:
    """Have adb's server connect to a daemon. A client that asks while the server still starts can get an answer that is
    another's, which it calls a protocol fault: it asks again."""
    for _ in range(3):
        told = adb("connect", serial)
        if "protocol fault" not in told:
            break
    assert told.startswith(("connected", "already connected", "failed to authenticate")), told
