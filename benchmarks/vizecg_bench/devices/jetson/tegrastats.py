"""``tegrastats``, the program of a Jetson that tells of temperatures, clocks and power, read line by line."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from vizecg.spec import MissingToolError
from vizecg_bench.run.schema import Sample
from vizecg_bench.run.sensors import HOTTEST, PROCESSOR, Reading, SystemSensors

TOTALS = ("VDD_IN", "VIN", "POM_5V_IN")
"""Rails that feed the whole module or board: Orin NX, Orin Nano and Xavier NX; Thor; Nano."""
STALE_INTERVALS = 5
LEAST_SAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Tegra:
    """A line of tegrastats.

    Attributes:
        ram_mib: in use, and there in all.
        cpu_mhz: of each core; None for one that is off or whose frequency is not told.
        cpu_loads: shares, 0 to 1; None for one that is off.
        gpu_load: share, 0 to 1; Thor's does not tell.
        gpu_mhz: mean of its clusters.
        temperatures: sensor -> degrees Celsius.
        rails: power rail -> watts at the moment.
    """

    ram_mib: tuple[int, int] | None = None
    cpu_mhz: tuple[float | None, ...] = ()
    cpu_loads: tuple[float | None, ...] = ()
    gpu_load: float | None = None
    gpu_mhz: float | None = None
    temperatures: dict[str, float] = field(default_factory=dict)
    rails: dict[str, float] = field(default_factory=dict)

    @property
    def power_rail(self) -> str | None:
        """Whose power ``power_w`` is: the rail of the whole, or all rails where none is (AGX Orin)."""
        total = next((name for name in TOTALS if name in self.rails), None)
        return total or "+".join(sorted(self.rails)) or None

    @property
    def power_w(self) -> float | None:
        rail = self.power_rail
        if rail is None:
            return None
        return round(self.rails[rail] if rail in self.rails else sum(self.rails.values()), 3)

    def reading(self) -> Reading:
        """The junction's temperature (the hottest of the chip), our cores' frequency, and the power."""
        mine = os.sched_getaffinity(0)
        mhz = [value for core, value in enumerate(self.cpu_mhz) if core in mine and value is not None]
        known = {name.lower(): value for name, value in self.temperatures.items()}
        # Other sensors are of the board; that of some power chips tells a constant.
        ours = {name: value for name, value in known.items() if PROCESSOR.search(name)} or known
        return Reading(
            temperature=ours.get("tj", max(ours.values(), default=None)),
            mhz=round(sum(mhz) / len(mhz), 1) if mhz else None,
            power_w=self.power_w,
        )


def parse_line(line: str) -> Tegra:
    """Read what is known of a line; fields that are not there, or are written in another way, stay empty.

    The formats of JetPack 4 to 7 differ: frequencies per core or one for all, ``GR3D_FREQ 5%@305``, ``5%@[305,305]``
    or ``@[305,305]``, temperatures with a limit behind them, powers with and without ``mW``.
    """
    ram = re.search(r"\bRAM (\d+)/(\d+)MB", line)
    loads, clocks = _cores(line)
    gpu = re.search(r"\bGR3D_FREQ (?:(\d+)%)?(?:@\[?(\d+(?:,\d+)*)\]?)?", line)
    load, gpu_clocks = gpu.groups() if gpu else (None, None)
    # Sensors that are off tell -256 degrees.
    temperatures = {
        name: degrees
        for name, value in re.findall(r"([A-Za-z][\w.-]*)@(-?\d+(?:\.\d+)?)C\b", line)
        if 0 < (degrees := float(value)) < HOTTEST
    }
    rails = re.findall(r"\b([A-Z]\w*) (-?\d+)mW/-?\d+mW", line) or re.findall(r"\b(V(?:DD|IN)\w*) (\d+)/\d+\b", line)
    return Tegra(
        ram_mib=(int(ram[1]), int(ram[2])) if ram else None,
        cpu_mhz=clocks,
        cpu_loads=loads,
        gpu_load=None if load is None else int(load) / 100,
        gpu_mhz=_mean(gpu_clocks),
        temperatures=temperatures,
        rails={name: int(value) / 1000 for name, value in rails},
    )


def _cores(line: str) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    found = re.search(r"\bCPU \[([^\]]*)\](?:@(\d+))?", line)
    if found is None:
        return (), ()
    loads: list[float | None] = []
    clocks: list[float | None] = []
    for core in found[1].split(","):
        one = re.fullmatch(r"\s*(\d+)%(?:@(\d+))?\s*", core)
        clock = (one[2] or found[2]) if one else None
        loads.append(int(one[1]) / 100 if one else None)
        clocks.append(float(clock) if clock else None)
    return tuple(loads), tuple(clocks)


def _mean(numbers: str | None) -> float | None:
    values = [float(value) for value in numbers.split(",")] if numbers else []
    return sum(values) / len(values) if values else None


class Tegrastats:
    """The running program, for ``MachineMonitor(sensors=...)``: calling it gives the newest reading, use ``with``.

    What a line does not tell, and all when lines no longer come, is taken from the system's own sensors.

    Raises:
        MissingToolError: the program is not there, as in most containers.
    """

    def __init__(self, *, interval_s: float = 1.0, root: Path = Path("/")) -> None:
        program = shutil.which("tegrastats")
        if program is None:
            raise MissingToolError(
                "tegrastats is not there: it comes with JetPack (sudo apt-get install nvidia-l4t-tools)"
            )
        self._command = [program, "--interval", str(max(1, round(1000 * interval_s)))]
        self._stale_s = STALE_INTERVALS * interval_s
        self._system = SystemSensors(root)
        self._newest: tuple[float, Tegra] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read, name="tegrastats", daemon=True)

    def __enter__(self) -> Tegrastats:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            errors="replace",
        )  # fmt: skip
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        # Never `tegrastats --stop`: that ends those of others too.
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(timeout=5)

    @property
    def newest(self) -> Tegra | None:
        """The newest line; None before the first, and when none came for some intervals."""
        if self._newest is None or time.monotonic() - self._newest[0] > self._stale_s:
            return None
        return self._newest[1]

    def __call__(self) -> Reading:
        own, line = self._system(), self.newest
        if line is None:
            return own
        told = line.reading()
        return Reading(
            temperature=own.temperature if told.temperature is None else told.temperature,
            mhz=own.mhz if told.mhz is None else told.mhz,
            power_w=told.power_w,
        )

    def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        with process.stdout:
            for line in process.stdout:
                tegra = parse_line(line)
                if tegra != Tegra():
                    self._newest = time.monotonic(), tegra


@contextlib.contextmanager
def jetson_sensors(*, interval_s: float = 1.0) -> Iterator[Callable[[], Reading]]:
    """tegrastats where it is there, else the system's own sensors, which tell no power."""
    if shutil.which("tegrastats") is None:
        yield SystemSensors()
        return
    with Tegrastats(interval_s=interval_s) as sensors:
        yield sensors


def energy_per_run_j(
    samples: Sequence[Sample], *, began_s: float, ended_s: float, busy_s: float, runs: int
) -> float | None:
    """Joules of one inference: mean power of a stretch, times the time that was spent computing, over the runs.

    It is the power of all that hangs on the rail, idle or not. Only for a stretch in which one contender ran alone
    (the sustained run): where contenders take turns within a second, a sample does not belong to one of them.

    Args:
        samples: of the monitor.
        began_s: beginning of the stretch in the samples' time.
        ended_s: its end.
        busy_s: sum of the timed runs in it.
        runs: their number.

    Returns:
        None where fewer than three samples of the stretch tell a power.
    """
    watts = [one.power_w for one in samples if began_s <= one.at_s <= ended_s and one.power_w is not None]
    if len(watts) < LEAST_SAMPLES or runs < 1:
        return None
    return sum(watts) / len(watts) * busy_s / runs
