"""What the system's files tell of temperature, clock frequency and power, and whether the processor was throttled."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from vizecg.spec.processor import read_processor

PROCESSOR = re.compile(r"cpu|core|pkg|package|soc|gpu|^tj|k10temp|tctl|tdie|x86", re.IGNORECASE)
"""Names of the sensors of a processor; batteries, disks and radios have others."""
COOLING = re.compile(r"^(thermal-)?(cpufreq|devfreq|cpuidle)|^Processor$|throttle-alert", re.IGNORECASE)
"""Cooling devices that slow a processor down; fans and screens have other names."""
HOTTEST = 150.0
"""Sensors that are off tell nonsense such as -256 or 0 degrees."""
PI_NOW, PI_SINCE_BOOT = 0xF, 0xF0000
"""Bits of a Raspberry Pi: under-voltage, frequency capped, throttled, soft temperature limit."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Degrees Celsius of the hottest part of the processor, mean MHz of our cores, watts; None where not told."""

    temperature: float | None = None
    mhz: float | None = None
    power_w: float | None = None


class SystemSensors:
    """Linux's own sensors; which there are is found once. Calling it reads them.

    Power is that of RAPL's packages, which most systems let only root read.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._temperatures = _temperature_files(root)
        self._frequencies = _core_files(root, "scaling_cur_freq")
        self._energies = sorted((root / "sys/class/powercap").glob("intel-rapl:[0-9]/energy_uj"))
        self._energy = self._energy_j()

    def __call__(self) -> Reading:
        return Reading(temperature=self._temperature(), mhz=self._mhz(), power_w=self._power_w())

    def _temperature(self) -> float | None:
        values = [value / 1000 for path in self._temperatures if (value := number(path)) is not None]
        return max((round(value, 1) for value in values if 0 < value < HOTTEST), default=None)

    def _mhz(self) -> float | None:
        values = [value / 1000 for path in self._frequencies if (value := number(path)) is not None]
        if not values:
            mine = os.sched_getaffinity(0)
            values = [value for core, value in enumerate(read_processor(self._root).mhz) if core in mine]
        return round(sum(values) / len(values), 1) if values else None

    def _energy_j(self) -> tuple[float, float] | None:
        """Time and joules so far."""
        values = [number(path) for path in self._energies]
        known = [value for value in values if value is not None]
        return (time.perf_counter(), sum(known) / 1e6) if known and len(known) == len(values) else None

    def _power_w(self) -> float | None:
        before, self._energy = self._energy, self._energy_j()
        if before is None or self._energy is None:
            return None
        seconds, joules = self._energy[0] - before[0], self._energy[1] - before[1]
        # The counters begin anew after an hour or so.
        return round(joules / seconds, 3) if joules >= 0 and seconds > 1e-3 else None


class ThrottleWatch:
    """Whether the processor was slowed down to protect it, as far as the system tells. ``look`` now and then.

    x86 counts its throttlings, NVIDIA's SoCs their over-current events; the kernel's cooling devices and a Raspberry
    Pi's firmware tell of the moment.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        cpus = root / "sys/devices/system/cpu"
        self._counters = sorted(cpus.glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
        for name in (root / "sys/class/hwmon").glob("hwmon*/name"):
            if text(name).strip() == "soctherm_oc":
                self._counters += sorted(name.parent.glob("oc[0-9]*_event_cnt"))
        devices = sorted((root / "sys/class/thermal").glob("cooling_device*/type"))
        self._cooling = [path.parent for path in devices if COOLING.search(text(path).strip())]
        self._before = self._counts()
        self._pi_file = root / "sys/devices/platform/soc/soc:firmware/get_throttled"
        self._pi_command = None if self._pi_file.is_file() or root != Path("/") else shutil.which("vcgencmd")
        self._pi_before = self._pi(ask=True)
        self._rose: dict[str, int] = {}
        self._found: set[str] = set()

    @property
    def throttled(self) -> bool | None:
        """None where nothing tells."""
        # Without its file, a Pi that was throttled before the run cannot tell whether it was again.
        pi = self._pi_before is not None and not (self._pi_command and self._pi_before & PI_SINCE_BOOT)
        return bool(self._found or self._rose) if self._cooling or self._before or pi or self._found else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What told that the processor was throttled."""
        return tuple(sorted(self._found)) + tuple(
            f"throttling: {name} rose by {count}" for name, count in sorted(self._rose.items())
        )

    def look(self) -> None:
        """Read the files that tell."""
        for name, count in self._counts().items():
            if count > self._before.get(name, count):
                self._rose[name] = count - self._before[name]
        for device in self._cooling:
            if (number(device / "cur_state") or 0) > 0:
                self._found.add(f"throttling: the cooling device {text(device / 'type').strip()} was at work")
        self._look_at_pi(self._pi(ask=False))

    def finish(self) -> None:
        """Look for the last time; programs that tell are asked too, which takes too long while others measure."""
        self.look()
        self._look_at_pi(self._pi(ask=True))

    def _look_at_pi(self, bits: int | None) -> None:
        if bits is not None and self._pi_before is not None:
            news = (bits & PI_NOW) | (bits & ~self._pi_before & PI_SINCE_BOOT)
            if news:
                self._found.add(f"throttling: the Raspberry Pi's firmware tells {bits:#x}")

    def _counts(self) -> dict[str, int]:
        """Sums over the cores, by the counter's name."""
        sums: dict[str, int] = {}
        for path in self._counters:
            value = number(path)
            if value is not None:
                sums[path.name] = sums.get(path.name, 0) + int(value)
        return sums

    def _pi(self, *, ask: bool) -> int | None:
        """Bits of the firmware of a Raspberry Pi; None elsewhere."""
        told = text(self._pi_file).strip()
        if not told and ask and self._pi_command:
            try:
                done = subprocess.run(
                    [self._pi_command, "get_throttled"], capture_output=True, text=True, timeout=5, check=True
                )
            except (OSError, subprocess.SubprocessError):
                return None
            told = done.stdout.strip().partition("=")[2]
        try:
            return int(told, 16)
        except ValueError:
            return None


def text(path: Path) -> str:
    """Content of a file; empty where it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def number(path: Path) -> float | None:
    """The number in a file; None where there is none, or the sensor is asleep."""
    try:
        return float(text(path))
    except ValueError:
        return None


def _core_files(root: Path, name: str) -> list[Path]:
    """The file of this name in the ``cpufreq`` of each core that this process may use."""
    cpus = root / "sys/devices/system/cpu"
    files = [cpus / f"cpu{core}/cpufreq/{name}" for core in sorted(os.sched_getaffinity(0))]
    return [path for path in files if path.is_file()]


def _temperature_files(root: Path) -> list[Path]:
    """Those of the processor; all, if no name says that it is one of those."""
    named = [(path / "temp", text(path / "type")) for path in (root / "sys/class/thermal").glob("thermal_zone*")]
    for path in (root / "sys/class/hwmon").glob("hwmon*/temp[0-9]*_input"):
        chip = text(path.parent / "name").strip()
        named.append((path, f"{chip} {text(path.with_name(path.name.replace('_input', '_label')))}"))
    found = [path for path, name in named if PROCESSOR.search(name)]
    return sorted(found or [path for path, _ in named])
