"""Watching a phone's heat, and waiting until it has cooled down."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vizecg_bench.devices.adb.client import Adb
from vizecg_bench.devices.adb.device import Status, read_status
from vizecg_bench.run.schema import Monitor, Sample

_LOW_BATTERY = 20.0
_TELL_S = 10.0
_MARGINS: Mapping[str, float] = MappingProxyType({"cpu": 15.0, "zone": 15.0, "skin": 3.0, "battery": 3.0})


@dataclass(frozen=True, kw_only=True)
class CoolDown:
    """When a phone is cool: Android's thermal status is none and it is not much warmer than at the start of the run.

    Attributes:
        margins: temperature's source -> degrees above the start; a processor warms in a second, its case in minutes.
        once_s: longest wait at one place.
        all_s: longest wait in the whole run.
        poll_s: between two looks.
        idle_s: how long an idle phone is watched at the start, to see what else is running.
    """

    margins: Mapping[str, float] = field(default_factory=lambda: _MARGINS)
    once_s: float = 180.0
    all_s: float = 1800.0
    poll_s: float = 2.0
    idle_s: float = 1.0


@dataclass(kw_only=True)
class Watch:
    """Samples of a phone, taken between the timed runs and never during one.

    ``tell`` gets a line while it waits. ``overheated`` is true once a wait was given up.
    """

    adb: Adb
    cool_down: CoolDown
    tell: Callable[[str], None]
    samples: list[Sample] = field(default_factory=list)
    waited_s: float = 0.0
    overheated: bool = False
    worst_status: int | None = None
    _began: float = field(default_factory=time.monotonic)
    _first: Status | None = None

    @property
    def source(self) -> str | None:
        """Where the temperatures come from: the same all through the run."""
        return next(iter(self._first.temperatures), None) if self._first is not None else None

    @property
    def first(self) -> Status | None:
        return self._first

    def look(self, *, counts: bool = True) -> Status:
        """Take a sample. With ``counts`` its thermal status is that of measured runs.

        Raises:
            AdbError: the phone cannot be asked.
        """
        status = read_status(self.adb)
        self._first = self._first or status
        self.samples.append(status.sample(time.monotonic() - self._began, self.source))
        if counts and status.thermal_status is not None:
            self.worst_status = max(status.thermal_status, self.worst_status or 0)
        return status

    def wait(self) -> None:
        """Look, and wait until the phone is cool, or for as long as ``cool_down`` allows.

        Raises:
            AdbError: the phone cannot be asked.
        """
        status, began, told_at = self.look(), time.monotonic(), 0.0
        if not self.warm(status):
            return
        while self.warm(status):
            waited = time.monotonic() - began
            if waited >= self.cool_down.once_s or self.waited_s + waited >= self.cool_down.all_s:
                self.overheated = True
                break
            if waited >= told_at:
                self.tell(f"cooling down, {self._degrees(status)}, {waited:.0f} s")
                told_at = waited + _TELL_S
            time.sleep(self.cool_down.poll_s)
            status = self.look(counts=False)
        self.waited_s += time.monotonic() - began

    def warm(self, status: Status) -> bool:
        if status.thermal_status:
            return True
        start = self._first.temperatures.get(self.source) if self._first is not None and self.source else None
        now = status.temperatures.get(self.source) if self.source else None
        return start is not None and now is not None and now > start + self.cool_down.margins[self.source or ""]

    def monitor(self, *, others_cores: float | None) -> Monitor:
        """For the result."""
        status = self.worst_status
        notes = [f"temperatures are of: {self.source}"] if self.source else ["the phone tells no temperature"]
        if self.waited_s:
            notes.append(f"{self.waited_s:.0f} s were waited for it to cool down")
        if self._first is not None:
            level, powered = self._first.battery_level, self._first.powered
            notes += [] if level is None else [f"battery at {level:g} % at the start"]
            notes += [f"powered by {' and '.join(powered)}: charging warms a phone"] if powered else []
            notes += ["a low battery may slow a phone"] if level is not None and level < _LOW_BATTERY else []
        return Monitor(
            samples=tuple(self.samples),
            others_cores=others_cores,
            throttled=None if status is None else status > 0,
            thermal_status=status,
            notes=tuple(notes),
        )

    def reasons(self) -> list[str]:
        """Why the figures do not count."""
        found = []
        if self.worst_status:
            found.append(f"the phone throttled: thermal status {self.worst_status} between timed runs")
        if self.overheated:
            found.append("the phone did not cool down in the time that it was given")
        return found

    def _degrees(self, status: Status) -> str:
        now = status.temperatures.get(self.source) if self.source else None
        told = "no temperature" if now is None else f"{now:g} °C"
        return f"{told}, thermal status {status.thermal_status}"
