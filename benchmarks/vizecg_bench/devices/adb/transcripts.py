"""Reading what Android's commands print. Makers change these texts: a line that is not understood is passed over."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROPERTY = re.compile(r"^\[([^\]]+)\]: \[(.*)\]$", re.MULTILINE)
_TEMPERATURE = re.compile(r"Temperature\{mValue=([-+.\dEeNa]+), mType=(-?\d+), mName=([^,}]*), mStatus=(\d+)\}")
# Of android.os.Temperature.
_KINDS = {0: "CPU", 1: "GPU", 2: "BATTERY", 3: "SKIN", 9: "NPU"}
_CPU_ZONE = re.compile(r"cpu|cluster|^soc|apc|big|mid|little", re.IGNORECASE)
_POWERED = re.compile(r"^\s*(AC|USB|Wireless|Dock) powered: true\s*$", re.MULTILINE)
_TICKS = 100
"""Of /proc/stat in a second: USER_HZ, which Android never changes."""


@dataclass(frozen=True, kw_only=True)
class Battery:
    """Per cent, degrees Celsius, and what powers the phone."""

    level: float | None
    temperature: float | None
    powered: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Thermal:
    """``status`` as Android counts it, and (kind, degrees Celsius) of each sensor."""

    status: int | None
    temperatures: tuple[tuple[str, float], ...]

    def hottest(self, kind: str) -> float | None:
        return max((value for name, value in self.temperatures if name == kind), default=None)


def properties(text: str) -> dict[str, str]:
    """``getprop``: name -> value."""
    return dict(_PROPERTY.findall(text))


def memory_mib(text: str) -> int | None:
    """``/proc/meminfo``."""
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) // 1024 if found else None


def cores(text: str) -> list[tuple[float | None, str]]:
    """Lines of ``KHZ GOVERNOR``: MHz and governor of each core; a core that is switched off tells neither."""
    found = []
    for line in text.splitlines():
        if line.strip():
            khz, _, governor = line.strip().partition(" ")
            found.append((int(khz) / 1000 if khz.isdigit() else None, governor.strip() if khz.isdigit() else ""))
    return found


def fastest_mhz(text: str) -> float | None:
    """Lines of kHz."""
    return max((int(line) / 1000 for line in text.split() if line.isdigit()), default=None)


def battery(text: str) -> Battery:
    """``dumpsys battery``: its temperature is in tenths of a degree."""
    numbers = dict(re.findall(r"^\s*(level|scale|temperature): (-?\d+)\s*$", text, re.MULTILINE))
    level, scale = (int(numbers[key]) if key in numbers else None for key in ("level", "scale"))
    temperature = int(numbers["temperature"]) / 10 if "temperature" in numbers else None
    return Battery(
        level=None if level is None else round(100 * level / (scale or 100), 1),
        temperature=_plausible(temperature),
        powered=tuple(_POWERED.findall(text)),
    )


def thermal(text: str) -> Thermal:
    """``dumpsys thermalservice``. The sensors as the hardware tells them now; where it does not, as last announced."""
    status = re.search(r"^\s*Thermal Status: (\d+)\s*$", text, re.MULTILINE)
    cached, _, current = text.partition("Current temperatures from HAL:")
    # What follows are thresholds in another notation, and what cools.
    found = _temperatures(current.partition("Current cooling devices")[0]) or _temperatures(cached)
    return Thermal(status=int(status[1]) if status else None, temperatures=found)


def hottest_zone(text: str) -> float | None:
    """Lines of ``TYPE TEMPERATURE`` of ``/sys/class/thermal``: the hottest of the processor, whatever unit it is in."""
    found = []
    for line in text.splitlines():
        kind, _, value = line.strip().rpartition(" ")
        if _CPU_ZONE.search(kind) and re.fullmatch(r"-?\d+", value):
            degrees = float(value)
            found.append(_plausible(degrees / 1000 if abs(degrees) >= 1000 else degrees))
    return max((degrees for degrees in found if degrees is not None), default=None)


def busy_seconds(text: str) -> float | None:
    """``/proc/stat``: processor time of all cores together since the start, without idling and waiting for storage."""
    found = re.search(r"^cpu\s+([\d ]+)$", text, re.MULTILINE)
    if not found:
        return None
    ticks = [int(value) for value in found[1].split()]
    # user, nice, system, idle, iowait, irq, softirq, steal
    return sum(ticks[:3] + ticks[5:8]) / _TICKS


def _temperatures(text: str) -> tuple[tuple[str, float], ...]:
    found = []
    for value, kind, _, _ in _TEMPERATURE.findall(text):
        try:
            degrees = _plausible(float(value))
        except ValueError:
            continue
        if degrees is not None:
            found.append((_KINDS.get(int(kind), "OTHER"), round(degrees, 1)))
    return tuple(found)


def _plausible(degrees: float | None) -> float | None:
    """Sensors that are switched off report 0, -273 or NaN."""
    return degrees if degrees is not None and 1.0 <= degrees <= 150.0 else None
