"""From the name of a device to its run."""

from __future__ import annotations

import os
from dataclasses import replace

from rich.console import Console

from vizecg.spec import UsageError
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import Result

DEVICES = "local, jetson, jetson:USER@HOST, adb, adb:SERIAL"


def start_run(device: str, request: RunRequest, *, console: Console) -> Result:
    """Measure on a device.

    Raises:
        UsageError: no such device; and as the device's own function.
    """
    kind, colon, address = device.partition(":")
    if kind == "adb":
        from vizecg_bench.devices.adb.run import measure_adb

        return measure_adb(request, serial=address or None, console=console)
    if kind == "jetson" and colon:
        from vizecg_bench.devices.jetson.remote import measure_remote

        return measure_remote(request, host=address, console=console)
    if kind not in ("local", "jetson") or colon:
        raise UsageError(f"no device {device!r}: {DEVICES}")
    from vizecg_bench.devices.local import measure_local

    if not request.threads:
        cores = len(os.sched_getaffinity(0))
        request = replace(request, threads=tuple(dict.fromkeys((1, cores))))
    return measure_local(request, device=kind, console=console)
