"""What the monitor makes of recorded counters, sensors and probes, and which machines it calls loaded."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vizecg.spec import UsageError
from vizecg_bench.run import load
from vizecg_bench.run.load import Counters, LoadMeter, shares
from vizecg_bench.run.monitor import MachineMonitor, QuietLimits, invalid_reasons
from vizecg_bench.run.probe import slowed
from vizecg_bench.run.schema import Environment, Monitor
from vizecg_bench.run.sensors import Reading, SystemSensors, ThrottleWatch

pytestmark = pytest.mark.unit


def write(root: Path, **files: str) -> None:
    """Files by their path with ``__`` in place of ``/``."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")


def environment(**changes: Any) -> Environment:
    plain = Environment(device="local", machine="x86_64", cores=2, system="Linux", versions={})
    return plain.model_copy(update=changes)


def test_others_are_what_is_busy_and_not_ours() -> None:
    # Recorded on two cores: a worker of ours and another program's endless loop, for ten seconds.
    before = Counters(clock=50.0, busy=71234.20, stolen=229.9, own=3.10)
    after = Counters(clock=60.0, busy=71253.90, stolen=230.1, own=12.95)
    assert shares(before, after) == (0.985, pytest.approx(0.2 / 19.9, abs=1e-4))
    # Ticks are coarse: a little more of ours than was busy is nobody's.
    assert shares(before, Counters(clock=51.0, busy=71235.20, stolen=229.9, own=4.12)) == (0.0, 0.0)
    # A guest that hardly runs is robbed of hardly anything by one tick.
    assert shares(before, Counters(clock=60.0, busy=71234.21, stolen=229.91, own=3.10))[1] <= 0.01


def test_time_that_the_hypervisor_takes_is_not_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"]
    core = namedtuple("core", names)  # type: ignore[misc]
    monkeypatch.setattr(load.os, "sched_getaffinity", lambda pid: {1})
    rows = [core(*[9] * 10), core(4, 1, 2, 100, 50, 0.5, 0.25, 7, 3, 1)]
    monkeypatch.setattr(load.psutil, "cpu_times", lambda percpu: rows)
    assert load.core_seconds() == (7.75, 7)


def test_a_meter_counts_from_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter(
        Counters(clock=clock, busy=busy, stolen=0.0, own=own) for clock, busy, own in
        [(0, 0, 0), (1, 1.5, 1), (2, 3.0, 2), (4, 7.0, 4)]
    )  # fmt: skip
    monkeypatch.setattr(LoadMeter, "_count", lambda self: next(counted))
    meter = LoadMeter()
    assert [meter.lap().others_cores, meter.lap().others_cores] == [0.5, 0.5]
    whole = meter.read()
    assert (whole.others_cores, whole.loaded) == (0.75, True)


def test_a_processor_that_is_slower_for_a_while_is_told_from_one_that_is_interrupted() -> None:
    rng = np.random.default_rng(0)
    quiet = 1e-3 * (1 + 0.01 * np.abs(rng.normal(size=100)))
    assert slowed(quiet) == pytest.approx(0.0, abs=0.02)
    interrupted = quiet.copy()
    interrupted[::9] *= 5
    assert slowed(interrupted) == pytest.approx(0.0, abs=0.02)
    throttled = quiet.copy()
    throttled[60:75] *= 1.15
    assert slowed(throttled) == pytest.approx(0.15, abs=0.02)
    assert slowed(quiet[:8]) is not None
    assert slowed(quiet[:5]) is None


def test_a_quiet_machine_gives_no_reason() -> None:
    seen = Monitor(others_cores=0.04, steal=0.004, slowed=0.03, throttled=False)
    assert invalid_reasons(seen, environment(governor="performance")) == ()
    assert invalid_reasons(Monitor(), environment()) == ()


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (Monitor(others_cores=0.97), "other programs kept 0.97 cores busy (at most 0.10)"),
        (Monitor(steal=0.041), "the hypervisor took 4.1% of the time (at most 2%)"),
        (Monitor(slowed=0.18), "a fixed piece of work took 18% longer in a part of the run (at most 10%)"),
        (
            Monitor(throttled=True, notes=("throttling: core_throttle_count rose by 3", "else")),
            "the processor was throttled: core_throttle_count rose by 3",
        ),
    ],
)
def test_each_reason_is_a_sentence_with_its_number(seen: Monitor, told: str) -> None:
    assert invalid_reasons(seen, environment()) == (told,)


def test_limits_can_be_others() -> None:
    seen = Monitor(others_cores=0.5, steal=0.1, slowed=0.2)
    assert len(invalid_reasons(seen, environment())) == 3
    assert invalid_reasons(seen, environment(), limits=QuietLimits(others_cores=1.0, steal=0.2, slowed=0.3)) == ()


def test_powersave_is_a_reason_where_it_means_the_lowest_frequency() -> None:
    slow = environment(governor="powersave", details={"cpufreq_driver": "cpufreq-dt"})
    assert "performance" in invalid_reasons(Monitor(), slow)[0]
    usual = environment(governor="powersave", details={"cpufreq_driver": "intel_pstate"})
    assert invalid_reasons(Monitor(), usual) == ()
    thrifty = usual.model_copy(update={"details": {"cpufreq_driver": "intel_pstate", "energy_preference": "power"}})
    assert len(invalid_reasons(Monitor(), thrifty)) == 1


def test_the_processors_sensors_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    assert SystemSensors(tmp_path)() == Reading()
    write(
        tmp_path,
        sys__class__thermal__thermal_zone0__type="cpu-thermal", sys__class__thermal__thermal_zone0__temp="51000",
        sys__class__thermal__thermal_zone1__type="gpu-thermal", sys__class__thermal__thermal_zone1__temp="-256000",
        sys__class__thermal__thermal_zone2__type="battery", sys__class__thermal__thermal_zone2__temp="90000",
        sys__class__hwmon__hwmon0__name="coretemp", sys__class__hwmon__hwmon0__temp1_input="58250",
        sys__devices__system__cpu__cpu0__cpufreq__scaling_cur_freq="1200000",
        sys__devices__system__cpu__cpu1__cpufreq__scaling_cur_freq="1800000",
        sys__devices__system__cpu__cpu2__cpufreq__scaling_cur_freq="9000000",
    )  # fmt: skip
    assert SystemSensors(tmp_path)() == Reading(temperature=58.2, mhz=1500.0)


def test_frequencies_come_from_cpuinfo_where_there_is_no_cpufreq(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {1})
    write(tmp_path, proc__cpuinfo="cpu MHz\t\t: 2000.5\ncpu MHz\t\t: 2596.1")
    assert SystemSensors(tmp_path)().mhz == 2596.1


def test_power_is_what_the_counter_gained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 3.0])
    monkeypatch.setattr("vizecg_bench.run.sensors.time.perf_counter", lambda: next(clock))
    energy = tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj"
    energy.parent.mkdir(parents=True)
    energy.write_text("5000000")
    sensors = SystemSensors(tmp_path)
    energy.write_text("35000000")
    assert sensors().power_w == 15.0
    energy.write_text("1000")  # The counter began anew.
    assert sensors().power_w is None


def test_nothing_tells_of_throttling_or_something_does(tmp_path: Path) -> None:
    assert ThrottleWatch(tmp_path).throttled is None
    write(
        tmp_path,
        sys__devices__system__cpu__cpu0__thermal_throttle__core_throttle_count="7",
        sys__devices__system__cpu__cpu1__thermal_throttle__core_throttle_count="2",
    )
    watch = ThrottleWatch(tmp_path)
    watch.look()
    assert watch.throttled is False
    write(tmp_path, sys__devices__system__cpu__cpu1__thermal_throttle__core_throttle_count="5")
    watch.look()
    assert (watch.throttled, watch.notes) == (True, ("throttling: core_throttle_count rose by 3",))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        # A cooling device of the processor; a fan is none.
        ({"sys__class__thermal__cooling_device0__type": "cpufreq-cpu0"},
         {"sys__class__thermal__cooling_device0__cur_state": "2"}, "cpufreq-cpu0"),
        # A Raspberry Pi that was throttled before (0x40000) and has too little voltage now.
        ({"sys__devices__platform__soc__soc:firmware__get_throttled": "40000"},
         {"sys__devices__platform__soc__soc:firmware__get_throttled": "50005"}, "0x50005"),
        # A Jetson's over-current events.
        ({"sys__class__hwmon__hwmon3__name": "soctherm_oc", "sys__class__hwmon__hwmon3__oc3_event_cnt": "0"},
         {"sys__class__hwmon__hwmon3__oc3_event_cnt": "4"}, "oc3_event_cnt rose by 4"),
    ],
)  # fmt: skip
def test_boards_tell_in_their_own_way(tmp_path: Path, before: dict[str, str], after: dict[str, str], told: str) -> None:
    write(tmp_path, sys__class__thermal__cooling_device9__type="pwm-fan",
          sys__class__thermal__cooling_device9__cur_state="3", **before)  # fmt: skip
    watch = ThrottleWatch(tmp_path)
    watch.look()
    assert watch.throttled is False
    write(tmp_path, **after)
    watch.look()
    assert watch.throttled
    assert told in watch.notes[0]


def test_a_raspberry_pis_program_is_asked_where_there_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, told = tmp_path / "vcgencmd", tmp_path / "told"
    program.write_text(f"#!/bin/sh\ncat {told}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    told.write_text("throttled=0x0\n")
    watch = ThrottleWatch()
    told.write_text("throttled=0x20002\n")
    watch.look()
    assert not watch.throttled, "a program takes time from what is measured"
    watch.finish()
    assert watch.throttled
    # It was capped since the system started: whether once more is not told.
    told.write_text("throttled=0x20000\n")
    later = ThrottleWatch()
    later.finish()
    assert not later.notes


def test_a_sensor_that_fails_is_noted_and_the_run_goes_on() -> None:
    def broken() -> Reading:
        raise OSError("gone")

    with MachineMonitor(sensors=broken, interval_s=0.01, notes=("known before",)) as monitor:
        assert monitor.reading() == (None, None)
        for _ in range(6):
            monitor.probe()
        seen = monitor.finish()
    assert seen.notes[:2] == ("known before", "a sensor failed: gone")
    assert seen.slowed is not None
    with pytest.raises(UsageError):
        MachineMonitor(interval_s=0)
