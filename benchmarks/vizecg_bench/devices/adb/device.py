"""What a phone is and how it fares, from the commands that Android has for that. What it does not tell is None."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vizecg.spec.processor import parse_processor
from vizecg_bench.devices.adb import transcripts as read
from vizecg_bench.devices.adb.client import Adb
from vizecg_bench.run.schema import Environment, Sample

_SECTION = "@vizecg "
_CORE = "/sys/devices/system/cpu/cpu[0-9]*"
_FACTS = MappingProxyType(
    {
        "properties": "getprop",
        "cpuinfo": "cat /proc/cpuinfo",
        "meminfo": "cat /proc/meminfo",
        "kernel": "uname -r",
        "machine": "uname -m",
        "cores": f"for c in {_CORE}; do echo $(cat $c/cpufreq/cpuinfo_max_freq $c/cpufreq/scaling_governor); done",
        "saver": "settings get global low_power",
        "awake": "dumpsys power | grep mWakefulness=",
    }
)
_STATUS = MappingProxyType(
    {
        "battery": "dumpsys battery",
        "thermal": "dumpsys thermalservice",
        "clocks": f"cat {_CORE}/cpufreq/scaling_cur_freq",
        "zones": "for z in /sys/class/thermal/thermal_zone*; do echo $(cat $z/type $z/temp); done",
    }
)
_MACHINES = MappingProxyType({"arm64-v8a": "aarch64", "armeabi-v7a": "armv7l", "x86_64": "x86_64", "x86": "i686"})


@dataclass(frozen=True, kw_only=True)
class Phone:
    """What does not change during a run.

    Attributes:
        environment: for the result.
        abis: that it can run, the best first.
        core_mhz: highest frequency of each core that tells.
        battery_saver: it is on; None where it does not tell.
    """

    environment: Environment
    abis: tuple[str, ...]
    core_mhz: tuple[float, ...]
    battery_saver: bool | None

    @property
    def thread_counts(self) -> tuple[int, ...]:
        """1, and as many as there are cores of the faster kinds; all where they are alike or do not tell."""
        slowest = min(self.core_mhz, default=0.0)
        faster = sum(mhz > slowest for mhz in self.core_mhz)
        return tuple(sorted({1, faster or self.environment.cores}))


@dataclass(frozen=True, kw_only=True)
class Status:
    """One moment.

    Attributes:
        thermal_status: 0 none, 1 light, 2 moderate ... 6 shutdown.
        temperatures: source -> degrees Celsius; ``cpu``, ``zone``, ``skin``, ``battery``, the best source first.
        mhz: of the fastest core at this moment.
        battery_level: per cent.
        powered: by what, for example ``USB``; empty on battery.
    """

    thermal_status: int | None
    temperatures: dict[str, float]
    mhz: float | None
    battery_level: float | None
    powered: tuple[str, ...]

    def sample(self, at_s: float, source: str | None) -> Sample:
        """For the result; ``source`` names the temperature."""
        temperature = self.temperatures.get(source) if source is not None else None
        return Sample(at_s=round(at_s, 2), temperature=temperature, mhz=self.mhz)


def _ask(adb: Adb, commands: Mapping[str, str]) -> dict[str, str]:
    """All in one command of the phone, since each costs a tenth of a second: name -> what it printed."""
    script = "\n".join(
        f"echo; echo '{_SECTION}{name}'; {{ {command}; }} 2>/dev/null" for name, command in commands.items()
    )
    parts = re.split(rf"^{_SECTION}(\w+)\n", adb.check(f"{script}\ntrue"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def read_phone(adb: Adb) -> Phone:
    """What the phone is. Its serial number stays out of it.

    Raises:
        AdbError: it cannot be asked.
    """
    found = _ask(adb, _FACTS)
    properties = read.properties(found["properties"])
    cores = read.cores(found["cores"])
    abis = tuple(abi for abi in properties.get("ro.product.cpu.abilist", "").split(",") if abi)
    machine = _MACHINES.get(abis[0], abis[0]) if abis else found["machine"].strip()
    processor = parse_processor(found["cpuinfo"], machine=machine)
    saver = found["saver"].strip()
    names = {key: properties.get(key) for key in ("ro.product.manufacturer", "ro.product.model", "ro.board.platform")}
    chip = " ".join(filter(None, (properties.get(f"ro.soc.{part}") for part in ("manufacturer", "model"))))
    release, level = properties.get("ro.build.version.release"), properties.get("ro.build.version.sdk")
    versions = {"android": release, "api": level, "kernel": found["kernel"].strip() or None}
    model = " ".join(filter(None, (names["ro.product.manufacturer"], names["ro.product.model"])))
    environment = Environment(
        device="adb",
        board=model or "Android phone",
        machine=machine,
        cpu=chip or names["ro.board.platform"],
        cores=max(processor.cores, len(cores), 1),
        instructions=processor.instructions,
        memory_mib=read.memory_mib(found["meminfo"]),
        governor=", ".join(sorted({governor for _, governor in cores if governor})) or None,
        system=f"Android {release or '?'}",
        versions={name: version for name, version in versions.items() if version},
        details={
            "platform": names["ro.board.platform"],
            "fingerprint": properties.get("ro.build.fingerprint"),
            "abis": list(abis),
            "core_mhz": [mhz for mhz, _ in cores],
            "wakefulness": found["awake"].strip().removeprefix("mWakefulness=") or None,
        },
    )
    return Phone(
        environment=environment,
        abis=abis,
        core_mhz=tuple(mhz for mhz, _ in cores if mhz is not None),
        battery_saver={"1": True, "0": False}.get(saver),
    )


def read_status(adb: Adb) -> Status:
    """How it fares at this moment.

    Raises:
        AdbError: it cannot be asked.
    """
    found = _ask(adb, _STATUS)
    battery = read.battery(found["battery"])
    thermal = read.thermal(found["thermal"])
    candidates = {
        "cpu": thermal.hottest("CPU"),
        "zone": read.hottest_zone(found["zones"]),
        "skin": thermal.hottest("SKIN"),
        "battery": battery.temperature,
    }
    return Status(
        thermal_status=thermal.status,
        temperatures={source: value for source, value in candidates.items() if value is not None},
        mhz=read.fastest_mhz(found["clocks"]),
        battery_level=battery.level,
        powered=battery.powered,
    )


def busy_cores(adb: Adb, *, seconds: float = 1.0) -> float | None:
    """Cores that are busy while nothing of ours runs there, on average over ``seconds``; None where it does not tell.

    Raises:
        AdbError: it cannot be asked.
    """
    first, began = read.busy_seconds(adb.check("cat /proc/stat || true")), time.monotonic()
    time.sleep(seconds)
    last, ended = read.busy_seconds(adb.check("cat /proc/stat || true")), time.monotonic()
    return None if first is None or last is None else round((last - first) / (ended - began), 2)
