"""Watches the machine during a run, and says why figures that were measured meanwhile are not to be quoted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from vizecg.spec import UsageError
from vizecg_bench.run.load import QUIET_CORES, QUIET_STEAL, LoadMeter
from vizecg_bench.run.probe import Probe
from vizecg_bench.run.schema import Environment, Monitor, Sample
from vizecg_bench.run.sensors import Reading, SystemSensors, ThrottleWatch

DYNAMIC_DRIVERS = ("intel_pstate", "amd-pstate", "amd-pstate-epp")
"""With these, ``powersave`` is the usual governor, and reaches all frequencies."""


@dataclass(frozen=True, kw_only=True)
class QuietLimits:
    """What is still a quiet machine.

    Attributes:
        others_cores: cores that other programs keep busy. A system's own services take a few hundredths; one program
            that takes a tenth of a core interrupts one run in ten on a machine with one core.
        steal: share of the wanted time that the hypervisor took. At 2 % the percentile 99 is the hypervisor's.
        slowed: of a fixed piece of work. Turbo frequencies and caches make a few per cent on a quiet machine,
            throttling begins at about 10.
    """

    others_cores: float = QUIET_CORES
    steal: float = QUIET_STEAL
    slowed: float = 0.1


class MachineMonitor:
    """Samples the machine in a thread, from ``with`` on until its end; a sample takes about a millisecond.

    Args:
        sensors: temperature, frequency and power; None takes the system's own.
        interval_s: between samples, in seconds.
        root: where the system's files lie.
        notes: what else is to be known of the machine.

    Raises:
        UsageError: the interval is not positive.
    """

    def __init__(
        self,
        *,
        sensors: Callable[[], Reading] | None = None,
        interval_s: float = 1.0,
        root: Path = Path("/"),
        notes: Sequence[str] = (),
    ) -> None:
        if not interval_s > 0:
            raise UsageError(f"the interval between samples is {interval_s} s, expected more than 0")
        self._sensors = sensors or SystemSensors(root)
        self._interval_s = interval_s
        self._throttle = ThrottleWatch(root)
        # Before the meter, which would take it for the work of the run.
        self._probe = Probe()
        self._samples: list[Sample] = []
        self._notes = dict.fromkeys(notes)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_all, name="monitor", daemon=True)
        self._began = time.perf_counter()
        self._laps = LoadMeter()
        self._whole = LoadMeter()

    def __enter__(self) -> MachineMonitor:
        self._began = time.perf_counter()
        self._laps, self._whole = LoadMeter(), LoadMeter()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def probe(self) -> None:
        """Do the fixed piece of work (about 3 ms). Call it between turns, when nothing is being measured."""
        self._probe()

    def reading(self) -> tuple[float | None, float | None]:
        """Temperature in degrees Celsius and frequency in MHz now; None where the sensors do not tell."""
        reading = self._read()
        return reading.temperature, reading.mhz

    def now_s(self) -> float:
        """The time of the samples: seconds since ``with``."""
        return time.perf_counter() - self._began

    def finish(self) -> Monitor:
        """Stop sampling, and tell of the machine since ``with``. To be called once."""
        self._end()
        self._throttle.finish()
        load = self._whole.read()
        notes = (*self._notes, *self._throttle.notes)
        if self._probe.slowed is None:
            notes += (f"{len(self._probe.seconds)} probes are too few to tell whether the processor became slower",)
        return Monitor(
            samples=tuple(self._samples),
            others_cores=load.others_cores,
            steal=load.steal,
            slowed=self._probe.slowed,
            throttled=self._throttle.throttled,
            notes=notes,
        )

    def _end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> Reading:
        try:
            return self._sensors()
        except OSError as error:
            self._notes[f"a sensor failed: {error}"] = None
            return Reading()

    def _sample_all(self) -> None:
        while not self._stop.wait(self._interval_s):
            load, reading = self._laps.lap(), self._read()
            self._throttle.look()
            self._samples.append(
                Sample(
                    at_s=round(self.now_s(), 2), temperature=reading.temperature, mhz=reading.mhz,
                    others_cores=load.others_cores, power_w=reading.power_w,
                )
            )  # fmt: skip


def invalid_reasons(
    monitor: Monitor, environment: Environment, *, limits: QuietLimits | None = None
) -> tuple[str, ...]:
    """Why the figures of a run are not to be quoted, a sentence each; empty when they are."""
    limits = limits or QuietLimits()
    reasons = []
    if monitor.others_cores is not None and monitor.others_cores > limits.others_cores:
        reasons.append(f"other programs kept {monitor.others_cores:.2f} cores busy (at most {limits.others_cores:.2f})")
    if monitor.steal is not None and monitor.steal > limits.steal:
        reasons.append(f"the hypervisor took {monitor.steal:.1%} of the time (at most {limits.steal:.0%})")
    if monitor.slowed is not None and monitor.slowed > limits.slowed:
        reasons.append(
            f"a fixed piece of work took {monitor.slowed:.0%} longer in a part of the run (at most {limits.slowed:.0%})"
        )
    if monitor.throttled:
        told = [note.removeprefix("throttling: ") for note in monitor.notes if note.startswith("throttling: ")]
        reasons.append("the processor was throttled" + (f": {'; '.join(told)}" if told else ""))
    reasons += _slow_governor(environment)
    return tuple(reasons)


def _slow_governor(environment: Environment) -> list[str]:
    details = environment.details
    governors = (environment.governor or "").split(", ")
    if "powersave" in governors and details.get("cpufreq_driver") not in DYNAMIC_DRIVERS:
        return [
            "the governor is powersave, which keeps the lowest frequency: sudo cpupower frequency-set -g performance"
        ]
    if details.get("energy_preference") == "power":
        return ["the processor is told to save power (energy_performance_preference is power)"]
    return []
