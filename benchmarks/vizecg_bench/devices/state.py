"""What watches the machine, and what is told of it, on each kind of device that runs on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from vizecg_bench.devices.jetson.details import jetson_details, jetson_notes
from vizecg_bench.devices.jetson.tegrastats import jetson_sensors
from vizecg_bench.run.environment import read_environment
from vizecg_bench.run.monitor import MachineMonitor
from vizecg_bench.run.schema import Environment

JETSON = "jetson"


def environment_of(device: str) -> Environment:
    """This machine, with a Jetson's power mode and clocks among the details."""
    found = read_environment(device)
    if device != JETSON:
        return found
    return found.model_copy(update={"details": {**found.details, JETSON: jetson_details()}})


@contextlib.contextmanager
def watched(environment: Environment) -> Iterator[MachineMonitor]:
    """A monitor at work, with the sensors of the device."""
    if environment.device != JETSON:
        with MachineMonitor() as monitor:
            yield monitor
        return
    notes = jetson_notes(environment.details.get(JETSON, {}))
    with jetson_sensors() as sensors, MachineMonitor(sensors=sensors, notes=notes) as monitor:
        yield monitor
