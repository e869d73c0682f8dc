"""``vizecg-edge doctor``: what this device is and can do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from vizecg.spec.options import JsonFlag
from vizecg_edge.doctor.device import Device, read_device
from vizecg_edge.doctor.findings import findings

_WIDE = 200


def doctor(as_json: JsonFlag = False) -> None:
    """Tell what this device is and can run, and the exact command that adds what it cannot."""
    device, abilities = read_device(), findings()
    if as_json:
        print(json.dumps({"device": device.to_dict(), "findings": [asdict(finding) for finding in abilities]}))
        return
    from rich.console import Console
    from rich.table import Table

    print(_text(device))
    table = Table(title_justify="left")
    for column in ("ability", "", "found", "to add it"):
        table.add_column(column)
    for finding in abilities:
        table.add_row(finding.what, "yes" if finding.works else "no", finding.found, finding.add)
    # Markup would swallow the brackets of `pip install '.[...]'`; a file or a pipe may be as wide as it needs.
    Console(markup=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def _text(device: Device) -> str:
    cameras = [
        f"  {camera.path}: {camera.name}"
        + ("" if camera.usable else " (not for this user: sudo usermod -aG video $USER, then log in again)")
        for camera in device.cameras
    ]
    return "\n".join(
        [
            f"{device.board or 'unknown board'}, {device.cpu or device.processor}, {device.cores} cores, "
            f"{device.memory_mib} MiB, {' '.join(device.instructions)}",
            *(f"  without {lack.name}: {lack.follows}" for lack in device.lacks),
            f"{device.system}, Python {device.python}",
            "cameras:" if cameras else "no cameras (/dev/video*)",
            *cameras,
        ]
    )
